"""What can be trained on one card: the longest sequence at micro-batch 1, by model, method and card.

    PYTHONPATH=python python3 examples/one_card.py

A model, a card, or a way to train is a line of the lists below; everything else is the library's. Where a job does not fit with
any sequence, the first of the usual means that leave training as it is are added, and named under the table.
"""
import speedup

MODELS = ["llama-2-7b", "llama-3-1-8b", "llama-2-13b", "qwen2-5-32b", "llama-3-1-70b"]
CARDS = ["rtx-4070-ti", "rtx-4080", "rtx-4090", "a6000", "h100-sxm-80gb"]
METHODS = {  # how it is called, the software, and the optimizations that it is
    "full, mixed precision": ("hugging-face", ["bf16-mixed-precision"]),
    "full, ZeRO-Offload": ("deepspeed", ["bf16-mixed-precision", "zero-offload"]),
    "full, bf16": ("hugging-face", ["pure-bf16"]),
    "full, bf16, 8-bit Adam, in backward": ("hugging-face", ["pure-bf16", "paged-adam-8bit", "optimizer-in-backward"]),
    "LoRA": ("hugging-face", ["bf16-mixed-precision", "lora"]),
    "QLoRA": ("hugging-face", ["bf16-mixed-precision", "qlora"]),
}
ALWAYS = ["activation-checkpointing"]
JOB = {"accelerators": 1, "sequence": 512, "global_batch": 1, "micro_batch": 1}
HOST = "128 GB"

catalog = speedup.Catalog().extend({"systems": {f"one-{card}": {
    "accelerator": card, "accelerators_per_node": 1, "host_memory": HOST} for card in CARDS}})
letters: dict[str, str] = {}  # of the sets of means that were needed


def cell(model: str, card: str, method: str) -> str:
    """The longest sequence, behind the letter of what it takes; a * where the model's window ends it."""
    stack, optimizations = METHODS[method]
    job = speedup.Scenario({"train": {**JOB, "model": model, "system": f"one-{card}", "stack": stack,
                                      "optimizations": [*optimizations, *ALWAYS]}}, catalog)
    mark, longest = "", job.largest("sequence")
    if not longest.value:
        found = job.remedies()
        if not found.sets or found.sets[0].alters_training:
            return "-"
        mark = letters.setdefault(" + ".join(found.sets[0].optimizations), chr(ord("a") + len(letters))) + " "
        longest = found.scenario(0).largest("sequence")
    return f"{mark}{longest.value}{'*' if longest.limit == 'window' else ''}"


heads = ["model", "method", *(f"{catalog.number('accelerators', card, 'memory') / 2**30:.0f} GiB" for card in CARDS)]
rows = [[model, method, *(cell(model, card, method) for card in CARDS)] for model in MODELS for method in METHODS]
widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
for row in [heads, *rows]:
    print("  ".join(text.ljust(width) if i < 2 else text.rjust(width) for i, (text, width) in enumerate(zip(row, widths))))
print()
print("* the model's window; memory allows more")
for means, letter in letters.items():
    print(f"{letter} with {means}")
