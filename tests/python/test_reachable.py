"""No job is faster than its products can be: utilization of the model's operations and of those that are done."""
import random

import speedup

JOBS = 100000
SYSTEMS = [("dgx-h100", 8), ("dgx-a100-80gb", 8), ("workstation-rtx-4090", 1), ("dgx-1-v100", 8), ("dgx-b200", 8), ("mi300x-platform", 8),
           ("server-l40s-8", 8), ("aws-g5", 8), ("gb200-nvl72", 4), ("hls-gaudi3", 8), ("tpu-v5e-pod", 8), ("azure-nc40ads-h100-v5", 1)]
STACKS = ["hugging-face", "pytorch", "torchtune", "unsloth", "deepspeed", "megatron-core", "pytorch-fsdp"]
ALTERNATIVES = [
    ["bf16-mixed-precision", "pure-bf16", "fp16-mixed-precision", "fp8-mixed-precision", "tf32", None],
    [None, "lora", "qlora", {"lora": {"rank": 1, "targets": ["q_proj"]}}, {"lora": {"rank": 256}}, {"lora": {"share": 0.5}}],
    [None, None, "activation-checkpointing", "selective-checkpointing"],
    [None, "flash-attention-2", "sdpa", "flash-attention-3", "cudnn-attention", "unfused-attention"],
    [None, None, "adam-8bit", "sgd", "lion", "muon", "adafactor", "galore", "paged-adam-8bit", "zero-offload"],
    [None, None, "torch-compile", "kernel-fusion", "fused-loss"],
    [None] * 6 + ["dpo", "orpo", "distillation", "reward-model"],
]


def any_job(chance, models):
    system, accelerators = chance.choice(SYSTEMS)
    accelerators = chance.choice([1, accelerators])
    micro_batch, accumulation = chance.choice([1, 1, 2, 4, 8, 64]), chance.choice([1, 1, 4])
    return {"train": {
        "model": chance.choice(models), "system": system, "stack": chance.choice(STACKS), "accelerators": accelerators,
        "sequence": chance.choice([128, 512, 1024, 2048]), "micro_batch": micro_batch,
        "global_batch": micro_batch * accumulation * accelerators,
        "optimizations": [o for o in map(chance.choice, ALTERNATIVES) if o]}}


def test_nothing_is_faster_than_its_products():
    catalog = speedup.Catalog()
    shown = lambda kind: catalog.show(kind, format="json")[kind]
    models = [entry["id"] for entry in shown("models")]
    chips = {entry["id"]: catalog.show("systems", entry["id"], "json")["accelerator"] for entry in shown("systems")}

    def peak(chip, format):
        try:
            return catalog.number(*chip, "peak." + format)
        except speedup.SpeedupError:
            return 0

    def coefficient(name, *entries):
        for kind, id in entries:
            try:
                return catalog.number(kind, id, "calibration." + name)
            except speedup.SpeedupError:
                pass
        return catalog.number("coefficients", name, "value")

    chance, reach, judged = random.Random(20261127), {}, 0
    for _ in range(JOBS):
        job = any_job(chance, models)
        train = job["train"]
        try:
            values = dict(speedup.Scenario(job, catalog).estimate().items())
        except speedup.SpeedupError:
            continue  # a method that model or chip lacks
        wide = not any(o in ALTERNATIVES[0] for o in train["optimizations"] if isinstance(o, str))
        key = train["system"], train["stack"], "fp8-mixed-precision" in train["optimizations"], wide
        if key not in reach:
            chip = ("accelerators", chips[key[0]])
            stack = ("stacks", key[1])
            reach[key] = coefficient("matmul_efficiency", chip) * coefficient("matmul_sustained", chip) * coefficient("library_rate", stack, chip)
            if key[2]:
                reach[key] *= coefficient("matmul_gain_fp8", stack, chip) * catalog.number(*chip, "peak.fp8") / catalog.number(*chip, "peak.bf16")
            if wide:  # fused attention multiplies numbers of 32 bits by three products in TF32 each
                reach[key] = max(reach[key], coefficient("wide_attention", chip) * peak(chip, "tf32") / 3 / (peak(chip, "fp32") or 1))
        assert 0 <= values["model_utilization"] <= values["hardware_utilization"] * (1 + 1e-9) and \
            values["hardware_utilization"] <= reach[key], job
        judged += 1
    assert judged > JOBS / 3
