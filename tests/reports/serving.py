"""What people reported in public of models that they serve, beside what a file with the same words gets.

    python3 tests/reports/serving.py [--check] [--case ID] [--set PATH=VALUE] [--catalog FILE]

Needs the Python package of this tree and its library (PYTHONPATH=python SPEEDUP_LIBRARY=build/libspeedup.so.0).
serving.csv has the reports, with the scenario of each below serving/, what it asks of the library, and the words that are
missing. Nothing is fitted to them. An error is 100 ln(estimated / reported): of weights and of the room for keys and values
positive is too much, of time, and of a rate as the time that it takes, too slow.
"""
import csv
import math
import sys

import speedup

from reports import HERE, NO, NORMAL, command_line, estimate, mean, status, table, tell_missing, tell_refused

# Largest errors, least shares and most refusals; to be tightened as words are added.
WEIGHTS_ERROR = 0.03     # mean
CACHE_ERROR = 0.05       # median
TOKEN_ERROR = 0.15       # median
FIRST_ERROR = 0.25       # median
RATE_ERROR = 0.20        # median
INSIDE = 0.8
MOST_REFUSED = 1
MOST_WRONG = 0           # services that start or not, and are told the other

CACHED = 1024            # tokens of the one request that a scenario of a cache asks for, half of its output written
WORST = 12               # rows that are listed


def room(values):
    """Bytes that are left for keys and values, of one accelerator."""
    return values["memory_peak"] + values["memory_headroom"] - values["memory_weights"] - values["memory_runtime"]


# What a report measures: its group, what it is of an estimate, 1 where more is more of it or slower, and whose width it has.
METRICS = {
    "weights_gib": ("weights", lambda v: v["memory_weights"] / 2**30, 1, None),
    "kv_tokens": ("cache", lambda v: room(v) / v["memory_kv_cache"] * CACHED, 1, None),
    "kv_gib": ("cache", lambda v: room(v) / 2**30, 1, None),
    "tpot_ms": ("token", lambda v: 1e3 * v["time_per_output_token"], 1, "time_sigma"),
    "tok_s_user": ("token", lambda v: 1 / v["time_per_output_token"], -1, "time_sigma"),
    "ttft_ms": ("first token", lambda v: 1e3 * v["time_to_first_token"], 1, "first_token_sigma"),
    "out_tok_s": ("rate", lambda v: v["tokens_per_second"], -1, "time_sigma"),
    "req_s": ("rate", lambda v: v["requests_per_second"], -1, "time_sigma"),
    "latency_s": ("rate", lambda v: v["request_seconds"], 1, "time_sigma"),
}
# Groups: the name of it, of what errors the limit is, and the limit.
GROUPS = {
    "weights": ("weights", "mean", WEIGHTS_ERROR),
    "cache": ("room for keys and values", "median", CACHE_ERROR),
    "token": ("time per token", "median", TOKEN_ERROR),
    "first token": ("first token", "median", FIRST_ERROR),
    "rate": ("requests and throughput", "median", RATE_ERROR),
}


def starts(values):
    return values["fits"] > 0 and values["out_of_memory"] <= NO


class Row:
    """A reported figure beside the estimate of its scenario."""

    def __init__(self, report, values):
        self.id, self.what, self.scenario = report["id"], report["metric"], report["scenario"]
        self.error = self.inside = self.group = None
        self.starts = starts(values)
        if self.what == "fits":
            self.measured = report["measured"] == "True"
            return
        self.group, ask, way, width = METRICS[self.what]
        self.measured = float(report["measured"])
        try:
            self.estimated = ask(values)
            self.error = way * math.log(self.estimated / self.measured)
        except (ValueError, ZeroDivisionError):  # an answer of 0: it does not fit, or a rate is not served
            self.estimated = 0.0
        if width and self.error is not None:
            self.inside = abs(self.error) <= NORMAL * values[width]

    def cells(self):
        if self.what == "fits":
            yes = {True: "yes", False: "no"}
            return [self.id, "starts", yes[self.measured], yes[self.starts], "", "", self.scenario]
        error = "no answer" if self.error is None else f"{100 * self.error:+.1f}"
        inside = "" if self.inside is None else "yes" if self.inside else "no"
        return [self.id, self.what, f"{self.measured:.5g}", f"{self.estimated:.5g}", error, inside, self.scenario]


HEAD = ["id", "what", "reported", "estimated", "error %", "inside", "scenario"]


def median(values):
    values = sorted(values)
    middle = len(values) // 2
    return 0.0 if not values else values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def judge(rows):
    """A line for each group, and what passes a limit."""
    lines, failed = [], []
    for group, (name, of, most) in GROUPS.items():
        errors = [r.error for r in rows if r.group == group and r.error is not None]
        inside = [r.inside for r in rows if r.group == group and r.inside is not None]
        sizes = [abs(e) for e in errors]
        score = {"mean": mean(sizes), "median": median(sizes)}
        lines.append([name, str(len(errors)), f"{100 * score['mean']:.1f}", f"{100 * score['median']:.1f}", f"{100 * mean(errors):+.1f}",
                      f"{100 * max(errors, default=0):+.1f}", f"{100 * min(errors, default=0):+.1f}", f"{100 * mean(inside):.0f}" if inside else ""])
        if score[of] > most:
            failed.append(f"{name}: {of} error {100 * score[of]:.1f} %, at most {100 * most:.0f} % is asked for")
    inside = [r.inside for r in rows if r.inside is not None]
    lines.append(["all times", str(len(inside)), "", "", "", "", "", f"{100 * mean(inside):.0f}"])
    if inside and mean(inside) < INSIDE:
        failed.append(f"{100 * mean(inside):.0f} % inside their intervals, at least {100 * INSIDE:.0f} % is asked for")
    return lines, failed


def answers(rows):
    """Services that were told the wrong answer to whether they start: those that report a figure did."""
    told, said = {}, {}
    for row in rows:
        told[row.scenario] = row.starts
        said[row.scenario] = said.get(row.scenario, True) and (row.what != "fits" or row.measured)
    wrong = [name for name in told if told[name] != said[name]]
    for answer, text in ((True, "start, and are told so"), (False, "do not start, and are told so")):
        those = [name for name in said if said[name] == answer]
        print(f"{text}: {sum(told[name] == answer for name in those)} of {len(those)}" + "".join(f"; wrong: {n}" for n in those if n in wrong))
    return wrong


def reports():
    with (HERE / "serving.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def judged(catalog, settings=(), folder="serving"):
    """Rows with an answer, and scenarios that are refused with their reasons."""
    rows, refused, answered = [], {}, {}
    for report in reports():
        name = report["scenario"]
        if name not in answered:
            answered[name] = estimate({"id": name, "missing": report["missing"]}, catalog, list(settings), folder)
        values, why = answered[name]
        if why:
            refused[name] = why
        else:
            rows.append(Row(report, values))
    return rows, refused, len(answered)


def main():
    options, catalog = command_line(__doc__)
    rows, refused, count = judged(catalog, options.set)
    if options.case:
        rows = [r for r in rows if r.id in options.case or r.scenario in options.case]
    table(HEAD, [row.cells() for row in rows])
    print()
    lines, failed = judge(rows)
    table(["of", "rows", "mean %", "median %", "bias %", "most over %", "most under %", "inside %"], lines)
    print()
    wrong = answers(rows)
    worst = sorted((r for r in rows if r.error is not None), key=lambda r: -abs(r.error))[:WORST]
    print("\nfarthest off")
    table(HEAD, [row.cells() for row in worst])
    tell_refused(refused, count)
    print(f"  which leaves {len(rows)} of {len(reports())} figures")
    tell_missing([r for r in reports() if r["scenario"] not in refused])
    if len(wrong) > MOST_WRONG:
        failed += [f"is told the wrong answer to whether it starts: {name}" for name in wrong]
    if len(refused) > MOST_REFUSED:
        failed.append(f"{len(refused)} scenarios are refused, at most {MOST_REFUSED} may be")
    return status(failed, options.check)


if __name__ == "__main__":
    sys.exit(main())
