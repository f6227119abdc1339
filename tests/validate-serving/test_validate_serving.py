"""speedup-validate over inference rows: goldens of whole scorecards, what is
skipped and why, and what it says of bad files.

    python3 test_validate_serving.py build/tools/validation/speedup-validate [--update]

A new case is a new file: bad/KIND-NAME.csv with what is expected on standard error in
bad/KIND-NAME.txt, or a row more in skipped.csv.
"""
import csv
import io
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
GOLDEN = {"serving": ("serving", "serving.csv"), "inference": ("inference", "inference.csv"),
          "ablation": ("ablation", "ablation.csv"), "skipped": ("serving", "skipped.csv"),
          "serving-bad-values": ("serving", "serving-bad-values.csv"), "inference-bad-values": ("inference", "inference-bad-values.csv")}
failures = []


def run(validate, kind, file, *arguments, where=HERE):
    return subprocess.run([validate, "--kind", kind, file, *arguments], cwd=where, capture_output=True,
                          encoding="utf-8")


def answer(validate, kind, file):
    return json.loads(run(validate, kind, file, "--json").stdout)


def expect(name, good, why=""):
    if not good:
        failures.append(name)
        print(f"FAILED {name}\n{why}")


def compare(name, path, text, update):
    if update:
        path.write_text(text, encoding="utf-8")
    wanted = path.read_text(encoding="utf-8") if path.exists() else ""
    expect(name, wanted == text, f"--- wanted\n{wanted}--- found\n{text}")


def goldens(validate, update):
    for name, (kind, file) in GOLDEN.items():
        found = run(validate, kind, file)
        expect(f"{name} runs", found.returncode == 0 and not found.stderr, found.stderr)
        compare(f"golden {name}", HERE / "golden" / f"{name}.txt", found.stdout, update)


def bad_files(validate, update):
    for path in sorted((HERE / "bad").glob("*.csv")):
        found = run(validate, path.name.split("-")[0], path.name, where=path.parent)
        expect(f"{path.name} is refused", found.returncode == 1 and not found.stdout, found.stdout)
        compare(f"message of {path.name}", path.with_suffix(".txt"), found.stderr, update)


def mean(errors):
    errors = list(errors)
    return sum(abs(e) for e in errors) / len(errors)


def scores_agree_with_rows(validate):
    a = answer(validate, "serving", "serving.csv")
    expect("serving keys", list(a) == ["overall", "by_source", "by_kind", "by_engine", "first_token", "memory", "recomputation_not_published", "rows"], list(a))
    rows = [row for row in a["rows"] if not row["suspect"]]
    first = [row for row in rows if "first_error" in row]
    expect("first tokens are there", first and any(row["suspect"] for row in a["rows"]))
    for name, score, errors in (("time per token", a["overall"], [r["error"] for r in rows]),
                                ("first token", a["first_token"], [r["first_error"] for r in first])):
        expect(f"{name} mean", score["n"] == len(errors) and abs(score["mape"] - mean(errors)) < 1e-5, score)
    inside = sum(r["first_low"] <= r["first_measured"] <= r["first_high"] for r in first) / len(first)
    expect("coverage of the first token", abs(a["first_token"]["coverage90"] - inside) < 1e-5)
    for key in ("kind", "engine"):
        for part, error in ((a, "error"), (a["first_token"], "first_error")):
            for name, score in part[f"by_{key}"].items():
                errors = [r[error] for r in rows if r[key] == name and error in r]
                expect(f"{key} {name}", score["n"] == len(errors) and abs(score["mape"] - mean(errors)) < 1e-5, score)
    b = answer(validate, "inference", "inference.csv")
    expect("phases", set(b["by_phase"]) == {"prefill", "decode", "whole", "offline"}, b["by_phase"])
    expect("no first token in phases", "first_token" not in b)
    c = answer(validate, "ablation", "ablation.csv")
    expect("ratios by kind", c["by_kind"]["inference"]["n"] == len(c["rows"]), c["by_kind"])


def source_is_no_input(validate):
    """Renaming every publication changes no prediction."""
    for kind, file in (("serving", "serving.csv"), ("inference", "inference.csv"), ("ablation", "ablation.csv")):
        rows = list(csv.DictReader((HERE / file).open(encoding="utf-8")))
        text = io.StringIO()
        writer = csv.DictWriter(text, rows[0].keys())
        writer.writeheader()
        writer.writerows({**row, "source": "somebody"} for row in rows)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "renamed.csv"
            path.write_text(text.getvalue(), encoding="utf-8")
            a, b = answer(validate, kind, file)["rows"], answer(validate, kind, str(path))["rows"]
        expect(f"source is no input of {kind}", [r["predicted"] for r in a] == [r["predicted"] for r in b])


def fixed_lengths_are_a_column(validate):
    """A column that says so goes before the mark in the locator."""
    rows = [row for row in csv.DictReader((HERE / "serving.csv").open(encoding="utf-8")) if "epnone" in row["source_locator"]]
    expect("a row with the mark", rows)
    seconds = {}
    for said in ("", "yes", "no"):
        text = io.StringIO()
        writer = csv.DictWriter(text, [*rows[0].keys(), "fixed_lengths"])
        writer.writeheader()
        writer.writerows({**row, "fixed_lengths": said} for row in rows)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "fixed.csv"
            path.write_text(text.getvalue(), encoding="utf-8")
            seconds[said] = [row["first_predicted"] for row in answer(validate, "serving", str(path))["rows"]]
    expect("the mark says yes", seconds[""] == seconds["yes"])
    expect("the column goes before it", seconds["no"] != seconds["yes"])


def predictions(validate, rows):
    """What each of some static rows is predicted to take; None where it is skipped."""
    plain = {"source": "somebody", "model": "Llama-3.1-8B", "gpu": "H100-SXM-80GB", "n_gpus": 1, "weights_precision": "fp16",
             "batch": 1, "in_len": 128, "out_len": 128, "engine": "vllm", "measured_decode_ms_per_token": 10}
    text = io.StringIO()
    writer = csv.DictWriter(text, ["id", *plain])
    writer.writeheader()
    writer.writerows({**plain, **row, "id": str(i)} for i, row in enumerate(rows))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        path.write_text(text.getvalue(), encoding="utf-8")
        found = {row["id"]: row["predicted"] for row in answer(validate, "inference", str(path))["rows"]}
    return [found.get(str(i)) for i in range(len(rows))]


def names_are_found(validate):
    """Other spellings of one thing are that thing, and what is not known is not taken for something near."""
    same = [
        ("gpu", "H100-SXM-80GB", "H100", "NVIDIA H100 80GB HBM3", "H100 SXM5"), ("gpu", "a100-pcie-80gb", "NVIDIA A100 80GB PCIe"),
        ("gpu", "a100-sxm-80gb", "A100 80GB", "A100-SXM4-80GB"), ("gpu", "rtx-4090", "NVIDIA GeForce RTX 4090", "4090 24GB"),
        ("gpu", "mi300x", "AMD Instinct MI300X"), ("gpu", "a6000", "RTX A6000 48GB"), ("gpu", "gaudi2", "Intel Gaudi 2"),
        ("gpu", "tpu-v5p", "TPUv5p"), ("gpu", "gb200", "GB200 NVL72"), ("gpu", "rtx-pro-6000", "RTX PRO 6000 Blackwell"),
        ("weights_precision", "", "BF16", "float16", "half"), ("weights_precision", "fp8", "FP8", "fp8_e4m3", "W8A8-FP8"),
        ("weights_precision", "int4_wo", "w4a16", "AWQ", "int4-awq-g128", "GPTQ"), ("weights_precision", "q4_k_m", "Q4_K_M", "Q4_0"),
        ("weights_precision", "int8", "W8A8"), ("weights_precision", "w8a16", "Q8_0"),
        ("engine", "vllm", "vLLM 0.6.3"), ("engine", "trtllm", "NVIDIA TensorRT-LLM 1.0"), ("engine", "TensorRT-LLM v0.6", "TRT-LLM 0.9"),
        ("engine", "llama.cpp", "llama-cpp-python", "Ollama"), ("engine", "TGI", "LMDeploy", "MLC-LLM", "ExLlamaV2", "SomeEngine 3"),
    ]
    for column, *names in same:
        found = predictions(validate, [{column: name} for name in names])
        expect(f"{names} are one", found[0] and len(set(found)) == 1, found)
    other = [("gpu", "RTX 1080"), ("gpu", "1660 Ti"), ("gpu", "L2"), ("gpu", "GPU"), ("gpu", "H100 141GB"),
             ("weights_precision", "Q5_K_M"), ("weights_precision", "w4a8"), ("weights_precision", "fp32")]
    found = predictions(validate, [{column: name} for column, name in other])
    expect("others are skipped", not any(found), list(zip(other, found)))
    small, generic = predictions(validate, [{"engine": "vllm"}, {"engine": "SomeEngine"}])
    expect("an engine that is not known is none of those that are", small != generic)


def leaving_out(validate):
    """Left-out rows get another prediction, suspect ones keep theirs; what cannot be left out is refused."""
    for kind, what in (("serving", "source"), ("inference", "model"), ("ablation", "gpu"), ("training", "gpu")):
        expect(f"{what} of {kind} is refused", run(validate, kind, "serving.csv", "--leave-out", what).returncode == 2)
    found = run(validate, "serving", "serving.csv", "--json", "--leave-out", "gpu")
    if "built without" in found.stderr:
        return
    a, b = answer(validate, "serving", "serving.csv"), json.loads(found.stdout)
    expect("leaving out says so", b["overall"]["left_out"] == "gpu", b["overall"])
    for one, other in zip(a["rows"], b["rows"]):
        expect(f"{one['id']} left out", (one["predicted"] == other["predicted"]) == one["suspect"], other)
        expect(f"{one['id']} near", 0.5 < one["predicted"] / other["predicted"] < 2, other)


def code_knows_no_name():
    """What publications and software are called is data; where fits begin (fit.c) is told by engine as well."""
    tools = HERE.parent.parent / "tools" / "validation"
    names = set()
    for table, columns in (("engines", ("holds", "stack", "static_stack")), ("shapes", ("name",)), ("models", ("begins", "id")),
                           ("drafts", ("draft",)), ("cards", ("name", "id", "before_digits")), ("names", ("name", "id"))):
        with open(tools / "words" / f"{table}.csv", encoding="utf-8", newline="") as file:
            names.update(row[column] for row in csv.DictReader(file) for column in columns)
    for file in sorted(tools.glob("*.c")):
        held = set(re.findall(r'"([^"\\\n]+)"', file.read_text(encoding="utf-8"))) & names
        expect(f"{file.name} knows no name", file.name == "fit.c" or not held, held)


def main():
    validate, update = str(Path(sys.argv[1]).resolve()), "--update" in sys.argv[2:]
    goldens(validate, update)
    bad_files(validate, update)
    scores_agree_with_rows(validate)
    source_is_no_input(validate)
    fixed_lengths_are_a_column(validate)
    names_are_found(validate)
    leaving_out(validate)
    code_knows_no_name()
    print("failed: " + ", ".join(failures) if failures else "all good")
    sys.exit(bool(failures))


main()
