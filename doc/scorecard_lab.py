"""Writes the part of validation.md on steps that the project measured, from tests/lab.

    PYTHONPATH=python SPEEDUP_LIBRARY=build/libspeedup.so.0 python3 doc/scorecard_lab.py [--check]
"""
import math
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "lab"))
import rows as lab  # noqa: E402

PAGE = ROOT / "doc" / "validation.md"
BEGIN, END = "<!-- made by doc/scorecard_lab.py -->\n", "<!-- end of the measured steps -->\n"
SETS = [("first laboratory, one GPU", "first/h?00-train.jsonl", None), ("first laboratory, two and four GPUs", "first/h200x*-train.jsonl", None),
        ("first laboratory, Transformers' Trainer", "first/h200-trainer.jsonl", None),
        ("first laboratory, experts", "first/h200-moe.jsonl", None), ("second laboratory, fitted", "*-steps.csv", "0"),
        ("second laboratory, set aside", "*-steps.csv", "1"), ("the same again on another H100", "again/h100-steps.csv", None),
        ("chosen after the fit, one GPU", "fresh/h100-steps.csv", None),
        ("chosen after the fit, two GPUs", "fresh/h200x2-steps.csv", None)]
KEYS = ("gpu", "what", "shape", "layers", "hidden", "ffn", "seq", "batch", "accumulation", "precision", "attention", "optimizer", "checkpoint",
        "compiled", "lora", "base", "mode", "n", "experts", "file")
# What is compared: its name, the key that differs, its values without and with, and what a table of claims says.
RATIOS = [("FlashAttention-2", "attention", "unfused", "flash", "2.5"), ("cuDNN's attention over FlashAttention-2", "attention", "flash", "cudnn", ""),
          ("TF32", "precision", "fp32", "tf32", ""), ("BF16 mixed precision over TF32", "precision", "tf32", "amp", "1.5"),
          ("BF16 alone over mixed precision", "precision", "amp", "pure", ""), ("activation checkpointing", "checkpoint", "none", "full", ""),
          ("torch.compile, layers", "compiled", "none", "blocks", "1.3 (fusion)"), ("fused optimizer over foreach", "optimizer", "foreach", "fused", ""),
          ("fused optimizer over a loop", "optimizer", "loop", "fused", ""), ("overlap of gradient communication", "mode", "ddp-nooverlap", "ddp", "1.2")]


def table(heads, lines):
    lines = [heads, ["---"] * len(heads), *lines]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines) + "\n"


def judged(pattern, aside):
    """(row, estimate, log of predicted over measured) of files below tests/lab."""
    found = []
    for path in sorted((ROOT / "tests" / "lab").glob(pattern)):
        for row in lab.read(path):
            if row.get("step_s") and (aside is None or str(row["aside"]) == aside):
                values = lab.estimate(row)
                found.append((row, values, math.log(values["step_seconds"] / float(row["step_s"]))))
    return found


def score(errors, inside):
    e = sorted(map(abs, errors))
    return [f"{100 * sum(e) / len(e):.1f}", f"{100 * e[len(e) // 2]:.1f}", f"{100 * e[int(0.9 * (len(e) - 1))]:.1f}",
            f"{100 * sum(errors) / len(errors):+.1f}", f"{100 * sum(inside) / len(inside):.0f}"]


def line(name, found):
    time = score([t for _, _, t in found], [abs(t) <= lab.NORMAL * v["time_sigma"] for _, v, t in found])
    used = [(math.log(v["memory_peak"] / float(r["used"])), v["memory_sigma"]) for r, v, _ in found if r.get("used")]
    memory = score([u for u, _ in used], [abs(u) <= lab.NORMAL * s for u, s in used]) if used else [""] * 5
    return [name, len(found), *time, *memory]


def kinds(found):
    names = {}
    for item in found:
        names.setdefault(lab.kind(item[0]), []).append(item)
    return [line(name, names[name]) for name in sorted(names)]


def pairs(found):
    """Rows that differ in one thing."""
    lines = []
    for name, key, without, with_, claimed in RATIOS:
        groups = {}
        for row, values, _ in found:
            if row[key] in (without, with_):
                groups.setdefault(tuple(str(row.get(k)) for k in KEYS if k != key), {})[row[key]] = (float(row["step_s"]), values["step_seconds"])
        both = [(g[without], g[with_]) for g in groups.values() if len(g) == 2]
        if not both:
            continue
        measured, modelled = [a[0] / b[0] for a, b in both], [a[1] / b[1] for a, b in both]
        errors = [abs(math.log(p / m)) for p, m in zip(modelled, measured)]
        sides = sum((p > 1) == (m > 1) or abs(math.log(m)) < 0.02 for p, m in zip(modelled, measured))
        span = lambda x: f"{min(x):.2f}" if len(x) == 1 else f"{min(x):.2f} to {max(x):.2f}"
        lines.append([name, len(both), claimed, span(modelled), span(measured), f"{100 * sum(errors) / len(errors):.1f}", f"{100 * max(errors):.1f}",
                      f"{sides} of {len(both)}"])
    return lines


def made():
    heads = ["step", "rows", "mean %", "median %", "p90 %", "bias %", "inside 90 %", "memory: mean %", "median %", "p90 %", "bias %", "inside 90 %"]
    sets = [(name, judged(pattern, aside)) for name, pattern, aside in SETS]
    everything = [item for _, found in sets for item in found]
    page = "### Steps that were measured\n\n" + table(heads, [line(name, found) for name, found in sets] + [line("**all**", everything)])
    page += "By kind, all sets together:\n\n" + table(heads, kinds(everything))
    page += "### With and without an optimization, measured\n\n"
    page += table(["optimization", "pairs", "claimed", "modelled", "measured", "mean error %", "worst %", "right side of 1"], pairs(everything))
    return page


def main():
    head, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    text = head + BEGIN + "\n" + made() + END + rest.split(END, 1)[1]
    if "--check" in sys.argv:
        if text != PAGE.read_text(encoding="utf-8"):
            sys.exit("doc/validation.md: the measured steps are not what the library says; run doc/scorecard_lab.py")
    else:
        PAGE.write_text(text, encoding="utf-8")


main()
