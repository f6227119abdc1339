"""Writes the scorecard of validation.md from runs of the command over files of measurements.

    python3 doc/scorecard.py build/tools/validation/speedup-validate TRAINING.csv ABLATION.csv

The files have the columns that tests/validate/training.csv and ablation.csv show.
"""
import json
import subprocess
import sys
from pathlib import Path

DOC = Path(__file__).resolve().parent
PEERS = DOC.parent / "tests" / "validate" / "peers.csv"
BEGIN, END = "<!-- made by doc/scorecard.py -->\n", "<!-- end of the scorecard -->\n"


def answer(validate, kind, path):
    return json.loads(subprocess.run([validate, "--kind", kind, "--json", path], check=True,
                                     capture_output=True, encoding="utf-8").stdout)


def table(heads, rows):
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines) + "\n"


def percent(value, sign=""):
    return "" if value is None else f"{100 * value:{sign}.1f}"


def line(name, s):
    return [name, s["n"], percent(s["mape"]), percent(s["median"]), percent(s["p90"]), percent(s["bias"], "+"),
            percent(s["coverage90"]), s["skipped"]]


def code(source):
    """As code: names of sources have characters that pages and the reference read as commands."""
    return f"`{source or 'not named'}`"


def worst(rows, count, error="error"):
    rows = [row for row in rows if not row["suspect"] and row.get(error) is not None]
    return sorted(rows, key=lambda row: -abs(row[error]))[:count]


def width(rows):
    widths = sorted((row["high"] / row["low"]) ** 0.5 - 1 for row in rows if not row["suspect"])
    return widths[len(widths) // 2]


def training(validate, path):
    a = answer(validate, "training", path)
    overall, memory = a["overall"], a["memory"]
    heads = ["step time", "rows", "mean %", "median %", "p90 %", "bias %", "inside 90 %", "skipped"]
    page = "### Rows of published runs\n\n"
    page += table(heads, [line(code(name), s) for name, s in a["by_source"].items() if s["n"] + s["skipped"]] +
                  [line("**overall**", overall), line("suspect rows, apart", overall["suspect"])])
    page += f"Half of the intervals are narrower than ±{percent(width(a['rows']))}%. Skipped rows:\n\n"
    page += table(["rows", "reason"], [[n, why] for why, n in overall["skipped_by_reason"].items()])
    page += table(["peak memory", "rows", "mean %", "median %", "p90 %", "bias %", "inside 90 %"], [line("published peaks", memory)[:-1]])
    page += f"Published runs that are said not to fit: {memory['called_impossible']}.\n\n"
    page += "### The largest misses\n\n"
    page += table(["row", "measured s", "predicted s", "error %", "source"],
                  [[r["id"], f"{r['measured']:.4g}", f"{r['predicted']:.4g}", percent(r["error"], "+"), code(r["source"])]
                   for r in worst(a["rows"], 10)])
    page += table(["row", "measured GB", "predicted GB", "error %", "source"],
                  [[r["id"], f"{r['memory_measured'] / 1e9:.1f}", f"{r['memory_predicted'] / 1e9:.1f}",
                    percent(r["memory_error"], "+"), code(r["source"])] for r in worst(a["rows"], 5, "memory_error")])
    return page


def peers(validate):
    a = answer(validate, "training", str(PEERS))
    o = a["overall"]
    page = ("### The 18 rows that other tools are judged by\n\n"
            f"Mean {percent(o['mape'])}%, median {percent(o['median'])}%, bias {percent(o['bias'], '+')}%.\n\n")
    return page + table(["row", "measured s", "predicted s", "90% interval", "error %"],
                        [[r["id"], f"{r['measured']:.4g}", f"{r['predicted']:.4g}", f"{r['low']:.4g} to {r['high']:.4g}",
                          percent(r["error"], "+")] for r in a["rows"]])


def ablations(validate, path):
    a = answer(validate, "ablation", path)
    o = a["overall"]
    page = ("### With and without an optimization\n\n"
            f"{o['n']} published ratios, mean error {percent(o['mape'])}%, median {percent(o['median'])}%, on the right side of 1 in "
            f"{percent(o['right_side'])}%.\n{o['skipped']} rows are skipped, by reason below; most are about inference.\n\n")
    page += table(["rows", "reason"], [[n, why] for why, n in o["skipped_by_reason"].items()])
    return page + table(["row", "measured", "predicted", "error %", "source"],
                        [[r["id"], f"{r['measured']:.3f}", f"{r['predicted']:.3f}", percent(r["error"], "+"), code(r["source"])]
                         for r in worst(a["rows"], 100)])


def plans(validate, path):
    a = answer(validate, "plans", path)
    o, rows = a["overall"], [row for row in a["rows"] if not row["uneven"] and not row["unfit"]]
    page = ("### The best plan beside what was run\n\n"
            f"{o['configurations']} configurations, each once. {o['uneven']} have layers or a batch that do not divide evenly, which no\nspace "
            f"holds; {o['unfit']} need more memory as described, and are taken with all recomputed. The best\nplan is "
            f"predicted slower than the layout that ran in {o['slower']} of all but the uneven. The other {o['n']}:\n\n")
    by_source = {}
    for row in rows:
        by_source.setdefault(row["source"], []).append(row["gain"])
    lines = [[code(source), len(gains), f"{sorted(gains)[len(gains) // 2]:.2f}", f"{max(gains):.2f}", sum(g > 1.5 for g in gains)]
             for source, gains in by_source.items()]
    lines.append(["**overall**", o["n"], f"{o['median']:.2f}", f"{o['most']:.2f}", sum(row["gain"] > 1.5 for row in rows)])
    page += table(["predicted gain", "configurations", "median", "largest", "over 1.5"], lines)
    heads = ["row", "gain", "layout run", "best layout", "chosen with it"]
    short = {"tensor": "t", "pipeline": "p", "context": "c", "expert": "x", "virtual_stages": "v", "micro_batch": "b"}
    layout = lambda l: " ".join(f"{short[k]}{v}" for k, v in l.items() if v > 1 or k == "micro_batch")
    return page + table(heads, [[r["id"], f"{r['gain']:.2f}", layout(r["published_layout"]), layout(r["best_layout"]),
                                 r["best_choices"] or "nothing"] for r in rows[:10]])


def main():
    validate, training_file, ablation_file = sys.argv[1:4]
    made = training(validate, training_file) + peers(validate) + ablations(validate, ablation_file) + plans(validate, training_file)
    page = DOC / "validation.md"
    head, rest = page.read_text(encoding="utf-8").split(BEGIN)
    page.write_text(head + BEGIN + "\n" + made + END + rest.split(END, 1)[1], encoding="utf-8")


main()
