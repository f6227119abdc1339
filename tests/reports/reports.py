"""What people reported in public of jobs that they ran, beside what a file with the same words gets.

    python3 tests/reports/reports.py [--check] [--case ID] [--set PATH=VALUE] [--catalog FILE]

Needs the Python package of this tree and its library (PYTHONPATH=python SPEEDUP_LIBRARY=build/libspeedup.so.0).
training.csv has the reports; training/ID.yaml says a job in the user's words; cases.csv says what a reported memory
counts, what is doubtful at the source, and which words are missing. Nothing is fitted to them: a scenario says what the
source's software does. An error is 100 ln(estimated / measured) of time, whatever was reported, or of memory.
"""
import argparse
import csv
import math
import sys
from pathlib import Path

import speedup

TIME_ERROR = 0.16     # largest mean |ln| of time; the aim is 0.15
MEMORY_ERROR = 0.10   # largest mean |ln| of memory
INSIDE = 0.80         # least share inside 90 % intervals
NO = 0.5              # probability of running out of memory above which a job is told that it does not fit
MOST_REFUSED = 0      # cases that the library may refuse

NORMAL = 1.6448536269514722  # of a 90 % interval

HERE = Path(__file__).resolve().parent

# What a report measures: the metric of an estimate, and 1 where it grows as the job takes longer.
TIMES = {
    "step_s": ("step_seconds", 1),
    "step": ("step_seconds", 1),
    "tokens_per_s_per_gpu": ("tokens_per_second_per_accelerator", -1),
    "tokens_per_s_total": ("tokens_per_second", -1),
    "model_flops_per_s": ("model_flops_per_second", -1),
}
UNITS = {"memory_GiB": (2**30, "GiB"), "step_s": (1, "s"), "step": (1, "s"), "tokens_per_s_per_gpu": (1, "tokens/s"),
         "tokens_per_s_total": (1, "tokens/s"), "model_flops_per_s": (1e12, "TFLOP/s")}


def read(name):
    with (HERE / name).open(newline="") as file:
        return list(csv.DictReader(file))


class Row:
    """A reported figure beside the estimate of its case."""

    def __init__(self, report, case, values):
        self.id, self.what, self.measured = report["id"], report["metric"], float(report["measured"])
        self.out_of_memory = values["out_of_memory"]
        self.error = self.inside = None
        self.kind = "fits" if self.what == "fits" else "memory" if self.what == "memory_GiB" else "time"
        self.doubtful = self.kind in case["doubt"].split()
        if self.kind == "fits":
            return
        name, way = (case["memory"], 1) if self.kind == "memory" else TIMES[self.what]
        scale, self.unit = UNITS[self.what]
        self.estimated = values[name] / scale
        if self.kind == "memory":
            self.unit += name.replace("memory_", " ")
        if self.what == "model_flops_per_s":
            self.measured /= scale
        self.error = way * math.log(self.estimated / self.measured)
        self.inside = abs(self.error) <= NORMAL * values[f"{self.kind}_sigma"]

    @property
    def ran(self):
        return self.kind != "fits" or self.measured > 0

    def cells(self):
        out = f"{100 * self.out_of_memory:.1f}"
        if self.kind == "fits":
            return [self.id, "fits", "yes" if self.ran else "no", "", "", "", out, ""]
        return [self.id, self.unit, f"{self.measured:.4g}", f"{self.estimated:.4g}", f"{100 * self.error:+.1f}",
                "yes" if self.inside else "no", out, "doubtful" if self.doubtful else ""]


def table(head, lines):
    widths = [max(len(line[i]) for line in [head, *lines]) for i in range(len(head))]
    for line in [head, *lines]:
        cells = [cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in enumerate(zip(line, widths))]
        print("  ".join(cells).rstrip())


def estimate(case, catalog, settings, folder="training"):
    """The values of a case, or why there are none."""
    path = HERE / folder / (case["id"] + ".yaml")
    if not path.exists():
        return None, ["not said: " + (case["missing"] or "no scenario")]
    try:
        return dict(speedup.Scenario(path, catalog, settings).estimate().items()), []
    except speedup.SpeedupError as problem:
        return None, [d.message for d in problem.diagnostics] or [str(problem)]


def mean(values):
    return sum(values) / len(values) if values else 0.0


def judge(rows):
    """What the limits are about, over the rows that are not doubtful: lines, and those that pass a limit."""
    lines, failed = [], []
    for kind, most in (("time", TIME_ERROR), ("memory", MEMORY_ERROR)):
        for doubtful in (False, True):
            those = [r for r in rows if r.kind == kind and r.doubtful == doubtful]
            if doubtful and not those:
                continue
            error, inside = mean([abs(r.error) for r in those]), mean([r.inside for r in those])
            name = kind + (", doubtful at the source" if doubtful else "")
            bias = mean([r.error for r in those])
            lines.append([name, "", str(len(those)), f"{100 * error:.1f}", f"{100 * bias:+.1f}", f"{100 * inside:.0f}"])
            if not doubtful and error > most:
                failed.append(f"{kind}: mean error {100 * error:.1f} %, at most {100 * most:.0f} % is asked for")
    judged = [r for r in rows if r.error is not None and not r.doubtful]
    inside = mean([r.inside for r in judged])
    lines.append(["both", "", str(len(judged)), "", "", f"{100 * inside:.0f}"])
    if judged and inside < INSIDE:
        failed.append(f"{100 * inside:.0f} % inside their intervals, at least {100 * INSIDE:.0f} % is asked for")
    return lines, failed


def answers(rows):
    """Jobs that were told the wrong answer to whether they fit."""
    probability = {r.id: r.out_of_memory for r in rows}
    ran_out = {r.id for r in rows if not r.ran}
    ran = set(probability) - ran_out
    refused = sorted(id for id in ran if probability[id] > NO)
    missed = sorted(id for id in ran_out if probability[id] <= NO)
    print(f"ran, and are told that they do not fit: {len(refused)} of {len(ran)}")
    print(f"ran out of memory, and are told so: {len(ran_out) - len(missed)} of {len(ran_out)}")
    return ([f"ran, and is told 'no': {id}" for id in refused]
            + [f"ran out of memory, and is told 'yes': {id}" for id in missed])


def command_line(text):
    """What was asked for, and the catalog with the models of reports and what was added."""
    parser = argparse.ArgumentParser(description=text.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="the limits make the exit status")
    parser.add_argument("--case", action="append", help="only this one")
    parser.add_argument("--set", action="append", default=[], help="put over every scenario")
    parser.add_argument("--catalog", action="append", default=[], type=Path, help="entries more")
    options = parser.parse_args()
    catalog = speedup.Catalog().extend(HERE / "models.yaml")
    for path in options.catalog:
        catalog = catalog.extend(path)
    return options, catalog


def tell_refused(refused, count):
    """Cases that the library refuses, by reason."""
    print(f"\nrefused: {len(refused)} of {count} cases")
    reasons = {}
    for id, why in refused.items():
        for reason in dict.fromkeys(why):
            reasons.setdefault(reason.split(";")[0], []).append(id)
    for reason, ids in sorted(reasons.items(), key=lambda item: -len(item[1])):
        print(f"  {len(ids):2}  {reason}: {', '.join(ids)}")


def tell_missing(cases):
    print("\nnot quite said, for want of a word")
    words = {}
    for case in cases:
        if case["missing"]:
            words.setdefault(case["missing"], []).append(case["id"])
    for word, ids in words.items():
        print(f"  {word}: {', '.join(ids)}")


def status(failed, check):
    """The exit status, and what it is for."""
    if failed:
        print("\nbeyond the limits" + "".join("\n  " + text for text in failed))
    return 1 if failed and check else 0


def main():
    options, catalog = command_line(__doc__)
    reports, rows, refused = read("training.csv"), [], {}
    cases = [c for c in read("cases.csv") if not options.case or c["id"] in options.case]
    unknown = sorted({r["id"] for r in reports} - {c["id"] for c in read("cases.csv")})
    for case in cases:
        values, why = estimate(case, catalog, options.set)
        if why:
            refused[case["id"]] = why
        else:
            rows += [Row(r, case, values) for r in reports if r["id"] == case["id"]]

    head = ["case", "what", "measured", "estimated", "error %", "inside", "out of memory %", ""]
    table(head, [row.cells() for row in rows])
    print()
    lines, failed = judge(rows)
    table(["mean of", "", "rows", "error %", "bias %", "inside %"], lines)
    print()
    failed += answers(rows) + [f"no case says {id}" for id in unknown]

    tell_refused(refused, len(cases))
    tell_missing(cases)

    if len(refused) > MOST_REFUSED:
        failed.append(f"{len(refused)} cases are refused, at most {MOST_REFUSED} may be")
    return status(failed, options.check)


if __name__ == "__main__":
    sys.exit(main())
