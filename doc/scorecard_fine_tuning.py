"""Writes the tables of validation-fine-tuning.md: public reports of tests/reports, and words measured in tests/lab/fresh.

    PYTHONPATH=python SPEEDUP_LIBRARY=build/libspeedup.so.0 python3 doc/scorecard_fine_tuning.py [--check]

What is judged is what a user's file with the same words gets; it knows no figure of its own.
"""
import csv
import math
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "reports"), str(ROOT / "tools" / "lab")]
import reports  # noqa: E402
import rows as lab  # noqa: E402
import speedup  # noqa: E402

PAGE = ROOT / "doc" / "validation-fine-tuning.md"
FRESH = ROOT / "tests" / "lab" / "fresh"
MARKS = {"reports": "<!-- reports: made by doc/scorecard_fine_tuning.py -->\n", "words": "<!-- words: made by doc/scorecard_fine_tuning.py -->\n"}
END = "<!-- end -->\n"


def table(heads, lines):
    lines = [heads, ["---"] * len(heads), *lines]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines) + "\n"


def percent(value):
    return f"{100 * value:.1f}"


def mean(values):
    return sum(values) / len(values)


def scores(errors, inside):
    """Mean error, bias and share inside, of logarithms; empty where there is nothing to judge."""
    if not errors:
        return ["0", "", "", ""]
    return [len(errors), percent(mean([abs(e) for e in errors])), f"{100 * mean(errors):+.1f}", f"{100 * mean(inside):.0f}"]


def of_reports():
    catalog = speedup.Catalog().extend(ROOT / "tests" / "reports" / "models.yaml")
    told, found, sources = reports.read("training.csv"), [], {}
    cases = {case["id"]: case for case in reports.read("cases.csv")}
    for case in cases.values():
        values, why = reports.estimate(case, catalog, [])
        if why:
            raise SystemExit(f"{case['id']}: {why[0]}")
        found += [reports.Row(r, case, values) for r in told if r["id"] == case["id"]]
    for report in told:
        sources.setdefault(report["id"], report["source"].split("@")[0].split("#")[0].split(";")[0].split(" (")[0])
    return cases, sources, found


def reports_part():
    cases, sources, found = of_reports()
    heads = ["source", "cases", "times", "mean %", "bias %", "inside %", "memories", "mean %", "bias %", "inside %"]

    def line(name, rows):
        sure = [r for r in rows if r.error is not None and not r.doubtful]
        kinds = [[r for r in sure if r.kind == kind] for kind in ("time", "memory")]
        return [name, len({r.id for r in rows}), *(cell for those in kinds for cell in scores([r.error for r in those], [r.inside for r in those]))]

    names = list(dict.fromkeys(sources[id] for id in cases))
    page = table(heads, [line(f"`{name}`", [r for r in found if sources[r.id] == name]) for name in names] + [line("**all**", found)])

    chance = {r.id: r.out_of_memory for r in found}
    failed = {r.id for r in found if not r.ran}
    ran = set(chance) - failed
    page += table(["what happened", "cases", "told that it does not fit"],
                  [["it ran", len(ran), sum(chance[id] > reports.NO for id in ran)],
                   ["it ran out of memory", len(failed), sum(chance[id] > reports.NO for id in failed)]])

    lines = [[f"`{r.id}`", r.what if r.error is None else r.unit, *r.cells()[2:4], *(r.cells()[4:6]), r.cells()[6], r.cells()[7]] for r in found]
    page += "### Case by case\n\n" + table(["case", "what", "reported", "estimated", "error %", "inside", "out of memory %", ""], lines)

    outside = [r for r in found if r.error is not None and not r.inside]
    page += "### Outside their intervals\n\n" + table(
        ["case", "what", "error %", "what the job's file cannot say, or what is doubtful"],
        [[f"`{r.id}`", r.unit, r.cells()[4], cases[r.id]["why" if r.doubtful else "missing"] or "not explained"]
         for r in sorted(outside, key=lambda r: -abs(r.error))])
    return page


def words_of(row):
    """A configuration, as people say it."""
    software = "Trainer" if row["what"] == "hf-trainer" else "PyTorch"
    words = [f"{row['shape']}, {row['batch']} x {row['seq']}"]
    words += [f"{row['accumulation']} times"] if int(row["accumulation"]) > 1 else []
    words += ["bf16" if row["precision"] == "pure" else "mixed"]
    if float(row["lora"]):
        words += [f"LoRA {row['lora']}" + (f" on {row['targets'].replace(',', ', ')}" if row.get("targets") else "")]
        words += [f"dropout {row['dropout']}"] if row.get("dropout") else []
    words += [row["optimizer"]] if row["optimizer"] != "fused" else []
    words += ["checkpoints, reentrant" if row.get("reentrant") else "checkpoints"] if row["checkpoint"] == "full" else []
    words += ["loss in chunks"] if row.get("loss") else []
    words += ["activations in the host"] if row.get("offload") else []
    return [software, ", ".join(words)]


def words_part():
    said = {row["id"]: row for row in csv.DictReader((FRESH / "words-predicted.csv").open())}
    lines, before, inside, now, inside_now, memory, memory_now = [], [], [], [], [], [], []
    for row in lab.read(FRESH / "h100-words.csv"):
        told, values, measured, used = said[row["id"]], lab.estimate(row), float(row["step_s"]), float(row["used"] or 0)
        before.append(math.log(float(told["step_s"]) / measured))
        inside.append(float(told["low"]) <= measured <= float(told["high"]))
        now.append(math.log(values["step_seconds"] / measured))
        inside_now.append(abs(now[-1]) <= lab.NORMAL * values["time_sigma"])
        cells = [f"{1e3 * measured:.0f}", f"{1e3 * float(told['step_s']):.0f}", f"{100 * before[-1]:+.0f}", "yes" if inside[-1] else "no",
                 f"{100 * now[-1]:+.0f}"]
        if used:
            memory.append(math.log(float(told["used"]) / used))
            memory_now.append(math.log(values["memory_peak"] / used))
            cells += [f"{used / 1e9:.1f}", f"{float(told['used']) / 1e9:.1f}", f"{100 * memory[-1]:+.0f}", f"{100 * memory_now[-1]:+.0f}"]
        else:
            cells += [""] * 4
        lines.append([*words_of(row), *cells])
    page = table(["", "steps", "mean %", "bias %", "inside %", "memories", "mean %", "bias %"],
                 [["as it was predicted", *scores(before, inside), *scores(memory, memory)[:3]],
                  ["as the library is now", *scores(now, inside_now), *scores(memory_now, memory_now)[:3]]])
    return page + table(["software", "job", "measured ms", "predicted ms", "error %", "inside", "error now %", "measured GB", "predicted GB",
                         "error %", "error now %"], lines)


def main():
    text = PAGE.read_text(encoding="utf-8")
    for name, make in (("reports", reports_part), ("words", words_part)):
        head, rest = text.split(MARKS[name])
        text = head + MARKS[name] + "\n" + make() + END + rest.split(END, 1)[1]
    if "--check" not in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
    elif text != PAGE.read_text(encoding="utf-8"):
        sys.exit("doc/validation-fine-tuning.md is not what the library says; run doc/scorecard_fine_tuning.py")


main()
