"""Takes whole training steps on this machine's GPUs, one configuration a process, and writes one CSV.

    python3 tools/lab/steps.py SET --out steps.csv [--seconds 500] [--only WORDS]
    python3 tools/lab/steps.py SET --list           # the configurations as JSON, without PyTorch

SET is h100, h200, pair, quad, fresh, fresh-pair or words (below). Each configuration runs in a process of its own, forked before any GPU
is touched, so that what the driver says is in use is this job's alone. Warm-up, then steps with a wait after
each (step_s, the median) and as many without (async_s, the mean). Synthetic tokens; nothing of libspeedup.
"""
import argparse
import csv
import hashlib
import json
import os
import statistics
import sys
import tempfile
import time

SHAPES = {  # layers, hidden, heads, kv, width, ffn, vocabulary, gated, tied
    "gpt-124m": (12, 768, 12, 12, 64, 3072, 50304, 0, 1),
    "gpt-350m": (24, 1024, 16, 16, 64, 4096, 50304, 0, 1),
    "gpt-774m": (36, 1280, 20, 20, 64, 5120, 50304, 0, 1),
    "gpt-1b3": (24, 2048, 16, 16, 128, 8192, 50304, 0, 1),
    "gpt-1b3-untied": (24, 2048, 16, 16, 128, 8192, 50304, 0, 0),
    "gpt-2b6": (32, 2560, 20, 20, 128, 10240, 50304, 0, 1),
    "gpt-6b7": (32, 4096, 32, 32, 128, 16384, 50304, 0, 1),
    "qwen-0b5": (24, 896, 14, 2, 64, 4864, 151936, 1, 1),
    "llama-1b1": (22, 2048, 32, 4, 64, 5632, 32000, 1, 0),
    "llama-1b": (16, 2048, 32, 8, 64, 8192, 128256, 1, 1),
    "qwen-1b5": (28, 1536, 12, 2, 128, 8960, 151936, 1, 1),
    "llama-3b": (28, 3072, 24, 8, 128, 8192, 128256, 1, 1),
    "llama-7b": (32, 4096, 32, 32, 128, 11008, 32000, 1, 0),
    "llama-8b": (32, 4096, 32, 8, 128, 14336, 128256, 1, 0),
    "llama-8b-8": (8, 4096, 32, 8, 128, 14336, 32000, 1, 0),  # its first eight layers, for what is counted by layer
    "llama-7b-8": (8, 4096, 32, 32, 128, 11008, 32000, 1, 0),
}
EXPERTS = {  # layers, hidden, heads, kv, width, ffn of an expert, vocabulary, experts, active
    "moe-64x1024": (8, 2048, 16, 16, 128, 1024, 50304, 64, 8),
    "moe-32x1408": (8, 2048, 16, 16, 128, 1408, 50304, 32, 6),
    "moe-8x3584": (8, 1536, 12, 12, 128, 3584, 32000, 8, 2),
    "moe-8x7168": (4, 4096, 32, 8, 128, 7168, 32000, 8, 2),
    "moe-128x768": (6, 2048, 32, 4, 64, 768, 151936, 128, 8),
}


def plain(shape, seq, batch, **more):
    return {"what": "train", "shape": shape, "seq": seq, "batch": batch, "precision": "amp", "attention": "flash",
            "optimizer": "fused", **more}


def trainer(shape, seq, batch, **more):
    return {"what": "hf-trainer", "shape": shape, "seq": seq, "batch": batch, "precision": "amp", "optimizer": "fused",
            **more}


def experts(shape, seq, batch, **more):
    return {"what": "moe", "shape": shape, "seq": seq, "batch": batch, "precision": "amp", "attention": "flash",
            "optimizer": "fused", **more}


def multi(mode, shape, seq, batch, **more):
    precision = "pure" if mode == "tp" else "bf16-gathered" if mode.startswith("fsdp") else "amp"
    return {"what": "train", "mode": mode, "shape": shape, "seq": seq, "batch": batch, "precision": precision,
            "attention": "flash",
            "optimizer": "fused", **more}


CK, BLOCKS, WHOLE, PURE = {"checkpoint": "full"}, {"compiled": "blocks"}, {"compiled": "whole"}, {"precision": "pure"}

H100 = [
    # two rows that others have measured: the same program?
    plain("gpt-1b3", 1024, 4), plain("gpt-1b3", 2048, 4, optimizer="sgd"),
    # shapes and lengths, eager, autocast
    plain("gpt-124m", 1024, 1), plain("gpt-124m", 1024, 8), plain("gpt-124m", 1024, 32), plain("gpt-350m", 1024, 4),
    plain("gpt-350m", 1024, 16),
    plain("gpt-350m", 512, 2), plain("gpt-774m", 1024, 8), plain("gpt-2b6", 2048, 2), plain("gpt-1b3", 4096, 2),
    plain("gpt-1b3", 512, 8),
    plain("gpt-1b3", 8192, 1, attention="cudnn"), plain("gpt-350m", 1024, 16, attention="cudnn"),
    plain("gpt-350m", 8192, 2),
    plain("llama-1b1", 2048, 1), plain("llama-1b1", 2048, 4), plain("llama-1b", 2048, 2), plain("llama-1b", 512, 1),
    plain("qwen-0b5", 2048, 4),
    plain("qwen-1b5", 2048, 2), plain("llama-3b", 2048, 1), plain("llama-1b1", 4096, 2, attention="cudnn"),
    plain("qwen-0b5", 1024, 1),
    # precision, attention
    plain("gpt-350m", 1024, 8, precision="fp32", attention="unfused"),
    plain("gpt-350m", 1024, 8, precision="tf32", attention="unfused"),
    plain("gpt-350m", 1024, 8, attention="unfused"), plain("gpt-350m", 2048, 4, attention="unfused"),
    plain("gpt-350m", 1024, 8, attention="efficient"),
    plain("gpt-350m", 2048, 4, precision="tf32", attention="efficient"),
    plain("llama-1b1", 2048, 2, attention="unfused", **PURE),
    # bf16 throughout
    plain("gpt-350m", 1024, 16, **PURE), plain("gpt-2b6", 2048, 4, **PURE), plain("llama-1b1", 2048, 8, **PURE),
    plain("llama-3b", 2048, 4, **PURE),
    plain("qwen-1b5", 4096, 1, **PURE), plain("llama-8b", 2048, 1, **PURE, **CK), plain("gpt-124m", 1024, 4, **PURE),
    plain("llama-1b", 8192, 1, **PURE),
    # checkpoint
    plain("gpt-350m", 1024, 16, **CK), plain("gpt-2b6", 2048, 4, **CK), plain("llama-1b1", 2048, 8, **CK),
    plain("llama-1b", 8192, 2, **CK),
    plain("llama-3b", 4096, 2, **CK), plain("gpt-774m", 512, 2, **CK),
    # optimizer, accumulation
    plain("gpt-774m", 1024, 4, optimizer="foreach"), plain("gpt-774m", 1024, 4, optimizer="loop"),
    plain("llama-1b1", 2048, 2, optimizer="sgd"),
    plain("gpt-350m", 1024, 8, optimizer="foreach", **PURE), plain("gpt-350m", 1024, 4, accumulation=4),
    plain("llama-1b1", 2048, 2, accumulation=8),
    plain("gpt-1b3", 1024, 1, accumulation=4, **PURE),
    # adapters, written out
    plain("llama-8b", 2048, 2, lora=16, **PURE), plain("llama-8b", 512, 1, lora=16, **PURE),
    plain("llama-3b", 2048, 4, lora=64, **PURE, **CK),
    plain("llama-8b", 2048, 2, lora=16, base="nf4", **PURE),
    plain("llama-8b", 1024, 4, lora=16, base="nf4", **PURE, **CK),
    # Transformers' Trainer
    trainer("llama-1b", 1024, 2), trainer("llama-1b1", 2048, 4), trainer("llama-1b1", 512, 2),
    trainer("qwen-0b5", 1024, 8), trainer("llama-3b", 1024, 2, **PURE),
    trainer("llama-1b1", 2048, 4, **CK), trainer("llama-1b1", 1024, 2, accumulation=4),
    trainer("llama-8b", 1024, 2, lora=16),
    trainer("llama-8b", 512, 1, lora=16), trainer("llama-8b", 2048, 4, lora=16, **CK),
    trainer("llama-1b1", 1024, 8, lora=8),
    trainer("llama-8b", 1024, 2, lora=16, base="nf4", **CK), trainer("llama-1b1", 2048, 8, **PURE),
    # mixtures of experts
    experts("moe-64x1024", 2048, 2, **PURE), experts("moe-32x1408", 4096, 2, **PURE), experts("moe-8x3584", 2048, 4),
    experts("moe-8x3584", 4096, 4, **PURE),
    experts("moe-8x7168", 2048, 4, **PURE), experts("moe-128x768", 2048, 2, **PURE), experts("moe-8x3584", 1024, 1),
    # compiled: half a minute each, so last
    plain("gpt-350m", 1024, 16, **BLOCKS), plain("llama-1b1", 2048, 4, **BLOCKS),
    plain("gpt-2b6", 2048, 4, **PURE, **BLOCKS),
    plain("llama-3b", 2048, 2, **PURE, **BLOCKS), plain("gpt-350m", 1024, 2, **BLOCKS),
    plain("llama-1b1", 2048, 8, **BLOCKS, **CK),
    plain("gpt-774m", 1024, 8, **BLOCKS, **CK), plain("gpt-124m", 1024, 16, **WHOLE),
    plain("llama-1b", 2048, 2, **BLOCKS, attention="cudnn"),
]

H200 = [
    plain("gpt-1b3", 1024, 4),
    plain("gpt-124m", 512, 4), plain("gpt-124m", 2048, 16), plain("gpt-350m", 2048, 8), plain("gpt-774m", 1024, 1),
    plain("gpt-774m", 2048, 8),
    plain("gpt-2b6", 2048, 1), plain("gpt-2b6", 2048, 6), plain("gpt-6b7", 2048, 1), plain("gpt-1b3", 16384, 1),
    plain("gpt-1b3", 1024, 24),
    plain("gpt-1b3", 32768, 1, attention="cudnn", **CK), plain("gpt-350m", 16384, 1, attention="cudnn"),
    plain("llama-1b1", 1024, 2), plain("llama-1b1", 2048, 12), plain("llama-1b", 4096, 4), plain("qwen-0b5", 4096, 8),
    plain("qwen-1b5", 1024, 8),
    plain("llama-3b", 2048, 4), plain("llama-3b", 8192, 1, attention="cudnn"), plain("llama-1b1", 16384, 1),
    plain("gpt-1b3", 512, 8, precision="fp32", attention="unfused"),
    plain("llama-1b1", 1024, 8, precision="tf32", attention="efficient"),
    plain("gpt-1b3", 4096, 2, attention="unfused"), plain("llama-1b1", 2048, 4, attention="unfused"),
    plain("gpt-774m", 2048, 4, attention="efficient"),
    plain("gpt-1b3", 8192, 1, attention="unfused", **PURE), plain("qwen-0b5", 2048, 8, attention="cudnn"),
    plain("gpt-774m", 1024, 16, **PURE), plain("gpt-6b7", 2048, 4, **PURE), plain("llama-8b", 2048, 2, **PURE),
    plain("llama-7b", 4096, 1, **PURE),
    plain("llama-1b", 2048, 16, **PURE), plain("qwen-0b5", 2048, 2, **PURE), plain("llama-3b", 1024, 1, **PURE),
    plain("gpt-350m", 1024, 64, **PURE),
    plain("llama-8b", 8192, 2, **PURE, **CK), plain("llama-7b", 2048, 1, **CK), plain("gpt-774m", 2048, 16, **CK),
    plain("llama-3b", 16384, 1, attention="cudnn", **CK),
    plain("qwen-1b5", 4096, 4, **CK), plain("llama-1b1", 512, 1, **CK), plain("gpt-6b7", 2048, 2, **PURE, **CK),
    plain("llama-1b", 2048, 4, optimizer="foreach"), plain("gpt-2b6", 1024, 4, optimizer="loop"),
    plain("gpt-2b6", 1024, 4, optimizer="sgd"),
    plain("llama-3b", 2048, 2, accumulation=4), plain("gpt-774m", 1024, 4, accumulation=8, **PURE),
    plain("llama-1b", 1024, 1, accumulation=8),
    plain("llama-8b", 4096, 2, lora=16, **PURE), plain("llama-8b", 1024, 1, lora=16, **PURE),
    plain("llama-7b", 2048, 4, lora=64, **PURE, **CK),
    plain("llama-8b", 2048, 1, lora=16, base="nf4", **PURE),
    trainer("llama-1b", 4096, 2), trainer("llama-1b1", 1024, 16), trainer("llama-3b", 2048, 2),
    trainer("qwen-0b5", 512, 2), trainer("llama-8b", 2048, 2, **PURE),
    trainer("llama-3b", 4096, 2, **CK), trainer("llama-1b1", 512, 1, accumulation=8),
    trainer("llama-8b", 2048, 2, lora=16),
    trainer("llama-8b", 256, 1, lora=16), trainer("llama-8b", 4096, 2, lora=64, **CK),
    trainer("llama-3b", 1024, 8, lora=16),
    trainer("llama-8b", 2048, 2, lora=16, base="nf4", **CK), trainer("qwen-1b5", 2048, 4, **PURE),
    experts("moe-64x1024", 4096, 2), experts("moe-64x1024", 4096, 8, **PURE), experts("moe-32x1408", 2048, 4),
    experts("moe-32x1408", 1024, 1),
    experts("moe-8x7168", 4096, 2), experts("moe-8x7168", 4096, 4, **PURE), experts("moe-128x768", 4096, 2, **PURE),
    experts("moe-128x768", 1024, 4),
    plain("gpt-774m", 2048, 8, **BLOCKS), plain("llama-1b", 4096, 4, **BLOCKS),
    plain("llama-8b", 2048, 2, **PURE, **BLOCKS),
    plain("gpt-6b7", 2048, 4, **PURE, **BLOCKS, attention="cudnn"), plain("qwen-0b5", 1024, 2, **BLOCKS),
    plain("llama-3b", 4096, 2, **BLOCKS, **CK),
    plain("gpt-350m", 1024, 8, **WHOLE), plain("llama-1b1", 2048, 12, **PURE, **BLOCKS),
    plain("gpt-1b3", 1024, 8, precision="tf32", attention="unfused", **BLOCKS),
]

PAIR = [
    multi("ddp", "gpt-1b3", 2048, 4),
    multi("ddp", "gpt-350m", 1024, 2), multi("ddp", "gpt-350m", 1024, 16), multi("ddp", "llama-1b1", 2048, 1),
    multi("ddp", "llama-1b1", 2048, 4),
    multi("ddp", "gpt-124m", 1024, 16), multi("ddp-nooverlap", "llama-1b1", 2048, 4),
    multi("ddp", "gpt-774m", 1024, 4, accumulation=4),
    multi("ddp", "llama-1b", 2048, 2), multi("ddp", "gpt-774m", 2048, 8, **CK),
    multi("zero1", "gpt-774m", 1024, 4), multi("zero1", "llama-1b1", 2048, 4), multi("zero1", "gpt-350m", 1024, 16),
    multi("fsdp", "gpt-350m", 1024, 4), multi("fsdp", "gpt-774m", 2048, 8), multi("fsdp", "llama-1b1", 2048, 1),
    multi("fsdp", "llama-1b1", 2048, 4),
    multi("fsdp", "llama-3b", 2048, 2), multi("fsdp", "llama-3b", 4096, 2, **CK), multi("fsdp", "gpt-2b6", 2048, 4),
    multi("fsdp", "llama-8b", 2048, 1, **CK),
    multi("fsdp", "llama-1b", 2048, 2, accumulation=4), multi("fsdp-zero2", "llama-1b1", 2048, 1),
    multi("fsdp-zero2", "llama-3b", 2048, 2),
    multi("fsdp-zero2", "gpt-774m", 1024, 8), multi("fsdp-zero2", "llama-1b1", 2048, 2, accumulation=4),
    multi("tp", "llama-1b1", 2048, 2), multi("tp", "llama-1b1", 2048, 8), multi("tp", "llama-8b", 2048, 2),
    multi("tp", "llama-7b", 2048, 4), multi("tp", "gpt-1b3-untied", 1024, 2),
    multi("tp", "llama-7b", 4096, 2, **CK), multi("tp", "llama-1b1", 4096, 4),
    multi("ddp", "llama-1b1", 2048, 4, **BLOCKS), multi("fsdp", "llama-1b1", 2048, 4, **BLOCKS),
    multi("fsdp", "gpt-774m", 2048, 8, **BLOCKS),
    multi("tp", "llama-7b", 2048, 4, **BLOCKS), multi("fsdp-zero2", "llama-3b", 2048, 2, **BLOCKS),
]

QUAD = [
    multi("fsdp", "gpt-1b3", 2048, 4),
    multi("ddp", "gpt-350m", 1024, 8), multi("ddp", "llama-1b1", 2048, 2), multi("ddp", "gpt-774m", 1024, 8),
    multi("ddp-nooverlap", "gpt-774m", 1024, 8),
    multi("ddp", "llama-1b", 1024, 2, accumulation=4), multi("zero1", "llama-1b1", 2048, 2),
    multi("zero1", "llama-1b", 2048, 4),
    multi("fsdp", "llama-1b1", 2048, 2), multi("fsdp", "llama-1b1", 2048, 8), multi("fsdp", "llama-3b", 2048, 1),
    multi("fsdp", "llama-3b", 2048, 4),
    multi("fsdp", "llama-8b", 2048, 2), multi("fsdp", "llama-8b", 4096, 2, **CK), multi("fsdp", "gpt-350m", 1024, 16),
    multi("fsdp-zero2", "llama-3b", 2048, 1), multi("fsdp-zero2", "llama-8b", 2048, 1),
    multi("fsdp", "gpt-774m", 1024, 4, accumulation=4),
    multi("tp", "llama-8b", 2048, 4), multi("tp", "llama-7b", 2048, 8), multi("tp", "llama-1b1", 2048, 8),
    multi("tp", "llama-8b", 8192, 1, **CK),
    multi("ddp", "gpt-774m", 1024, 8, **BLOCKS), multi("fsdp", "llama-3b", 2048, 4, **BLOCKS),
    multi("fsdp", "llama-8b", 2048, 2, **BLOCKS, **CK),
]
# Chosen after the model was fitted, to see it fail: none of these rows was ever fitted.
FRESH = [
    plain("gpt-350m", 2048, 4), plain("gpt-774m", 4096, 2), plain("gpt-1b3", 2048, 6), plain("gpt-2b6", 1024, 8),
    plain("llama-1b1", 4096, 2), plain("llama-1b", 1024, 8), plain("qwen-1b5", 2048, 2), plain("llama-3b", 1024, 4),
    plain("qwen-0b5", 1024, 16), plain("gpt-1b3", 1024, 8, attention="cudnn"), plain("llama-1b1", 8192, 1, attention="cudnn"),
    plain("gpt-774m", 2048, 4, attention="unfused"), plain("gpt-350m", 1024, 16, precision="tf32"),
    plain("gpt-774m", 1024, 8, **PURE), plain("llama-1b1", 2048, 6, **PURE), plain("llama-3b", 2048, 2, **PURE),
    plain("qwen-1b5", 2048, 4, **PURE), plain("gpt-1b3", 2048, 4, **CK), plain("llama-1b", 4096, 2, **CK),
    plain("llama-3b", 4096, 1, **PURE, **CK), plain("gpt-774m", 1024, 4, accumulation=4), plain("llama-1b1", 1024, 4, accumulation=4),
    plain("gpt-1b3", 2048, 2, optimizer="foreach"), plain("llama-1b1", 2048, 2, optimizer="loop"),
    plain("llama-3b", 2048, 2, lora=16, **PURE), plain("llama-8b", 1024, 2, lora=32, **PURE),
    trainer("llama-1b1", 2048, 2), trainer("qwen-0b5", 2048, 4), trainer("llama-3b", 1024, 2, lora=16),
    trainer("llama-1b", 2048, 4, **CK), trainer("llama-8b", 1024, 1, lora=16),
    experts("moe-64x1024", 2048, 4, **PURE), experts("moe-32x1408", 4096, 2), experts("moe-8x3584", 2048, 8),
    plain("gpt-1b3", 1024, 8, **BLOCKS), plain("llama-1b1", 2048, 6, **BLOCKS), plain("gpt-774m", 2048, 4, **BLOCKS, **CK),
]
FRESH_PAIR = [
    multi("ddp", "gpt-774m", 2048, 4), multi("ddp", "qwen-0b5", 2048, 4), multi("ddp", "llama-1b1", 2048, 2, accumulation=4),
    multi("zero1", "gpt-1b3", 2048, 2), multi("fsdp", "llama-1b1", 4096, 2), multi("fsdp", "gpt-1b3", 2048, 2),
    multi("fsdp", "llama-3b", 2048, 3), multi("fsdp-zero2", "gpt-2b6", 2048, 2), multi("fsdp", "qwen-1b5", 2048, 4, **CK),
    multi("fsdp", "gpt-774m", 2048, 4, accumulation=4), multi("tp", "llama-1b1", 2048, 4), multi("tp", "gpt-1b3-untied", 2048, 4),
    multi("tp", "llama-8b", 4096, 2), multi("ddp", "gpt-1b3", 1024, 8, **BLOCKS), multi("fsdp", "gpt-1b3", 2048, 4, **BLOCKS),
]
# Words of fine-tuning: where adapters stand, what checkpoints cost the host, optimizers, losses, offload.
QV, AGAIN = "q_proj,v_proj", {"checkpoint": "full", "reentrant": 1}
WORDS = [
    *[trainer("llama-8b-8", 128, 1, lora=16, **more) for more in ({}, {"targets": QV}, CK, AGAIN, {"dropout": .05}, {"targets": QV, **CK})],
    *[trainer("llama-8b-8", 2048, 4, **{"lora": 16, **more}) for more in ({}, {"targets": QV}, CK, AGAIN, {"dropout": .05}, {"lora": 256})],
    trainer("llama-8b-8", 128, 1, **PURE), trainer("llama-8b-8", 128, 1, **PURE, **CK), trainer("llama-8b-8", 128, 1, **PURE, **AGAIN),
    *[plain("llama-1b1", 1024, 2, **PURE, optimizer=how) for how in ("adafactor", "muon", "in-backward", "foreach", "fused", "host")],
    plain("llama-1b1", 1024, 2, optimizer="adafactor"), plain("llama-1b1", 1024, 2, optimizer="in-backward"),
    plain("llama-1b1", 1024, 2, optimizer="muon"),
    plain("qwen-0b5", 2048, 8, **PURE), plain("qwen-0b5", 2048, 8, **PURE, loss="chunked"), plain("llama-1b", 2048, 4, loss="chunked"),
    plain("llama-3b", 2048, 4, **PURE, loss="chunked", lora=16, **CK),
    plain("llama-7b-8", 2048, 4, **PURE), plain("llama-7b-8", 2048, 4, **PURE, offload="activations"),
    # whole models, predicted before
    trainer("llama-3b", 2048, 4, lora=64, targets=QV), trainer("llama-8b", 1024, 4, lora=8, **AGAIN),
    trainer("qwen-1b5", 1024, 4), trainer("llama-3b", 512, 4, accumulation=2, lora=16), trainer("llama-1b", 1024, 8, **CK),
    trainer("llama-8b", 2048, 1, lora=32, targets=QV, **CK), trainer("llama-3b", 2048, 4, **PURE, **CK),
]
SETS = {"words": (1, WORDS), "fresh": (1, FRESH), "fresh-pair": (2, FRESH_PAIR), "h100": (1, H100), "h200": (1, H200), "pair": (2, PAIR), "quad": (4, QUAD)}

DEFAULTS = {"accumulation": 1, "checkpoint": "none", "compiled": "none", "lora": 0, "base": "", "mode": "", "n": 1}
COLUMNS = ["id", "aside", "what", "shape", "mode", "n", "seq", "batch", "accumulation", "precision", "attention",
           "optimizer", "checkpoint", "compiled",
           "lora", "base", "layers", "hidden", "heads", "kv", "width", "ffn", "vocab", "gated", "tied", "experts",
           "active", "params", "trained",
           "steps", "step_s", "spread", "async_s", "forward_ms", "backward_ms", "optimizer_ms", "tokens_per_s",
           "peak_allocated", "peak_reserved",
           "used", "watts", "clock_mhz", "error", "gpu", "torch", "transformers", "driver", "power_limit", "processor",
           "date", "targets", "reentrant", "dropout", "loss", "offload"]


def complete(configuration, ranks):
    c = {**DEFAULTS, **configuration, "n": ranks}
    names = ("layers", "hidden", "heads", "kv", "width", "ffn", "vocab", "experts",
             "active") if c["what"] == "moe" else \
            ("layers", "hidden", "heads", "kv", "width", "ffn", "vocab", "gated", "tied")
    c.update(zip(names, (EXPERTS if c["what"] == "moe" else SHAPES)[c["shape"]]))
    if c["what"] == "moe":
        c.update(gated=1, tied=0)
    keys = ("what", "shape", "mode", "n", "seq", "batch", "accumulation", "precision", "attention", "optimizer",
            "checkpoint", "compiled", "lora", "base")
    # A third of the configurations is set aside for judging, by name and not by outcome, the same on every card.
    words = [str(c.get(k, "")) for k in keys] + [f"{k}={c[k]}" for k in ("targets", "reentrant", "dropout", "loss", "offload") if c.get(k)]
    c["id"] = hashlib.sha256(" ".join(words).encode()).hexdigest()[:12]
    c["aside"] = int(int(c["id"][:8], 16) % 3 == 0)
    return c


def configurations(name):
    ranks, rows = SETS[name]
    return [complete(c, ranks) for c in rows]


# ---------------------------------------------------------------------------------------- one configuration

def four_bit(linear):
    """A frozen layer in NormalFloat4 with a scale for each 64 weights, widened to bf16 for each use and thrown away."""
    import torch
    levels = torch.tensor([-1., -.6962, -.5251, -.3949, -.2844, -.1848, -.0911, 0., .0796, .1609, .2461, .3379, .4407,
                           .5626, .7230, 1.],
                          device=linear.weight.device, dtype=torch.bfloat16)
    n, k = linear.weight.shape
    blocks = linear.weight.data.reshape(-1, 64)
    scale = blocks.abs().amax(1, keepdim=True).to(torch.bfloat16)
    packed = torch.empty(n * k // 2, dtype=torch.uint8, device=blocks.device)
    edges = (levels[1:] + levels[:-1]).float() / 2
    rows = 1 << 16
    for i in range(0, blocks.shape[0], rows):
        codes = torch.bucketize((blocks[i:i + rows] / scale[i:i + rows]).float(), edges).to(torch.uint8).reshape(-1, 2)
        packed[i * 32:i * 32 + codes.shape[0]] = codes[:, 0] << 4 | codes[:, 1]
    linear.weight = torch.nn.Parameter(packed, requires_grad=False)
    linear.scale, linear.levels, linear.size = scale, levels, (n, k)
    linear.forward = lambda x: FourBit.apply(x, linear)


WIDEN = []


def widen(linear):
    import torch
    if not WIDEN:
        def plain(packed, levels, scale):
            codes = torch.stack((packed >> 4, packed & 15), dim=-1).reshape(-1, 64)
            return levels[codes.to(torch.int32)] * scale
        WIDEN.append(torch.compile(plain, dynamic=True))
    return WIDEN[0](linear.weight.data, linear.levels, linear.scale).view(linear.size)


def make_four_bit_function():
    import torch

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(context, x, linear):
            context.linear, context.dtype = linear, x.dtype
            return x.to(torch.bfloat16) @ widen(linear).t()

        @staticmethod
        def backward(context, g):
            return (g.to(torch.bfloat16) @ widen(context.linear)).to(context.dtype), None
    global FourBit
    FourBit = Function


def lora_linear(linear, rank):
    """y = W x + B A x with W frozen, as PEFT computes it with dropout 0."""
    import torch
    device = linear.weight.device
    n, k = linear.out_features, linear.in_features
    a = torch.nn.Linear(k, rank, bias=False, device=device, dtype=torch.bfloat16)
    b = torch.nn.Linear(rank, n, bias=False, device=device, dtype=torch.bfloat16)
    base = linear.forward
    linear.a, linear.b = a, b
    linear.forward = lambda x: base(x) + b(a(x)) * 2.


def adapt(model, c, blocks):
    import torch
    for p in model.parameters():
        p.requires_grad_(False)
    for block in blocks:
        for module in list(block.modules()):
            if type(module) is torch.nn.Linear:
                if c["base"] == "nf4":
                    four_bit(module)
                lora_linear(module, c["lora"])


def expert_block():
    import torch
    import torch.nn.functional as F
    import measure
    from torch import nn

    class Block(nn.Module):
        """Llama's attention; tokens sorted by expert, two grouped products, weighted and added back."""

        def __init__(self, shape, kernel, length):
            super().__init__()
            self.kernel, self.width = kernel, shape.width
            self.active = shape.active
            self.before = measure.Norm(shape.hidden)
            self.q = nn.Linear(shape.hidden, shape.heads * shape.width, bias=False)
            self.k = nn.Linear(shape.hidden, shape.kv * shape.width, bias=False)
            self.v = nn.Linear(shape.hidden, shape.kv * shape.width, bias=False)
            self.out = nn.Linear(shape.heads * shape.width, shape.hidden, bias=False)
            self.between = measure.Norm(shape.hidden)
            self.router = nn.Linear(shape.hidden, shape.experts, bias=False)
            self.up = nn.Parameter(torch.empty(shape.experts, 2 * shape.ffn, shape.hidden))
            self.down = nn.Parameter(torch.empty(shape.experts, shape.hidden, shape.ffn))

        def forward(self, x, cos, sin):
            b, s, h = x.shape
            y = self.before(x)
            q, k, v = (f(y).view(b, s, -1, self.width).transpose(1, 2) for f in (self.q, self.k, self.v))
            cos, sin = cos.to(q.dtype), sin.to(q.dtype)
            q, k = measure.rotate(q, cos, sin), measure.rotate(k, cos, sin)
            y = measure.attend(q, k, v, self.kernel)
            x = x + self.out(y.transpose(1, 2).reshape(b, s, -1))
            y = self.between(x).view(-1, h)
            weight, expert = torch.topk(F.softmax(self.router(y).float(), dim=-1), self.active, dim=-1)
            weight = weight / weight.sum(-1, keepdim=True)
            order = torch.argsort(expert.view(-1), stable=True)
            ends = torch.cumsum(torch.bincount(expert.view(-1), minlength=self.up.shape[0]), 0).to(torch.int32)
            token = order // self.active
            z = y[token].to(torch.bfloat16)
            z = torch._grouped_mm(z, self.up.to(torch.bfloat16).transpose(-2, -1), offs=ends)
            gate, up = z.chunk(2, dim=-1)
            z = torch._grouped_mm(F.silu(gate) * up, self.down.to(torch.bfloat16).transpose(-2, -1), offs=ends)
            z = z * weight.view(-1)[order].unsqueeze(-1).to(z.dtype)
            y = torch.zeros_like(y).index_add_(0, token, z.to(y.dtype))
            return x + y.view(b, s, h)
    return Block


def chunked_decoder():
    """Head and loss in one, some tokens at a time, with the gradients of both in the forward pass (arXiv 2410.10989, sec. 3.2)."""
    import torch
    import torch.nn.functional as F
    import measure

    @torch.compile
    def part(logits, targets, count):
        wide = logits.float()
        top = wide.amax(-1, keepdim=True)
        sums = (wide - top).exp().sum(-1, keepdim=True)
        loss = (top + sums.log()).sum() - wide.gather(1, targets[:, None]).sum()
        hit = torch.arange(wide.shape[1], device=wide.device)[None] == targets[:, None]
        return loss / count, ((((wide - top).exp() / sums) - hit.float()) / count).to(logits.dtype)

    class Loss(torch.autograd.Function):
        @staticmethod
        def forward(context, x, weight, targets):
            count, (vocab, hidden) = x.shape[0], weight.shape
            narrow = weight.to(torch.bfloat16) if weight.dtype == torch.float32 else weight
            rows = max(1, -(-count // -(-vocab // hidden)))
            total, back = x.new_zeros((), dtype=torch.float32), torch.empty_like(x)
            grad = torch.zeros_like(narrow) if weight.requires_grad else None
            for i in range(0, count, rows):
                y = x[i:i + rows]
                loss, g = part(y.to(narrow.dtype) @ narrow.t(), targets[i:i + rows], float(count))
                total += loss
                back[i:i + rows] = g @ narrow
                if grad is not None:
                    grad.addmm_(g.t(), y.to(narrow.dtype))
            context.save_for_backward(back, grad.to(weight.dtype) if grad is not None else None)
            return total

        @staticmethod
        def backward(context, g):
            back, grad = context.saved_tensors
            return back * g.to(back.dtype), None if grad is None else grad * g.to(grad.dtype), None

    class Chunked(measure.Decoder):
        def forward(self, tokens, targets):
            x = self.embed(tokens)
            cos = sin = None
            if self.gated:
                cos, sin = self.cos, self.sin
            else:
                x = x + self.positions(torch.arange(tokens.shape[1], device=tokens.device))
            for block in self.blocks:
                x = torch.utils.checkpoint.checkpoint(block, x, cos, sin, use_reentrant=False) if self.checkpoint else block(x, cos, sin)
            x = self.norm(x)
            return Loss.apply(x.view(-1, x.shape[-1]), self.head.weight, targets.reshape(-1))
    return Chunked


class HostAdam:
    """Gradients to the host, AdamW there in fp32, weights back."""

    def __init__(self, parameters):
        import torch
        self.parameters = parameters
        self.masters = [torch.nn.Parameter(p.detach().float().cpu().pin_memory()) for p in parameters]
        self.gradients = [torch.empty_like(p, device="cpu", dtype=p.dtype).pin_memory() for p in parameters]
        self.narrow = [torch.empty_like(g).pin_memory() for g in self.gradients]
        self.adam = torch.optim.AdamW(self.masters, lr=1e-4, fused=True)
        self.seconds = []

    def step(self):
        import torch
        for p, g in zip(self.parameters, self.gradients):
            g.copy_(p.grad, non_blocking=True)
        torch.cuda.synchronize()
        clock = time.perf_counter()
        for m, g in zip(self.masters, self.gradients):
            m.grad = g.float()
        widened = time.perf_counter()
        self.adam.step()
        self.seconds.append((widened - clock, time.perf_counter() - widened))
        for p, m, n in zip(self.parameters, self.masters, self.narrow):
            n.copy_(m)
            p.data.copy_(n, non_blocking=True)

    def zero_grad(self, set_to_none=True):
        for p in self.parameters:
            p.grad = None


class InBackward:
    """Each tensor updated as soon as its gradient is there."""

    def __init__(self, parameters):
        import torch
        self.each = {p: torch.optim.AdamW([p], lr=1e-4, fused=True) for p in parameters}
        for p in parameters:
            p.register_post_accumulate_grad_hook(self.update)

    def update(self, p):
        self.each[p].step()
        p.grad = None

    def step(self):
        pass

    def zero_grad(self, set_to_none=True):
        pass


class Both:
    def __init__(self, *optimizers):
        self.optimizers = optimizers

    def step(self):
        for o in self.optimizers:
            o.step()

    def zero_grad(self, set_to_none=True):
        for o in self.optimizers:
            o.zero_grad(set_to_none=set_to_none)


def build(c):
    """The plain decoder on this process's GPU."""
    import torch
    import measure
    from collections import namedtuple
    names = measure.Shape._fields + (("experts", "active") if c["what"] == "moe" else ())
    shape = namedtuple("Shape", names)(*(c[name] for name in names))
    block = expert_block() if c["what"] == "moe" else None
    if c["mode"] == "tp":
        shape = shape._replace(tied=0)
    decoder = chunked_decoder() if c.get("loss") == "chunked" else measure.Decoder
    wide = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16 if c["precision"] == "pure" else torch.float32)
    try:
        with torch.device("cuda"):
            model = decoder(shape, c["attention"], c["seq"], c["checkpoint"] == "full", block)
    finally:
        torch.set_default_dtype(wide)
    if c["attention"] != "unfused":
        measure.use_attention(c["attention"])
    else:
        measure.use_attention("math")
    torch.backends.cuda.matmul.allow_tf32 = c["precision"] == "tf32"
    torch.backends.cudnn.allow_tf32 = c["precision"] == "tf32"
    if c["lora"]:
        adapt(model, c, model.blocks)
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()  # wide weights lived only while they were narrowed
    return model


def spread_out(model, c):
    """Puts the model on several GPUs; returns what to call."""
    import torch
    mode = c["mode"]
    if mode.startswith(("ddp", "zero1")):
        from torch.nn.parallel import DistributedDataParallel
        return DistributedDataParallel(model, device_ids=[torch.cuda.current_device()],
                                       bucket_cap_mb=100000 if mode.endswith("nooverlap") else 25)
    if mode.startswith("fsdp"):
        from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
        policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
        for block in model.blocks:
            fully_shard(block, mp_policy=policy, reshard_after_forward=mode == "fsdp")
        fully_shard(model, mp_policy=policy, reshard_after_forward=mode == "fsdp")
        return model
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import Replicate
    from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module
    mesh = init_device_mesh("cuda", (c["n"],))
    columns = ("q", "k", "v", "gate", "up") if c["gated"] else ("q", "k", "v", "up")
    for block in model.blocks:
        parallelize_module(block, mesh,
                           {**{x: ColwiseParallel() for x in columns}, "out": RowwiseParallel(),
                            "down": RowwiseParallel()})
    parallelize_module(model, mesh,
                       {"embed": RowwiseParallel(input_layouts=Replicate()),
                        "head": ColwiseParallel(output_layouts=Replicate())})
    return model


def plain_step(c, rank):
    import contextlib
    import torch
    torch.manual_seed(rank if c["mode"] != "tp" else 0)
    model = build(c)
    params = sum(p.numel() for p in model.parameters())
    if c["base"] == "nf4":
        params += sum(p.numel() for p in model.parameters() if p.dtype == torch.uint8)
    if c["compiled"] == "blocks":
        for block in model.blocks:
            block.compile()
    called = spread_out(model, c) if c["mode"] else model
    if c["compiled"] == "whole":
        called = torch.compile(called)
    parameters = [p for p in model.parameters() if p.requires_grad]
    trained = sum(p.numel() for p in parameters)
    if c["mode"] == "tp":  # one fused call takes sharded parameters or whole ones, not both
        sharded = [p for p in parameters if hasattr(p, "to_local")]
        parameters = [{"params": sharded}, {"params": [p for p in parameters if not hasattr(p, "to_local")]}]
    how = c["optimizer"]
    if c["mode"] == "zero1":
        from torch.distributed.optim import ZeroRedundancyOptimizer
        optimizer = ZeroRedundancyOptimizer(parameters, optimizer_class=torch.optim.AdamW, lr=1e-4, fused=True)
    elif how == "sgd":
        optimizer = torch.optim.SGD(parameters, lr=1e-4)
    elif how == "adafactor":
        optimizer = torch.optim.Adafactor(parameters, lr=1e-4)
    elif how == "muon":
        inner = [p for block in model.blocks for p in block.parameters() if p.dim() == 2]
        mine = set(inner)
        optimizer = Both(torch.optim.Muon(inner, lr=1e-4), torch.optim.AdamW([p for p in parameters if p not in mine], lr=1e-4, fused=True))
    elif how == "in-backward":
        optimizer = InBackward(parameters)
    elif how == "host":
        optimizer = HostAdam(parameters)
    else:
        optimizer = torch.optim.AdamW(parameters, lr=1e-4,
                                      **{"fused": {"fused": True}, "foreach": {"foreach": True, "fused": False},
                                                              "loop": {"foreach": False, "fused": False}}[how])
    tokens = torch.randint(0, c["vocab"], (4, c["batch"], c["seq"] + 1), device="cuda")
    micro = c["accumulation"]
    autocast = c["precision"] == "amp"

    def step(i, marks=None):
        for j in range(micro):
            t = tokens[(i + j) % 4]
            last = j == micro - 1
            quiet = called.no_sync() if c["mode"].startswith(("ddp",
                                                              "zero1")) and not last else contextlib.nullcontext()
            if c["mode"].startswith("fsdp") and micro > 1:
                model.set_requires_gradient_sync(last)
            with quiet:
                if marks:
                    marks.append(("forward_ms", event()))
                away = torch.autograd.graph.save_on_cpu(pin_memory=True) if c.get("offload") else contextlib.nullcontext()
                with torch.autocast("cuda", torch.bfloat16, enabled=autocast), away:
                    loss = called(t[:, :-1].contiguous(), t[:, 1:].contiguous())
                if marks:
                    marks.append(("backward_ms", event()))
                (loss / micro).backward()
        if marks:
            marks.append(("optimizer_ms", event()))
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if marks:
            marks.append(("", event()))

    def event():
        e = torch.cuda.Event(enable_timing=True)
        e.record()
        return e

    result = timed(step, event, rank, c)
    result.update(params=params, trained=trained)
    if how == "host":
        print("host adam, s of widening and of the update:", [tuple(round(s, 4) for s in pair) for pair in optimizer.seconds[-3:]])
    if c["mode"].startswith(("tp", "fsdp")):
        result.pop("trained")
    return result


def timed(step, event, rank, c):
    import torch
    import torch.distributed as dist
    import measure
    many = c["n"] > 1
    card = measure.Card(torch.cuda.current_device())
    for i in range(3):
        step(i)
    torch.cuda.synchronize()
    clock = time.perf_counter()
    step(3)
    torch.cuda.synchronize()
    each = time.perf_counter() - clock
    count = torch.tensor(max(4, min(12, round(1.2 / each))), device="cuda")
    if many:
        dist.broadcast(count, 0)
    count = int(count)
    times, parts = [], {"forward_ms": [], "backward_ms": [], "optimizer_ms": []}
    for i in range(count):
        if many:
            dist.barrier()
        torch.cuda.synchronize()
        marks = [None]
        clock = time.perf_counter()
        step(i, marks)
        torch.cuda.synchronize()
        times.append(time.perf_counter() - clock)
        marks = marks[1:]
        sums = dict.fromkeys(parts, 0.)
        for (name, begin), (_, end) in zip(marks, marks[1:]):
            sums[name] += begin.elapsed_time(end)
        for name, value in sums.items():
            parts[name].append(value)
    if many:
        dist.barrier()
    torch.cuda.synchronize()
    joules, clock = card.joules(), time.perf_counter()
    for i in range(count):
        step(i)
    mhz = card.clock()
    torch.cuda.synchronize()
    spent = time.perf_counter() - clock
    joules = card.joules() - joules if joules is not None else None
    result = {"steps": count, "step_s": statistics.median(times),
              "spread": (max(times) - min(times)) / statistics.median(times),
              "async_s": spent / count, "clock_mhz": mhz, **{k: statistics.median(v) for k, v in parts.items()}}
    if joules is not None and spent > .8:  # the counter is too coarse for less
        result["watts"] = joules / spent
    return result


def trainer_step(c):
    import torch
    import transformers
    from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainerCallback, TrainingArguments
    transformers.logging.set_verbosity_error()
    torch.manual_seed(0)
    configuration = LlamaConfig(hidden_size=c["hidden"], intermediate_size=c["ffn"], num_hidden_layers=c["layers"],
                                num_attention_heads=c["heads"],
                                num_key_value_heads=c["kv"], head_dim=c["width"], vocab_size=c["vocab"],
                                tie_word_embeddings=bool(c["tied"]),
                                max_position_embeddings=max(4096, c["seq"]), use_cache=False)
    pure = c["precision"] == "pure" or c["lora"]
    torch.set_default_dtype(torch.bfloat16 if pure else torch.float32)
    with torch.device("cuda"):
        model = LlamaForCausalLM(configuration)
    torch.set_default_dtype(torch.float32)
    params = sum(p.numel() for p in model.parameters())
    if c["lora"]:
        from peft import LoraConfig, get_peft_model
        if c["base"] == "nf4":
            for layer in model.model.layers:
                for module in layer.modules():
                    if type(module) is torch.nn.Linear:
                        four_bit(module)
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        model = get_peft_model(model,
                               LoraConfig(r=c["lora"], lora_alpha=2 * c["lora"], lora_dropout=c.get("dropout") or 0.,
                                          target_modules=c["targets"].split(",") if c.get("targets") else "all-linear",
                                          task_type="CAUSAL_LM"))
        if c["checkpoint"] == "full":
            model.enable_input_require_grads()
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    count = max(4, min(10, int(5e13 / max(1., c["seq"] * c["batch"] * c["accumulation"] * 6. * params / 12.))))
    marks = {}

    class Watch(TrainerCallback):
        def on_step_begin(self, arguments, state, control, **more):
            if state.global_step == 3:
                torch.cuda.synchronize()
                marks["begin"] = time.perf_counter()

        def on_step_end(self, arguments, state, control, **more):
            if state.global_step == 3 + count:
                torch.cuda.synchronize()
                marks["end"] = time.perf_counter()

    class Tokens(torch.utils.data.Dataset):
        def __len__(self):
            return 10 ** 6

        def __getitem__(self, i):
            x = torch.randint(0, c["vocab"], (c["seq"],))
            return {"input_ids": x, "labels": x.clone()}

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(output_dir=folder, per_device_train_batch_size=c["batch"],
                                      gradient_accumulation_steps=c["accumulation"],
                                      max_steps=3 + count, bf16=c["precision"] == "amp",
                                      gradient_checkpointing=c["checkpoint"] == "full",
                                      gradient_checkpointing_kwargs={"use_reentrant": bool(c["reentrant"])} if "reentrant" in c else None,
                                      optim="adamw_torch_fused", report_to=[], save_strategy="no",
                                      logging_strategy="no", disable_tqdm=True,
                                      dataloader_num_workers=0)
        Trainer(model=model, args=arguments, train_dataset=Tokens(), callbacks=[Watch()]).train()
    return {"steps": count, "step_s": (marks["end"] - marks["begin"]) / count, "params": params, "trained": trained,
            "transformers": transformers.__version__}


def child(c, rank, path, rendezvous):
    sys.stdout = sys.stderr
    result = {}
    try:
        import torch
        torch.cuda.set_device(rank)
        if c["n"] > 1:
            import torch.distributed as dist
            dist.init_process_group("nccl", init_method=rendezvous, rank=rank, world_size=c["n"],
                                    device_id=torch.device("cuda", rank))
        if c["base"] == "nf4":
            make_four_bit_function()
        torch.cuda.reset_peak_memory_stats()
        try:
            result = trainer_step(c) if c["what"] == "hf-trainer" else plain_step(c, rank)
        except torch.cuda.OutOfMemoryError:
            result = {"error": "out of memory"}
        free, total = torch.cuda.mem_get_info()
        result.update(peak_allocated=torch.cuda.max_memory_allocated(), peak_reserved=torch.cuda.max_memory_reserved(),
                      used=total - free)
        if "step_s" in result:
            data = 1 if c["mode"] == "tp" else c["n"]
            result["tokens_per_s"] = c["seq"] * c["batch"] * c["accumulation"] * data / result["step_s"]
        if c["n"] > 1 and "error" not in result:
            dist.barrier()
        if rank == 0:
            import measure
            m = measure.machine(rank, measure.Card(rank))
            result.update({k: m[k] for k in ("gpu", "torch", "driver", "power_limit", "processor", "date")})
    except BaseException as error:
        import traceback
        traceback.print_exc()
        words = (str(error).strip().splitlines() or [""])[0]
        result = {"error": f"{type(error).__name__}: {words}"[:200]}
    if rank == 0:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(result, file)
    sys.stderr.flush()
    os._exit(0 if "error" not in result else 1)  # leaves the group and the allocator to the system


def run(c, folder, limit):
    """Forks one process a rank and waits; a rank that fails or outlasts the limit ends all of its own group."""
    path = os.path.join(folder, c["id"] + ".json")
    rendezvous = f"file://{folder}/{c['id']}.ranks"
    ranks = []
    for rank in range(c["n"]):
        process = os.fork()
        if process == 0:
            os.setpgid(0, 0)
            child(c, rank, path, rendezvous)
        ranks.append(process)
    end = time.monotonic() + limit
    left = set(ranks)
    failed = False
    while left:
        for process in list(left):
            done, status = os.waitpid(process, os.WNOHANG)
            if done:
                left.discard(process)
                if status and not failed:
                    failed, end = True, min(end, time.monotonic() + 3)
        if left and time.monotonic() > end:
            for process in left:
                os.kill(process, 9)
            end = time.monotonic() + 1e9
        time.sleep(.02)
    for process in ranks:  # workers that compile belong to the rank's own group
        try:
            os.killpg(process, 9)
        except (ProcessLookupError, PermissionError):
            pass
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    return {"error": "ended without a result"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=SETS)
    parser.add_argument("--out", default="steps.csv")
    parser.add_argument("--seconds", type=float, default=480)
    parser.add_argument("--only", help="configurations whose JSON has one of these words, separated by commas")
    parser.add_argument("--slice", default=":", help="from:to of the list, as in Python")
    parser.add_argument("--every", type=int, default=1, help="only each so many-th configuration")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    rows = configurations(options.set)
    if options.only:
        rows = [c for c in rows if any(w in json.dumps(c) for w in options.only.split(","))]
    rows = rows[slice(*(int(x) if x else None for x in options.slice.split(":")))][::options.every]
    if options.list:
        for c in rows:
            print(json.dumps(c))
        return
    os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK",
                          "1")  # imports that ask for a GPU must not start CUDA before the fork
    sys.path.insert(0, os.environ.get("LAB_MEASURE")
                    or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "python", "speedup"))
    import measure  # noqa: F401  imported before the fork, as all that is slow to import
    if any(c["what"] == "hf-trainer" for c in rows):
        import accelerate  # noqa: F401
        import peft  # noqa: F401
        from transformers import LlamaForCausalLM, Trainer  # noqa: F401
    if any(c["n"] > 1 for c in rows):
        import torch.distributed.fsdp  # noqa: F401
        import torch.distributed.tensor.parallel  # noqa: F401
    deadline = time.monotonic() + options.seconds
    with tempfile.TemporaryDirectory() as folder, open(options.out, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for number, c in enumerate(rows):
            left = deadline - time.monotonic()
            if left < 8:
                print(f"{len(rows) - number} configurations left out for lack of time")
                break
            clock = time.monotonic()
            result = run(c, folder, min(left, 100))
            line = {**c, **result}
            writer.writerow({k: (f"{v:.6g}" if isinstance(v, float) else v) for k, v in line.items() if v is not None})
            file.flush()
            words = " ".join(str(c.get(k) or "-")
                             for k in ("what", "mode", "shape", "seq", "batch", "accumulation", "precision",
                                                            "attention", "checkpoint", "compiled", "optimizer", "lora",
                                       "base"))
            print(f"{number:3d} {time.monotonic() - clock:5.1f} s {words}: {result.get('step_s', 0):.4f} s, "
                  f"{result.get('peak_allocated', 0) / 1e9:.2f} GB allocated, "
                  f"{result.get('used', 0) / 1e9:.2f} GB used "
                  f"{result.get('error', '')}", flush=True)


if __name__ == "__main__":
    main()
