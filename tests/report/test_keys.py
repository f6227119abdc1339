"""A kind of answer in JSON has one set of keys, whatever it says: null where something is not applicable.

usage: test_keys.py SPEEDUP SOURCE_ROOT
"""
import json
import pathlib
import subprocess
import sys

SPEEDUP, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
seen, wrong, answers = {}, [], 0


def walk(kind, path, value, source):
    """Objects at one place of one kind of answer have the same keys."""
    if isinstance(value, dict):
        first, keys = seen.setdefault((kind, path), (source, set(value)))
        if keys != set(value):
            wrong.append(f"{kind}{path}: {first} and {source} differ in {sorted(keys ^ set(value))}")
        for key, inner in value.items():
            walk(kind, f"{path}.{key}", inner, source)
    elif isinstance(value, list):
        for inner in value:
            walk(kind, f"{path}[]", inner, source)


def look(kind, *arguments):
    global answers
    made = subprocess.run([SPEEDUP, *arguments, "--json"], capture_output=True, text=True, timeout=60)
    if made.returncode in (0, 5):
        answers += 1
        walk(kind, "", json.loads(made.stdout), " ".join(arguments))


for folder in "examples", "tests/fuzz/corpus/answer":
    for file in sorted((ROOT / folder).glob("*.yaml")):
        text = "\n" + file.read_text(encoding="utf-8", errors="replace")
        if "\nplan:" in text:
            look("plan of services" if "prompt" in text else "plan", "plan", str(file))
        elif "\nclaims:" not in text:
            kind = next((section for section in ("train", "serve", "generate") if f"{section}:" in text), None)
            if kind:
                look(kind, "estimate", str(file))
                look("composition", "compose", str(file))
for model in "llama-3-1-8b", "mixtral-8x7b", "deepseek-v3", "llama-2-70b":
    for machine in "dgx-h100", "dgx-a100-80gb":
        for load in ("train", "512x2048"), ("serve", "64x1024x1024"), ("generate", "16x1024x256"):
            for more in [], ["--price", "2 USD/h", "--accelerators", "8"]:
                look(load[0], "estimate", "--model", model, "--hardware", machine, f"--{load[0]}", load[1], *more)
print("\n".join(wrong) or f"{answers} answers: one set of keys for each kind")
sys.exit(bool(wrong) or answers < 50)
