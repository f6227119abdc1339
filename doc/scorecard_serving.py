"""Writes the scorecard of validation-serving.md from runs of the command over files of measurements.

    python3 doc/scorecard_serving.py build/tools/validation/speedup-validate SERVING.csv INFERENCE.csv ABLATION.csv

The files have the columns that tests/validate-serving shows. It takes some minutes: each fit anew is one.
"""
import json
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parent / "validation-serving.md"
BEGIN, END = "<!-- made by doc/scorecard_serving.py -->\n", "<!-- end of the scorecard -->\n"
HEADS = ["rows", "mean %", "median %", "p90 %", "bias %", "inside 90 %"]


def answer(validate, kind, path, *options):
    return json.loads(subprocess.run([validate, "--kind", kind, "--json", *options, path], check=True,
                                     capture_output=True, encoding="utf-8").stdout)


def table(heads, rows):
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in [heads, ["---"] * len(heads), *rows]) + "\n"


def percent(value, sign=""):
    return "" if value is None else f"{100 * value:{sign}.1f}"


def line(name, s, last="coverage90"):
    return [name, s["n"], percent(s["mape"]), percent(s["median"]), percent(s["p90"]), percent(s["bias"], "+"), percent(s[last])]


def groups(a, *keys):
    return [line(name, s) for key in keys for name, s in a[key].items() if s["n"]]


def worst(rows, error, count):
    rows = [row for row in rows if not row["suspect"] and error in row]
    return sorted(rows, key=lambda row: -abs(row[error]))[:count]


def misses(rows, prefix, count):
    return table(["row", "kind", "engine", "phase", "measured ms", "predicted ms", "error %"] if "phase" in rows[0] else
                 ["row", "kind", "engine", "measured ms", "predicted ms", "error %"],
                 [[r["id"], r["kind"], r["engine"], *([r["phase"]] if "phase" in r else []),
                   f"{1e3 * r[prefix + 'measured']:.4g}", f"{1e3 * r[prefix + 'predicted']:.4g}", percent(r[prefix + "error"], "+")]
                  for r in worst(rows, prefix + "error", count)])


def skipped(a):
    reasons = a["overall"]["skipped_by_reason"]
    return table(["rows", "skipped because"], [[n, why] for why, n in reasons.items()]) if reasons else "No row is skipped.\n\n"


def serving(validate, path):
    a = answer(validate, "serving", path)
    first = a["first_token"]
    page = "### Serving engines\n\n"
    page += table(["time per output token", *HEADS],
                  groups(a, "by_kind", "by_engine") + [line("**overall**", a["overall"]), line("suspect rows, apart", a["overall"]["suspect"])])
    page += table(["time to first token", *HEADS],
                  groups(first, "by_kind", "by_engine") + [line("**overall**", first), line("suspect rows, apart", first["suspect"])])
    page += skipped(a)
    page += "### Serving rows that were left out\n\n"
    rows = [line("nothing (the fit)", a["overall"])]
    for what, said in (("configuration", "a tenth of the configurations, ten times"), ("model", "each model in turn"),
                       ("gpu", "each accelerator in turn")):
        b = answer(validate, "serving", path, "--leave-out", what)
        rows.append(line(said, b["overall"]))
        rows += [line("… " + name, s) for name, s in b["by_kind"].items()]
    page += table(["time per output token, left out", *HEADS], rows)
    page += "### The largest misses of serving\n\nTime per output token, then time to first token.\n\n"
    return page + misses(a["rows"], "", 10) + misses(a["rows"], "first_", 10)


def inference(validate, path):
    a = answer(validate, "inference", path)
    pairs = {}
    for row in a["rows"]:
        if not row["suspect"]:
            pairs.setdefault((row["engine"], row["phase"]), []).append(row)
    rows = []
    for (engine, phase), members in sorted(pairs.items()):
        errors = sorted(abs(r["error"]) for r in members)
        inside = sum(r["low"] <= r["measured"] <= r["high"] for r in members) / len(members)
        rows.append([engine, phase, len(errors), percent(sum(errors) / len(errors)), percent(errors[len(errors) // 2]),
                     percent(sum(r["error"] for r in members) / len(members), "+"), percent(inside)])
    page = "### Static batches, and offline throughput\n\n"
    page += table(["engine", "phase", "rows", "mean %", "median %", "bias %", "inside 90 %"], rows)
    page += table(["all", *HEADS], groups(a, "by_phase") + [line("**overall**", a["overall"]), line("suspect rows, apart", a["overall"]["suspect"])])
    return page + skipped(a) + misses(a["rows"], "", 10)


def ablations(validate, path):
    a = answer(validate, "ablation", path)
    s, rows = a["by_kind"]["inference"], [row for row in a["rows"] if row["kind"] == "inference"]
    page = ("### With and without an optimization, in inference\n\n"
            f"{s['n']} published ratios: mean error {percent(s['mape'])}%, median {percent(s['median'])}%, on the right side of 1 in "
            f"{percent(s['right_side'])}%; {s['skipped']} skipped.\n\n")
    return page + table(["row", "measured", "predicted", "error %", "source"],
                        [[r["id"], f"{r['measured']:.3f}", f"{r['predicted']:.3f}", percent(r["error"], "+"), f"`{r['source']}`"]
                         for r in worst(rows, "error", 100)])


def main():
    validate, serving_file, inference_file, ablation_file = sys.argv[1:5]
    made = serving(validate, serving_file) + inference(validate, inference_file) + ablations(validate, ablation_file)
    head, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    PAGE.write_text(head + BEGIN + "\n" + made + END + rest.split(END, 1)[1], encoding="utf-8")


main()
