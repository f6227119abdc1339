"""A kind of answer in JSON has one set of keys, whatever it says: null where something is not applicable. The sets are those of
lib/report/keys.def, and all of them are seen here.

usage: test_keys.py SPEEDUP SOURCE_ROOT
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

SPEEDUP, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
# Objects whose keys are names, not words of the format: what is in them is of one kind.
MAPS = {("audit", ".gains"), ("entry of accelerators", ".calibration"), ("entry of stacks", ".calibration"),
        ("entry of families", ".fields"), ("entry of families", ".defaults"), ("entry of families", ".has")}
INTERVAL = {"value", "low", "high", "unit"}
seen, wrong, answers = {}, [], {}


def table():
    """The keys of each object of each answer, by lib/report/keys.def."""
    text = re.sub(r"/\*.*?\*/", "", (ROOT / "lib/report/keys.def").read_text(encoding="utf-8"), flags=re.S)
    rows = [re.findall(r'"([^"]*)"', row) for row in re.findall(r"^KEYS\((.*?)\)$", text, re.M | re.S)]
    return {(answer, place): set(keys) for answer, places, *keys in rows for place in places.split("|")}


def walk(kind, path, value, source):
    """Objects at one place of one kind of answer have the same keys."""
    if isinstance(value, dict):
        named = (kind, path) in MAPS
        if not named and set(value) != INTERVAL:
            first, keys = seen.setdefault((kind, path), (source, set(value)))
            if keys != set(value):
                wrong.append(f"{kind}{path}: {first} and {source} differ in {sorted(keys ^ set(value))}")
        for key, inner in value.items():
            walk(kind, path + (".*" if named else f".{key}"), inner, source)
    elif isinstance(value, list):
        for inner in value:
            walk(kind, f"{path}[]", inner, source)


def once(pairs):
    """An object, each key of which stands in it once."""
    if len(dict(pairs)) < len(pairs):
        wrong.append(f"keys that stand twice: {[key for key, _ in pairs]}")
    return dict(pairs)


def look(kind, *arguments):
    made = subprocess.run([SPEEDUP, *arguments, "--json"], capture_output=True, text=True, timeout=60)
    try:
        answer = json.loads(made.stdout, object_pairs_hook=once) if made.stdout else None
    except ValueError:
        wrong.append(f"{' '.join(arguments)}: no JSON: {made.stdout[:200]}")
        return None
    if answer is not None:
        answers[kind] = answers.get(kind, 0) + 1
        walk(kind, "", answer, " ".join(arguments))
    return answer


def look_at(folder, name, kind, text, *arguments):
    """The same of a document that stands here; arguments[0] is the command."""
    path = pathlib.Path(folder) / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    answer = look(kind, arguments[0], str(path), *arguments[1:])
    if answer is None:
        wrong.append(f"{name}: no answer of {arguments[0]}")
    return answer


def job_of(text):
    return next((section for section in ("train", "serve", "generate") if f"\n{section}:" in text), None)


def kind_of(what, section):
    return f"{what} of {'training' if section == 'train' else 'inference'}"


def files():
    for folder in "examples", "tests/fuzz/corpus/answer":
        for file in sorted((ROOT / folder).glob("*.yaml")):
            text = "\n" + file.read_text(encoding="utf-8", errors="replace")
            if "\nplan:" in text:
                kind = kind_of("plan", "serve" if "prompt" in text else "train")
                look(kind, "plan", str(file))
                if "gpt3-175b" not in file.name: # all of its plans again for each resource: a minute
                    look(kind, "plan", str(file), "--why", "--threads", "2")
            elif "\nclaims:" in text:
                look("audit", "audit", str(file))
            elif job_of(text):
                look(kind_of("estimate", job_of(text)), "estimate", str(file))
                look("composition", "compose", str(file))
                verdicts(str(file))
                if job_of(text) == "train":
                    look("fit", "fit", str(file), "--largest", "micro_batch")


def options():
    for model in "llama-3-1-8b", "mixtral-8x7b", "deepseek-v3", "llama-2-70b":
        for machine in "dgx-h100", "dgx-a100-80gb":
            for load in ("train", "512x2048"), ("serve", "64x1024x1024"), ("generate", "16x1024x256"):
                for more in [], ["--price", "2 USD/h", "--accelerators", "8"]:
                    look(kind_of("estimate", load[0]), "estimate", "--model", model, "--hardware", machine, f"--{load[0]}", load[1], *more)


REQUESTS = ([], ["--time-limit", "1000d", "--budget", "900M", "--memory", "70GiB"], ["--time-limit", "1s"], ["--budget", "1"],
            ["--accelerators", "1"], ["--accelerators", "4096"], ["--memory", "1GiB"], ["--memory", "1GiB", "--warn-only"],
            ["--time-limit", "1s", "--slack", "0.5"], ["--confidence", "0.999", "--memory", "79GiB", "--time-limit", "30d"])
said = set()


def verdicts(file, requests=REQUESTS):
    for request in requests:
        answer = look("verdict", "admit", file, *request)
        if answer:
            said.update([answer["verdict"], *answer["reasons"]], ["admissible" if answer["admissible"] else "not admissible"])


JOBS = {
    "broken": "train: {model: llama-2-7b, system: dgx-h100, sequenze: 4096}\n",
    "not-yaml": "train: [\n",
    "too-large": "train: {model: llama-2-70b, system: dgx-h100, accelerators: 1, tokens: 1 B, sequence: 4096, global_batch: 8}\n",
    "hopeless": "train: {model: megatron-1t, system: dgx-h100, accelerators: 1, tokens: 1 B, sequence: 2048, global_batch: 8}\n",
    "misses": "serve: {model: llama-3-1-8b, system: dgx-h100, accelerators: 1, concurrency: 64, prompt: 4096, output: 512,\n"
              "        targets: {time_to_first_token: 1 ms, time_per_output_token: 1 ms}}\n",
    "overloaded": "serve: {model: llama-3-1-8b, system: dgx-h100, accelerators: 1, request_rate: 900 /s, prompt: 4096, output: 512}\n",
    "crowded": "serve: {model: llama-3-1-8b, system: dgx-h100, stack: vllm, accelerators: 1, concurrency: 4000, prompt: 4096, output: 512}\n",
    "batch": "generate: {model: llama-3-1-8b, system: dgx-h100, accelerators: 1, batch: 8, prompt: 64, output: 64}\n",
    "bare-chip": "accelerators: {mine: {memory: 80 GB, bandwidth: 2 TB/s, peak: {bf16: 300 TFLOP/s}}}\n"
                 "systems: {mine: {accelerator: mine, accelerators_per_node: 8}}\n"
                 "train: {model: llama-2-7b, system: mine, accelerators: 8, tokens: 1 B, sequence: 2048, global_batch: 64}\n",
}


def jobs(folder):
    for name, text in JOBS.items():
        section = job_of("\n" + text)
        if name not in ("broken", "not-yaml"):
            look_at(folder, name, kind_of("estimate", section), text, "estimate")
            if section == "train":
                look_at(folder, name, "fit", text, "fit")
                look_at(folder, name, "fit", text, "fit", "--largest", "sequence", "--largest", "layout.tensor")
        path = pathlib.Path(folder) / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        verdicts(str(path))


SERVICE = "serve: {model: llama-3-1-8b, system: dgx-h100, accelerators: 1, concurrency: 8, prompt: 512, output: 128}"
RUN = "train: {model: llama-2-7b, system: dgx-h100, accelerators: 8, sequence: 4096, global_batch: 64}"
# A table of claims in parts: each alone, with and without what the model can be asked.
CLAIMS = {
    "no-claims": "{title: Nothing}",
    "headline": "{headlines: [{name: a, from: 10 h, to: 1 h, factor: 10}]}",
    "headline-of-service": f"{{headlines: [{{name: a, from: 10, to: 150, unit: tokens/s, factor: 15, job: {{{SERVICE}}}}}]}}",
    "gains": "{gains: [{name: a, quantity: throughput, overall: 4, rows: [{optimization: awq, factor: 3, acts_on: [weights]}]}]}",
    "gains-of-memory": "{gains: [{name: memory, quantity: memory, overall: 4, rows: [{optimization: zero-3, factor: 8, acts_on: [memory_weights]},"
                       " {optimization: awq, factor: 4, cumulative: 32, acts_on: [memory_weights]}]}]}",
    "gains-of-run": "{gains: [{name: a, quantity: throughput, overall: 2, rows: [{optimization: flash-attention-2, factor: 2.5, acts_on: [attention]},"
                    f" {{optimization: kernel-fusion, factor: 1.3, cumulative: 3.25, acts_on: [pointwise]}}], job: {{{RUN}}}}}]}}",
    "identities": "{identities: [{name: seven, claimed: 7, expression: phi ^ 4}, {name: none, claimed: 1, expression: phi ^ 0},"
                  " {name: free, expression: phi ^ 2}]}",
}


def audits(folder):
    for name, claims in CLAIMS.items():
        look_at(folder, name, "audit", f"claims: {claims}\n", "audit")
    # Each part of the whole table alone.
    whole = (ROOT / "examples/speedup-analysis-v1900.yaml").read_text(encoding="utf-8")
    parts = re.split(r"^(?=  [a-z_]+:)", whole, flags=re.M)[1:]
    space = next(part for part in parts if part.startswith("  serving_space:"))
    for i, part in enumerate(parts):
        if part != space:
            look_at(folder, f"part-{i}", "audit", "claims:\n" + part + ("" if space in part else space), "audit")


LLAMA = "model: llama-2-7b, systems: [dgx-h100], sequence: 4096, global_batch: 64"
CHAT = "model: llama-3-1-8b, systems: [dgx-h100], prompt: 512, output: 128"
PLANS = {
    "run": ("train", f"{{{LLAMA}, accelerators: [8]}}"),
    "priced-run": ("train", f"{{{LLAMA}, accelerators: [8], tokens: 1 B, prices: [pricegpu-h100-2026], front: [cost, run_expected_seconds]}}"),
    "late-run": ("train", f"{{{LLAMA}, accelerators: [8], tokens: 1 B, deadline: 1 s}}"),
    "poor-run": ("train", f"{{{LLAMA}, accelerators: [8], tokens: 1 B, prices: [pricegpu-h100-2026], budget: 1 USD}}"),
    "tight-run": ("train", "{model: llama-2-70b, systems: [dgx-h100], sequence: 4096, global_batch: 64, accelerators: [8], tensor: [8], pipeline: [1],"
                           " optimizations: [bf16-mixed-precision], choices: [[none, flash-attention-2]]}"),
    "small-run": ("train", "{model: llama-2-70b, systems: [dgx-h100], sequence: 4096, global_batch: 64, accelerators: [8]}"),
    "priced-small-run": ("train", "{model: llama-2-70b, systems: [dgx-h100], sequence: 4096, global_batch: 64, accelerators: [8], tokens: 1 B,"
                                  " prices: [pricegpu-h100-2026]}"),
    "service": ("serve", f"{{{CHAT}, accelerators: [1, 2], concurrency: [1, 8]}}"),
    "service-of-an-engine": ("serve", f"{{{CHAT}, accelerators: [1], concurrency: [8], stack: vllm}}"),
    "rate": ("serve", f"{{{CHAT}, accelerators: [1], request_rate: 1 /s, front: [cost, time_per_output_token]}}"),
    "priced-service": ("serve", f"{{{CHAT}, accelerators: [1], concurrency: [8], prices: [pricegpu-h100-2026]}}"),
    "late-service": ("serve", f"{{{CHAT}, accelerators: [1], concurrency: [8], targets: {{time_to_first_token: 1 ms}}}}"),
    "tight-service": ("serve", "{model: llama-2-70b, systems: [dgx-h100], prompt: 512, output: 128, accelerators: [1], concurrency: [8], choices: [[none]]}"),
}


def plans(folder):
    for name, (section, plan) in PLANS.items():
        for why in [], ["--why"]:
            look_at(folder, f"plan-{name}", kind_of("plan", section), f"plan: {plan}\n", "plan", "--threads", "2", *why)


def catalog():
    for row in look("kinds", "catalog", "list")["kinds"]:
        kind = row["kind"]
        for entry in look(f"list of {kind}", "catalog", "list", kind)[kind]:
            shown = look(f"entry of {kind}", "catalog", "show", kind, entry["id"])
            if shown is None:
                wrong.append(f"no entry {kind} {entry['id']}")


def all_are_of_the_table():
    known, met = table(), {("errors", ""), ("errors", ".errors[]")} # those no command prints: test_serving.c has them
    for (kind, path), (source, keys) in seen.items():
        row = next((row for row in ((kind, path), (kind.split(" of ")[0], path)) if row in known), None)
        met.add(row)
        if kind.startswith("entry of ") and (not row or path == ""):
            keys = keys & known.get(row, set()) # the rest are fields, which doc/format.md has
        if kind.startswith("list of ") or (kind.startswith("entry of ") and not row):
            continue # of two keys, and of fields alone
        wanted = known.get(row, set())
        if keys != wanted:
            wrong.append(f"{kind}{path} of {source}: keys.def and the answer differ in {sorted(keys ^ wanted)}")
    wrong.extend(f"{kind}{path}: in keys.def, and never seen" for kind, path in sorted(set(known) - met))
    for what in ("admit", "warn", "refuse", "admissible", "not admissible", "memory", "time", "budget", "accelerators", "input", "targets", "load"):
        if what not in said:
            wrong.append(f"no verdict says '{what}'")


with tempfile.TemporaryDirectory() as place:
    files()
    options()
    jobs(place)
    audits(place)
    plans(place)
    catalog()
all_are_of_the_table()
print("\n".join(sorted(set(wrong))) or f"{sum(answers.values())} answers of {len(answers)} kinds: one set of keys for each")
sys.exit(bool(wrong) or sum(answers.values()) < 500)
