"""Fits coefficients of a stack to measured steps: damped least squares on logarithms, with priors.

    python3 tools/lab/fit.py COEFFICIENT[=PRIOR][~SIGMA] ... --rows FILE ... [--kinds WORDS] [--stack ID]

Rows set aside are never fitted. Prints the values, and the errors before, after, and with each tenth of the rows left out.
Needs numpy and SciPy.
"""
import argparse
import math
import sys

import numpy
from scipy.optimize import least_squares

import speedup

import rows as lab


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("coefficients", nargs="+")
    parser.add_argument("--rows", nargs="+", required=True)
    parser.add_argument("--kinds", default="", help="regular expression that the kind of a row must match")
    parser.add_argument("--folds", type=int, default=0)
    options = parser.parse_args()
    import re
    catalog = speedup.Catalog()
    names, priors, sigmas = [], [], []
    for text in options.coefficients:
        text, _, sigma = text.partition("~")
        name, _, prior = text.partition("=")
        names.append(name)
        priors.append(float(prior) if prior else None)
        sigmas.append(float(sigma or .3))
    used = []
    for path in options.rows:
        for row in lab.read(path):
            if str(row["aside"]) != "1" and row.get("step_s") and re.search(options.kinds, lab.kind(row)):
                used.append((lab.job(row), float(row["step_s"]), lab.kind(row), 1 / (1 + 4 * min(1, float(row.get("spread") or 0)))))
    stack = {j["train"]["stack"] for j, _, _, _ in used}.pop()
    for i, name in enumerate(names):
        if priors[i] is None:
            entry = speedup.Catalog().entry("stacks", stack) if hasattr(speedup.Catalog, "entry") else {}
            raise SystemExit(f"give a prior for {name}")

    def predict(x, chosen):
        settings = {"train.calibration": "{" + ", ".join(f"{n}: {p * math.exp(v):.9g}" for n, p, v in zip(names, priors, x)) + "}"}
        return numpy.array([math.log(speedup.Scenario(job, settings=settings).estimate()["step_seconds"] / seconds)
                            for job, seconds, _, _ in chosen])

    def solve(chosen):
        weights = numpy.array([w for _, _, _, w in chosen])
        residuals = lambda x: numpy.concatenate([predict(x, chosen) * weights / .03, x / numpy.array(sigmas)])
        return least_squares(residuals, numpy.zeros(len(names)), loss="soft_l1", diff_step=1e-3, max_nfev=20, bounds=(-2.5 * numpy.array(sigmas), 2.5 * numpy.array(sigmas))).x

    before = predict(numpy.zeros(len(names)), used)
    x = solve(used)
    after = predict(x, used)
    print(f"{len(used)} rows; mean {100 * abs(before).mean():.1f} -> {100 * abs(after).mean():.1f} %, median {100 * numpy.median(abs(after)):.1f}")
    for name, prior, value in zip(names, priors, x):
        print(f"      {name}: {prior * math.exp(value):.4g}   # {prior:g}")
    kinds = sorted({k for _, _, k, _ in used})
    for kind in kinds:
        e = [v for v, (_, _, k, _) in zip(after, used) if k == kind]
        print(f"  {kind:34}{len(e):4}  {100 * sum(map(abs, e)) / len(e):5.1f}  {100 * sum(e) / len(e):+5.1f}")
    if options.folds:
        out = numpy.zeros(len(used))
        for fold in range(options.folds):
            test = [i for i in range(len(used)) if i % options.folds == fold]
            own = solve([u for i, u in enumerate(used) if i % options.folds != fold])
            out[test] = predict(own, [used[i] for i in test])
        print(f"left out by {options.folds}: mean {100 * abs(out).mean():.1f} median {100 * numpy.median(abs(out)):.1f}")


if __name__ == "__main__":
    main()
