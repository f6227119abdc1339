"""What others published of the memory that a method takes, beside what is estimated for it.

    PYTHONPATH=python python3 examples/published_memory.py

A figure is a line of PUBLISHED. Nothing is fitted to them. The card has all the room that is asked for.
"""
from collections.abc import Sequence

import speedup

PAPER, TORCHTUNE, FACTORY = "QLoRA, arXiv 2305.14314", "torchtune, README", "LLaMA-Factory, README"
MIXED, PURE, LORA, QLORA = ["bf16-mixed-precision"], ["pure-bf16"], ["bf16-mixed-precision", "lora"], ["bf16-mixed-precision", "qlora"]
LEAN = ["pure-bf16", "paged-adam-8bit", "optimizer-in-backward"]
CHUNKS = [{"fused-loss": {"chunks": 8}}, {"torch-compile": {"whole": 1}}]
GB, GIB = 1e9, 2**30
Figure = tuple[str, str, str, str, Sequence[object], tuple[int, int], float, float, bool]
PUBLISHED: list[Figure] = [  # source, model, method, software, optimizations, batch x sequence, published, unit, whether it is a limit
    (PAPER, "llama-33b", "QLoRA", "hugging-face", [*QLORA, "paged-adam"], (1, 512), 24, GB, True),
    (PAPER, "llama-65b", "QLoRA", "hugging-face", [*QLORA, "paged-adam"], (1, 512), 48, GB, True),
    (TORCHTUNE, "llama-3-1-8b", "full", "torchtune", [*LEAN, *CHUNKS], (2, 2048), 18.9, GIB, False),
    (TORCHTUNE, "llama-3-1-8b", "LoRA", "torchtune",
     ["pure-bf16", {"lora": {"rank": 8, "targets": ["q_proj", "v_proj"]}}, *CHUNKS], (2, 2048), 16.2, GIB, False),
    (TORCHTUNE, "llama-3-1-8b", "QLoRA", "torchtune",
     ["pure-bf16", {"qlora": {"rank": 8, "targets": ["q_proj", "v_proj"]}}, *CHUNKS], (2, 2048), 7.4, GIB, False),
    *((FACTORY, model, method, "llama-factory", optimizations, (1, 512), published, GB, False)
      for method, optimizations, row in (("full, mixed precision", MIXED, (120, 240, 600, 1200)), ("full, bf16", PURE, (60, 120, 300, 600)),
                                         ("LoRA", LORA, (16, 32, 64, 160)), ("QLoRA", QLORA, (6, 12, 24, 48)))
      for model, published in zip(("llama-2-7b", "qwen2-5-14b", "llama-33b", "llama-2-70b"), row)),
]
CLOSE = 0.15  # share that a published figure may differ by, and agree

catalog = speedup.Catalog().extend({
    "accelerators": {"roomy": {"base": "a100-sxm-80gb", "memory": "8 TB"}},
    "systems": {"roomy": {"accelerator": "roomy", "accelerators_per_node": 1, "host_memory": "8 TB"}}})


def row(source: str, model: str, method: str, stack: str, optimizations: Sequence[object], batch: tuple[int, int], published: float,
        unit: float, limit: bool) -> list[str]:
    """Cells of a figure; torchtune reports what is allocated, others what the card has to hold."""
    job = speedup.Scenario({"train": {
        "model": model, "system": "roomy", "stack": stack, "accelerators": 1, "micro_batch": batch[0], "global_batch": batch[0],
        "sequence": batch[1], "optimizations": [*optimizations, "activation-checkpointing"]}}, catalog)
    estimated = job.estimate()["memory_allocated" if source == TORCHTUNE else "memory_needed"] / unit
    agrees = estimated <= published if limit else abs(estimated / published - 1) <= CLOSE
    return [source, model, method, f"{batch[0]} x {batch[1]}", f"{'at most ' if limit else ''}{published:g} {'GB' if unit == GB else 'GiB'}",
            f"{estimated:.1f}", "yes" if agrees else f"no, {100 * (estimated / published - 1):+.0f} %"]


rows = [["source", "model", "method", "tokens", "published", "estimated", "agrees"], *(row(*figure) for figure in PUBLISHED)]
widths = [max(len(line[i]) for line in rows) for i in range(len(rows[0]))]
for line in rows:
    print("  ".join(text.rjust(width) if i in (4, 5) else text.ljust(width) for i, (text, width) in enumerate(zip(line, widths))).rstrip())
