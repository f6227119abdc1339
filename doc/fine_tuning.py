"""The tables of fine-tuning.md: words, what each changes on one job, and software. It knows the catalog by the command alone.

doc/generate.py asks for them. A training optimization of the catalog that is neither in WORDS nor in ELSEWHERE stops it.
"""
import json
import re
import subprocess
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "data"

# Words by what people look for. Each is laid over the job of its group.
WORDS = {
    "Adapters": ["lora", "qlora", "int8-base", "int4-base"],
    "Precision": ["bf16-mixed-precision", "fp16-mixed-precision", "pure-bf16"],
    "Optimizers": ["fused-optimizer", "adam-8bit", "paged-adam", "paged-adam-8bit", "adafactor", "lion", "muon", "galore", "sgd",
                   "optimizer-in-backward", "loop-optimizer"],
    "Activations and loss": ["activation-checkpointing", "selective-checkpointing", "fused-loss", "torch-compile"],
    "Attention": ["sdpa", "flash-attention-2", "flash-attention-3", "efficient-attention", "unfused-attention"],
    "Host memory": ["activation-offload", "optimizer-offload", "zero-offload", "parameter-offload", "nvme-offload"],
    "Preferences and teachers": ["dpo", "orpo", "reward-model", "distillation", "grpo", "ppo"],
    "Several cards": ["communication-overlap", "zero-1", "zero-2", "zero-3", "fsdp", "hybrid-shard"],
}
# Training optimizations of pre-training runs, and of kernels that nobody names when fine-tuning.
ELSEWHERE = {"block-fp8-mixed-precision", "cuda-graphs", "cudnn-attention", "distributed-optimizer", "flash-attention-1",
             "fp8-mixed-precision", "fused-attention", "fused-casts", "fused-dispatch", "kernel-fusion", "mxfp8-mixed-precision",
             "nvfp4-mixed-precision", "sequence-parallelism", "tensor-overlap", "tf32", "zero-1-broadcast", "zero-1-grouped"}
STACKS = ["pytorch", "hugging-face", "trl", "axolotl", "llama-factory", "ms-swift", "unsloth", "torchtune", "accelerate-fsdp", "deepspeed"]

HARDWARE = {"flash-attention-3": "dgx-h100"}  # an A100, where nothing is said
JOB = ["--model", "llama-3-2-3b", "--stack", "hugging-face", "--set", "train.micro_batch=2", "--set", "train.layout.tensor=1",
       "--set", "train.layout.pipeline=1"]
CARDS = {"Several cards": 8}  # one, where nothing is said
BESIDE = {"Optimizers": ["activation-checkpointing"], "Several cards": ["activation-checkpointing"]}  # so that what they change is the peak
PRECISION = "bf16-mixed-precision"
SEQUENCES, TOKENS = 2, 2048   # of a card

PARTS = {"memory_weights": "weights", "memory_gradients": "gradients", "memory_optimizer": "optimizer states", "memory_activations": "activations",
         "memory_residual": "activations", "memory_scores": "scores", "memory_logits": "logits", "memory_buffers": "buffers",
         "memory_runtime": "allocator"}
TERMS = {"time_matmul": "products", "time_attention": "attention", "time_pointwise": "norms and gates", "time_head": "head and loss",
         "time_launch": "host", "time_optimizer": "update", "time_data": "exchange", "time_host": "host link"}
SMALL_BYTES, SMALL_SHARE = 0.1 * 2**30, 0.005  # what a cell does not name


def answer(speedup, *arguments):
    done = subprocess.run([speedup, *arguments, "--json"], capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise SystemExit(f"fine_tuning.py: {' '.join(arguments)}\n{done.stderr}")
    return json.loads(done.stdout)


def job(speedup, hardware, cards, optimizations):
    """Memory by part, time by term, and both sums, of the job with these optimizations."""
    said = answer(speedup, "estimate", *JOB, "--hardware", hardware, "--accelerators", str(cards), "--train", f"{SEQUENCES * cards}x{TOKENS}",
                  "--optimize", ",".join(optimizations))
    memory, time = {}, {}
    for part in said["memory"]:
        name = PARTS[part["metric"]]
        memory[name] = memory.get(name, 0) + part["bytes"]
    for term in said["time"]:
        if term["metric"] in TERMS:
            time[TERMS[term["metric"]]] = term["seconds"]
    step = said["answer"]["step_seconds"]["value"]
    time["casts"] = step - sum(time.values())  # what no term says: weights that are cast or widened
    return memory, time, said["answer"]["memory_peak"]["value"], step


def moved(before, after, small):
    """Names of what changed, the largest first."""
    changes = {name: after.get(name, 0) - before.get(name, 0) for name in {**before, **after}}
    return [name for name in sorted(changes, key=lambda name: (-abs(changes[name]), name)) if abs(changes[name]) >= small][:3]


def changes(speedup, group, word, needs):
    """What a word does to memory and to time of the job."""
    hardware, cards = HARDWARE.get(word, "dgx-a100-80gb"), CARDS.get(group, 1)
    alone = word in (PRECISION, "fp16-mixed-precision")
    base = [] if alone else [PRECISION, *BESIDE.get(group, []), *needs]
    with_ = [word] if alone or word == "pure-bf16" else [*base, word] if word != "qlora" else [PRECISION, word]
    memory, time, peak, step = job(speedup, hardware, cards, base)
    memory_with, time_with, peak_with, step_with = job(speedup, hardware, cards, with_)
    parts = moved(memory, memory_with, SMALL_BYTES)
    terms = moved(time, time_with, SMALL_SHARE * max(step, step_with))
    gib, share = (peak_with - peak) / 2**30, 100 * (step_with / step - 1)
    return (f"{gib:+.1f} GiB: {', '.join(parts)}" if parts else "as it was", f"{share:+.0f} %: {', '.join(terms)}" if terms else "as it was")


def needed(word):
    found = re.search(r"^    needs: \[(.*)\]", (DATA / "optimizations" / f"{word}.yaml").read_text(encoding="utf-8"), re.M)
    return found[1].split(", ") if found else []


def ticked(names):
    return ", ".join(f"`{name}`" for name in names or []) or "-"


def words_tables(speedup, table):
    listed = [entry["id"] for entry in answer(speedup, "catalog", "list", "optimizations")["optimizations"]]
    known = {word for words in WORDS.values() for word in words}
    text = ""
    for group, words in WORDS.items():
        rows = []
        for word in words:
            entry = answer(speedup, "catalog", "show", "optimizations", word)
            parameters = ", ".join(f"`{p['name']}` {p['value']:g}" for p in entry["parameters"] or []) or "-"
            memory, time = changes(speedup, group, word, needed(word))
            rows.append([f"`{word}`", entry["name"], memory, time, parameters, ticked(entry["also"]), entry["source"]])
        text += f"\n### {group}\n\n" + table(["word", "what it is", "memory", "one step", "parameters, with defaults", "names that lead to it",
                                              "source"], rows)
    for word in listed:
        if word not in known | ELSEWHERE and answer(speedup, "catalog", "show", "optimizations", word)["training"]:
            raise SystemExit(f"fine_tuning.py: say in WORDS or in ELSEWHERE where '{word}' belongs")
    return text


def stack_file(stack):
    """Its base, and what it says itself of what it always has; None where it says nothing."""
    text = (DATA / "stacks" / f"{stack}.yaml").read_text(encoding="utf-8")
    base, always = (re.search(rf"^    {key}: (.*)$", text, re.M) for key in ("base", "always"))
    return base[1] if base else None, re.findall(r"[\w-]+", always[1]) if always else None


def always(speedup, stack):
    base, own = stack_file(stack)
    if own is None:
        return always(speedup, base) if base else []
    return [word for word in own if answer(speedup, "catalog", "show", "optimizations", word)["training"]]


def stacks_table(speedup, table):
    shown = {stack: answer(speedup, "catalog", "show", "stacks", stack) for stack in STACKS}
    rows = []
    for stack, entry in shown.items():
        base, has = stack_file(stack)[0], entry["calibration"]
        under = shown[base]["calibration"] if base else {}
        own = [name for name, value in has.items() if under.get(name) != value]
        rows.append([f"`{stack}`", entry["name"], f"`{base}`" if base else "-", ticked(always(speedup, stack)),
                     "fp32, cast for every pass" if has.get("autocast") else "16 bits, beside fp32 masters",
                     f"{has['kept_gradient']:g}, {has['reduced_gradient']:g} B", entry["provenance"],
                     f"{len(own)}, all" if not base else ticked(own) if len(own) < 20 else f"{len(own)}", entry["source"]])
    return table(["stack", "what it is", "on top of", "always has", "weights under mixed precision", "a gradient, kept and sent", "its numbers are",
                  "numbers of its own", "source"], rows)
