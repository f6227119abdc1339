"""Measured steps as jobs: what each row of a lab's CSV or JSON lines is in the words of a job.

    python3 tools/lab/rows.py FILE ... [--each] [--set PATH=VALUE] [--aside 0|1]

prints the errors of time and memory by kind of row; --each every row. Needs the Python package of this tree and its library
(PYTHONPATH=python SPEEDUP_LIBRARY=build/lib...); what is judged is what a user's file with the same words gets.
"""
import argparse
import csv
import json
import math
import sys
from pathlib import Path

import speedup

from steps import EXPERTS, SHAPES

NORMAL = 1.6448536269514722  # of a 90 % interval

CHIPS = {"NVIDIA H200": "h200-sxm-141gb", "NVIDIA H100 80GB HBM3": "h100-sxm-80gb"}
PRECISIONS = {"amp": ["bf16-mixed-precision"], "pure": ["pure-bf16"], "bf16-gathered": ["bf16-mixed-precision"], "tf32": ["tf32"],
              "fp32": []}
ATTENTIONS = {"flash": ["flash-attention-2"], "cudnn": ["cudnn-attention"], "efficient": ["efficient-attention"], "unfused": []}
OPTIMIZERS = {"fused": ["fused-optimizer"], "foreach": [], "loop": ["loop-optimizer"], "sgd": ["sgd"],
              "adafactor": ["adafactor"], "muon": ["muon"], "in-backward": ["optimizer-in-backward", "fused-optimizer"], "host": ["zero-offload"]}
MODES = {"": [], "ddp": ["communication-overlap"], "ddp-nooverlap": [], "zero1": ["communication-overlap", "zero-1"], "fsdp": ["fsdp"],
         "fsdp-zero2": [{"fsdp": {"reshard": 0}}], "tp": []}


def read(path):
    """Rows as dictionaries of text and numbers, with the defaults that the lab's README tells."""
    path = Path(path)
    if path.suffix == ".csv":
        rows = list(csv.DictReader(path.open()))
    else:
        rows = [json.loads(line) for line in path.open()]
    for row in rows:
        row["file"] = path.name
        row.setdefault("gpu", row.get("device"))
        row.setdefault("what", "train")
        for key, otherwise in (("precision", "amp"), ("mode", ""), ("n", 1), ("accumulation", 1), ("optimizer", "fused"), ("lora", 0),
                               ("checkpoint", "none"), ("compiled", "none"), ("base", ""), ("aside", "")):
            if row.get(key) in (None, ""):
                row[key] = otherwise
        if not row.get("attention"):
            row["attention"] = "flash"
        if row["compiled"] is True:
            row["compiled"] = "blocks"
        if row["what"] == "moe" and not row.get("layers"):
            raise ValueError("experts without a shape")
        if row["mode"].startswith("fsdp"):
            row["precision"] = "bf16-gathered"
        if row["mode"] == "tp":
            row["precision"] = "pure"
    return rows


SHAPES = {**SHAPES, "llama-3.2-1b": SHAPES["llama-1b"], "llama-3.1-8b": SHAPES["llama-8b"], "llama-3-8b": SHAPES["llama-8b"]}


def model(row):
    number = lambda key: float(row[key])
    if row.get("hidden"):
        width = number("width") if row.get("width") else number("hidden") / number("heads")
        shape = [number(k) for k in ("layers", "hidden", "heads", "kv")] + [width, number("ffn"), number("vocab")]
        gated, tied = float(row.get("gated") or row["what"] == "moe"), float(row.get("tied") or 0)
    else:
        *shape, gated, tied = SHAPES[row["shape"]]
    layers, hidden, heads, kv, width, ffn, vocab = shape
    made = {"layers": int(layers), "hidden": int(hidden), "heads": int(heads), "kv_heads": int(kv), "head_dim": int(width), "ffn": int(ffn),
            "vocab": int(vocab), "ffn_kind": "gated" if gated else "plain", "tied_embeddings": bool(tied), "source": "the row"}
    if not gated:
        made.update(bias=True, learned_positions=int(row["seq"]))
    if row["what"] == "moe":
        made["experts"] = {"count": int(number("experts")), "active": int(number("active")), "ffn": int(ffn)}
    return made


def job(row):
    """The document of a row, or a text that says why there is none."""
    n, batch, accumulation, tensor = int(row["n"]), int(row["batch"]), int(row["accumulation"]), 1
    if row["mode"] == "tp":
        tensor = n
    trainer = row["what"] == "hf-trainer"
    optimizations = PRECISIONS[row["precision"]] + ATTENTIONS[row["attention"]] + OPTIMIZERS[row["optimizer"]] + MODES[row["mode"]]
    if row["checkpoint"] in ("full", True, "True"):
        optimizations = optimizations + [{"activation-checkpointing": {"reentrant": int(row.get("reentrant") or 0)}}]
    if row["compiled"] in ("blocks", "whole"):
        optimizations = optimizations + [{"torch-compile": {"whole": 1 if row["compiled"] == "whole" else 0}}]
    if row.get("loss"):
        optimizations = optimizations + ["fused-loss"]
    if row.get("offload"):
        optimizations = optimizations + [{"activation-offload": {"overlap": 0}}]
    if float(row["lora"]):
        targets = row["targets"].split(",") if row.get("targets") else "all-linear"
        optimizations = optimizations + [{"qlora" if row["base"] == "nf4" else "lora": {"rank": int(row["lora"]), "targets": targets, "dropout": float(row.get("dropout") or 0)}}]
    return {
        "models": {"row": model(row)},
        "systems": {"lab": {"accelerator": CHIPS[row["gpu"]], "accelerators_per_node": max(n, 1), "scale_up_domain": max(n, 1),
                            "network": "50 GB/s", "source": "the row"}},
        "train": {"model": "row", "system": "lab", "stack": "hugging-face" if trainer else "pytorch", "accelerators": n,
                  "sequence": int(row["seq"]), "global_batch": batch * accumulation * n // tensor, "micro_batch": batch,
                  "layout": {"tensor": tensor}, "optimizations": optimizations,
                  # Four bits are widened by one compiled kernel here, not by a library's own.
                  **({"calibration": {"widen_weight": 11.8}} if row["base"] == "nf4" else {})},
    }


def estimate(row, settings=()):
    return dict(speedup.Scenario(job(row), settings=list(settings)).estimate().items())


def kind(row):
    if row["what"] != "train":
        return row["what"] + (" lora" if float(row["lora"]) else "")
    if row["mode"]:
        return f"{row['mode']} x{row['n']}"
    if row["precision"] in ("fp32", "tf32"):
        return row["precision"]
    words = (["lora"] if float(row["lora"]) else []) + [row["precision"], "llama" if model(row)["ffn_kind"] == "gated" else "gpt"]
    words += [row["attention"]] if row["attention"] != "flash" else []
    words += ["checkpointed"] if row["checkpoint"] in ("full", True) else []
    words += ["accumulated"] if int(row["accumulation"]) > 1 else []
    words += ["compiled"] if row["compiled"] in ("blocks", "whole") else []
    words += [row["optimizer"]] if row["optimizer"] != "fused" else []
    return " ".join(words)


def errors(values):
    e = [abs(v) for v in values]
    e.sort()
    return f"{100 * sum(e) / len(e):5.1f} {100 * e[len(e) // 2]:5.1f} {100 * e[int(0.9 * (len(e) - 1))]:5.1f} {100 * sum(values) / len(values):+6.1f}"


def inside(rows, key):
    return f"{100 * sum(values[key] for _, _, _, values in rows) / len(rows):4.0f}%"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--each", action="store_true")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--aside", help="only rows set aside (1), or only the others (0)")
    options = parser.parse_args()
    table, skipped = {}, {}
    for path in options.files:
        for row in read(path):
            if options.aside is not None and str(row["aside"]) != options.aside:
                continue
            if not row.get("step_s"):
                skipped["no time"] = skipped.get("no time", 0) + 1
                continue
            try:
                values = estimate(row, options.set)
            except speedup.SpeedupError as problem:
                skipped[str(problem).splitlines()[0]] = skipped.get(str(problem).splitlines()[0], 0) + 1
                continue
            time = math.log(values["step_seconds"] / float(row["step_s"]))
            used = math.log(values["memory_peak"] / float(row["used"])) if row.get("used") else None
            values["inside"] = abs(time) <= NORMAL * values["time_sigma"]
            values["inside_memory"] = used is not None and abs(used) <= NORMAL * values["memory_sigma"]
            table.setdefault(kind(row), []).append((row, time, used, values))
    everything = []
    print(f"{'kind':34}{'rows':>5}  time: mean median 90 % bias inside   memory: mean median 90 % bias inside")
    for name in sorted(table):
        rows = table[name]
        everything += rows
        memory = [u for _, _, u, _ in rows if u is not None]
        print(f"{name:34}{len(rows):5}  {errors([t for _, t, _, _ in rows])} {inside(rows, 'inside')}   {errors(memory) + ' ' + inside(rows, 'inside_memory') if memory else ''}")
        if options.each:
            for row, t, u, v in rows:
                print(f"    {row['gpu'][7:11]} {row.get('shape', ''):14} s{row['seq']} b{row['batch']} M{row['accumulation']} {1e3 * float(row['step_s']):8.1f} ms"
                      f" {100 * t:+6.1f}" + (f"  {float(row['used']) / 1e9:6.2f} GB {100 * u:+6.1f}" if u is not None else ""))
    memory = [u for _, _, u, _ in everything if u is not None]
    print(f"{'all':34}{len(everything):5}  {errors([t for _, t, _, _ in everything])} {inside(everything, 'inside')}   {errors(memory)} {inside(everything, 'inside_memory')}")
    for why, count in skipped.items():
        print(f"skipped {count}: {why}")


if __name__ == "__main__":
    main()
