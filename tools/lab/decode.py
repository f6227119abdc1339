"""Measured decoding as static batches: what each row of a lab's JSON lines is in the words of `generate:`.

    python3 tools/lab/decode.py FILE ... [--each] [--set PATH=VALUE] [--check]

prints the errors of time by kind of row; --each every row, beside the time that reading its weights and its cache takes at the
datasheet's bandwidth. Needs the Python package of this tree and its library, as rows.py, whose words it shares.
"""
import argparse
import math
import sys

import speedup

import rows as lab

# Four bits are multiplied by PyTorch's own kernel (torch._weight_int4pack_mm); a format says no more than its bits.
WEIGHTS = {"bf16": [], "fp8": ["fp8-weights"], "int4": ["gptq"]}
GRAPHS, COMPILED, FUSED = ["cuda-graphs"], ["torch-compile"], ["fused-prefill-attention"]
SYSTEM = {"accelerators_per_node": 1, "scale_up_domain": 1, "network": "50 GB/s", "source": "the row"}
OUTPUT = 128  # tokens that generate() was asked for, taken; a step's time is its mean
BYTES = {"bf16": 2, "fp8": 1, "int4": 0.5 + 4 / 128}  # of a weight of a layer; groups of 128
# Most that the mean error of a kind may be; generate() is as slow as its host, and two hosts differ by twice: the aim is 0.15.
LIMITS = {"graph bf16": 0.10, "graph fp8": 0.10, "graph int4": 0.20, "eager bf16": 0.15, "hf-generate": 0.40}


def model(row):
    return {**lab.model(row), "max_sequence": 131072}


def measures(row):
    """(kind, seconds, document, metric) of what a row measures."""
    what, weights, batch = row["what"], row.get("weights", "bf16"), int(row["batch"])

    def said(prompt, output, optimizations, stack="pytorch-generation"):
        return {"models": {"row": model(row)}, "systems": {"lab": {"accelerator": lab.CHIPS[row["gpu"]], **SYSTEM}},
                "generate": {"model": "row", "system": "lab", "stack": stack, "accelerators": 1, "batch": batch, "prompt": int(prompt),
                             "output": output, "optimizations": optimizations}}

    words = WEIGHTS[weights] + FUSED
    if what == "decode":
        yield f"graph {weights}", 1e-3 * row["graph_ms"], said(row["context"], 2, words + GRAPHS), "time_per_output_token"
        if row["eager_ms"]:
            yield f"eager {weights}", 1e-3 * row["eager_ms"], said(row["context"], 2, words), "time_per_output_token"
    elif what == "verify":  # drafts that cost nothing and of which none is taken leave a step that verifies them
        drafted = {"speculative-decoding": {"draft_tokens": int(row["tokens"]) - 1, "acceptance": 0, "draft_cost": 0}}
        yield f"verify {weights}", 1e-3 * row["graph_ms"], said(row["context"], 2, words + GRAPHS + [drafted]), "decode_seconds"
    elif what == "prefill":
        yield f"prefill {weights}", 1e-3 * row["ms"], said(row["tokens"], 1, words), "time_to_first_token"
    elif what in ("hf-generate", "hf-static"):
        document = said(row["prompt"], OUTPUT, GRAPHS + COMPILED if what == "hf-static" else [], "hugging-face")
        yield what, row["per_token_s"], document, "time_per_output_token"
        yield what + ", first", row["first_s"], document, "time_to_first_token"


def least(row):
    """Seconds to read weights and cache once at the datasheet's bandwidth: of the layers, of the head, of the cache."""
    shape, bandwidth = model(row), {"h200-sxm-141gb": 4.8e12, "h100-sxm-80gb": 3.35e12}[lab.CHIPS[row["gpu"]]]
    hidden, width, context = shape["hidden"], shape["head_dim"], int(row.get("context") or row.get("prompt") or 0)
    layer = hidden * width * (2 * shape["heads"] + 2 * shape["kv_heads"]) + 3 * hidden * shape["ffn"]
    weights = shape["layers"] * layer * BYTES[row.get("weights", "bf16")]
    cache = shape["layers"] * 4 * shape["kv_heads"] * width * context * int(row["batch"])
    return weights / bandwidth, 2 * hidden * shape["vocab"] / bandwidth, cache / bandwidth


def judged(files, settings=()):
    """{kind: [(row, seconds, estimated, error, inside)]}, and how many were refused, by reason."""
    table, refused = {}, {}
    for path in files:
        for row in lab.read(path):
            for kind, seconds, document, metric in measures(row):
                try:
                    values = dict(speedup.Scenario(document, settings=list(settings)).estimate().items())
                except speedup.SpeedupError as problem:
                    why = kind + ": " + str(problem).splitlines()[0]
                    refused[why] = refused.get(why, 0) + 1
                    continue
                error = math.log(values[metric] / seconds)
                sigma = values["first_token_sigma" if metric == "time_to_first_token" else "time_sigma"]
                table.setdefault(kind, []).append((row, seconds, values[metric], error, abs(error) <= lab.NORMAL * sigma))
    return table, refused


def each(found):
    for row, seconds, estimated, error, inside in found:
        layers, head, cache = least(row)
        read = layers + head + cache
        words = f"{row['gpu'][7:11]} {row['shape']:12} b{row['batch']:<4} {row.get('context') or row.get('prompt') or row.get('tokens'):>5}"
        words += f" x{row['tokens']}" if row["what"] == "verify" else ""
        print(f"    {words:34}{1e3 * seconds:9.3f} ms {1e3 * estimated:9.3f} {100 * error:+7.1f} {'' if inside else 'out':4}"
              f" reads {1e3 * read:7.3f} ms ({1e3 * layers:.3f} + {1e3 * head:.3f} + {1e3 * cache:.3f}), {100 * read / seconds:5.1f} % of the bandwidth,"
              f" {1e6 * (seconds - read) / model(row)['layers']:7.1f} us a layer more")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--each", action="store_true")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--check", action="store_true", help="the limits make the exit status")
    options = parser.parse_args()
    table, refused = judged(options.files, options.set)
    failed = []
    print(f"{'kind':24}{'rows':>5}   mean median 90 %   bias inside")
    for kind in sorted(table):
        found = table[kind]
        inside = sum(r[4] for r in found) / len(found)
        print(f"{kind:24}{len(found):5}  {lab.errors([r[3] for r in found])} {100 * inside:4.0f}%")
        if options.each:
            each(found)
        error = sum(abs(r[3]) for r in found) / len(found)
        if error > LIMITS.get(kind, math.inf):
            failed.append(f"{kind}: mean error {100 * error:.1f} %, at most {100 * LIMITS[kind]:.0f} % is asked for")
    for why, count in refused.items():
        print(f"refused {count}: {why}")
    if failed:
        print("beyond the limits" + "".join("\n  " + text for text in failed))
    return 1 if failed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
