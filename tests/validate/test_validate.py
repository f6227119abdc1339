"""speedup-validate over files: goldens of whole scorecards, and what it says of bad files.

    python3 test_validate.py build/tools/validation/speedup-validate build/tools/speedup [--update]

A new case is a new file: bad/NAME.csv with what is expected on standard error in
bad/NAME.txt; KIND.csv with the scorecard in golden/KIND.txt.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
GOLDEN = {"training": "training.csv", "peers": "peers.csv", "ablation": "ablation.csv", "bad-values": "bad-values.csv"}
failures = []


def run(validate, *arguments, where=HERE):
    return subprocess.run([validate, *arguments], cwd=where, capture_output=True, encoding="utf-8")


def expect(name, good, why=""):
    if not good:
        failures.append(name)
        print(f"FAILED {name}\n{why}")


def compare(name, path, text, update):
    if update:
        path.write_text(text, encoding="utf-8")
    wanted = path.read_text(encoding="utf-8") if path.exists() else ""
    expect(name, wanted == text, f"--- wanted\n{wanted}--- found\n{text}")


def kind_of(name):
    return ["--kind", "ablation" if name == "ablation" else "training"]


def goldens(validate, update):
    for name, file in GOLDEN.items():
        found = run(validate, file, *kind_of(name))
        expect(f"{name} runs", found.returncode == 0 and not found.stderr, found.stderr)
        compare(f"golden {name}", HERE / "golden" / f"{name}.txt", found.stdout, update)


def bad_files(validate, update):
    for path in sorted((HERE / "bad").glob("*.csv")):
        found = run(validate, path.name, where=path.parent)
        expect(f"{path.name} is refused", found.returncode == 1 and not found.stdout, found.stdout)
        compare(f"message of {path.name}", path.with_suffix(".txt"), found.stderr, update)


def json_agrees_with_its_rows(validate):
    for name, file in GOLDEN.items():
        if name == "bad-values":
            continue
        answer = json.loads(run(validate, file, "--json", *kind_of(name)).stdout)
        keys = ["overall", "by_source", "by_kind", "memory", "recomputation_not_published", "rows"]
        expect(f"{name} keys", list(answer) == keys, list(answer))
        rows = [row for row in answer["rows"] if not row["suspect"]]
        errors = sorted(abs(row["predicted"] / row["measured"] - 1) for row in rows)
        overall = answer["overall"]
        expect(f"{name} n", overall["n"] == len(rows), overall)
        expect(f"{name} mean", abs(overall["mape"] - sum(errors) / len(errors)) < 1e-5, overall)
        expect(f"{name} bias", abs(overall["bias"] - sum(row["error"] for row in rows) / len(rows)) < 1e-5, overall)
        expect(f"{name} sources", sum(s["n"] for s in answer["by_source"].values()) == len(rows))
        if name != "ablation":
            inside = sum(row["low"] <= row["measured"] <= row["high"] for row in rows) / len(rows)
            expect(f"{name} coverage", abs(overall["coverage90"] - inside) < 1e-5, overall)


def source_is_no_input(validate):
    """Renaming every publication changes no prediction."""
    text = (HERE / "training.csv").read_text(encoding="utf-8")
    head, *lines = text.splitlines()
    renamed = "\n".join([head] + [line.replace(line.split(",")[1], "somebody", 1) for line in lines]) + "\n"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "renamed.csv").write_text(renamed, encoding="utf-8")
        a, b = (json.loads(run(validate, path, "--json").stdout)["rows"]
                for path in ("training.csv", f"{folder}/renamed.csv"))
    expect("source is no input", [r["predicted"] for r in a] == [r["predicted"] for r in b])


def forms_of_one_file(validate):
    """Line ends, a byte order mark, empty lines and quotes are form, not content."""
    text = (HERE / "training.csv").read_bytes()
    wanted = run(validate, "training.csv").stdout
    quoted = b"\n".join(b",".join(b'"' + f + b'"' for f in line.split(b",")) if b'"' not in line else line
                        for line in text.split(b"\n")[:-1]) + b"\n"
    forms = {"CRLF": text.replace(b"\n", b"\r\n"), "byte order mark": b"\xef\xbb\xbf" + text,
             "empty lines": text.replace(b"\n", b"\n\n"), "no last line end": text[:-1], "quoted": quoted}
    with tempfile.TemporaryDirectory() as folder:
        for name, content in forms.items():
            path = Path(folder) / "form.csv"
            path.write_bytes(content)
            found = run(validate, str(path))
            expect(f"{name} reads the same", found.stdout == wanted, found.stderr)


def long_fields(validate):
    """A field of 100,000 characters is read where it is text, and clipped where it is told."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.csv"
        row = "a,b,GPT-22B,A100-SXM-80GB,{n},8,1,1,2048,4,1.5,bf16,{notes}\n"
        head = "id,source,model,gpu,n_gpus,tp,pp,dp,seq,global_batch_seqs,measured_step_s,precision,notes\n"
        path.write_text(head + row.format(n=8, notes="x" * 100_000), encoding="utf-8")
        found = run(validate, str(path), "--json")
        expect("long text", found.returncode == 0 and json.loads(found.stdout)["overall"]["n"] == 1, found.stderr)
        path.write_text(head + row.format(n="9" * 100_000, notes=""), encoding="utf-8")
        found = run(validate, str(path))
        expect("long number", found.returncode == 0 and "is not a number" in found.stdout and len(found.stdout) < 2000, found.stdout[:400])


def plans(validate, update):
    """The best plan around a published configuration is never predicted slower than it."""
    found = run(validate, "training.csv", "--kind", "plans")
    compare("golden plans", HERE / "golden" / "plans.txt", found.stdout, update)
    answer = json.loads(run(validate, "training.csv", "--kind", "plans", "--json", "--threads", "2").stdout)
    rows = [row for row in answer["rows"] if not row["uneven"] and not row["unfit"]]
    expect("plans are compared", len(rows) == answer["overall"]["n"] > 5, answer["overall"])
    expect("no plan is slower", answer["overall"]["slower"] == 0 and all(row["gain"] >= 1 for row in rows), rows)
    expect("each row without a plan has its reason", answer["overall"]["skipped"] ==
           sum(answer["overall"]["skipped_by_reason"].values()) > 0, answer["overall"])


ROW = {"source": "nobody", "model": "Llama 3 8B", "gpu": "H100", "n_gpus": "16", "tp": "2", "pp": "1", "dp": "8", "seq": "8192",
       "global_batch_seqs": "64", "micro_batch": "1", "zero_stage": "fsdp", "precision": "bf16", "attention": "flash2",
       "recompute": "full", "compiled": "", "comm_overlap": "", "notes": "", "measured_step_s": "1"}
# What publications write for one thing: a column, and spellings that must give the same prediction.
SPELLINGS = [
    ("gpu", ["H100", "h100-sxm-80gb", "NVIDIA H100 SXM5", "H100 80GB HBM3", "H100-SXM5-80G", "8xH100", "DGX H100", "NVIDIA_H100_80GB_HBM3"]),
    ("gpu", ["A100-SXM-80GB", "A100 80GB", "A100", "NVIDIA A100-SXM4-80GB", "A100 SXM4 80 GB"]),
    ("gpu", ["A100-40GB", "A100-SXM-40GB", "NVIDIA A100-SXM4-40GB"]),
    ("gpu", ["A100 PCIe", "NVIDIA A100 80GB PCIe"]),
    ("gpu", ["H100 NVL", "NVIDIA H100 NVL 94GB"]),
    ("gpu", ["GB200", "GB200 NVL72", "NVIDIA GB200-NVL72"]),
    ("gpu", ["B200", "NVIDIA B200-SXM-180GB"]),
    ("gpu", ["MI300X", "AMD Instinct MI300X", "AMD MI300X OAM 192GB"]),
    ("gpu", ["TPU v5p", "tpu-v5p", "Cloud TPU v5p", "TPUv5p", "v5p"]),
    ("gpu", ["TPU v6e", "Trillium", "TPU v6e (Trillium)"]),
    ("gpu", ["Gaudi 3", "Intel Gaudi 3", "gaudi3"]),
    ("gpu", ["RTX 4090", "NVIDIA GeForce RTX 4090"]),
    ("gpu", ["L40S", "NVIDIA L40S 48GB"]),
    ("model", ["Llama 3 8B", "llama3-8b", "LLAMA3_8B", "meta-llama/Meta-Llama-3-8B", "Llama-3-8B-Instruct"]),
    ("model", ["Llama 3.1 405B", "llama3.1-405b", "Meta-Llama-3.1-405B"]),
    ("model", ["Mixtral 8x7B", "mixtral-8x7b-v0.1", "Mistral 8x7B"]),
    ("model", ["Qwen3_30B_a3B", "Qwen3-30B-A3B", "qwen3 30b a3b"]),
    ("model", ["DeepSeek V3", "DeepSeek-V3 671B", "deepseek-ai/DeepSeek-V3"]),
    ("model", ["gpt-oss-120b", "GPT OSS 120B"]),
    ("model", ["DeepSeek-R1-Distill-Llama-70B", "Llama-2-70B", "Llama 70B"]),
    ("model", ["Llama 3 8B LoRA", "llama3-8b (LoRA)"]),
    ("model", ["Llama 3 8B QLoRA"]),
    ("zero_stage", ["fsdp", "FSDP2", "fsdp-full_shard(zero3)", "FULL_SHARD", "fully_shard", "PyTorch FSDP (zero3)"]),
    ("zero_stage", ["fsdp-shard_grad_op(zero2)", "FSDP SHARD_GRAD_OP"]),
    ("zero_stage", ["hsdp", "HSDP", "hybrid_shard", "_HYBRID_SHARD", "FSDP2 hybrid shard", "hsdp (group 8)"]),
    ("zero_stage", ["hsdp (group 4)", "HSDP dp_shard=4"]),
    ("zero_stage", ["3", "ZeRO-3", "zero3", "DeepSpeed stage 3", "zero_3"]),
    ("zero_stage", ["2", "zero-2", "ZeRO stage 2"]),
    ("zero_stage", ["1", "ZeRO-1", "zero1"]),
    ("zero_stage", ["0", "none", "None", "off", "ZeRO-0", ""]),
    ("zero_stage", ["ddp", "DDP", "Distributed Data Parallel"]),
    ("zero_stage", ["distributed-optimizer", "Distributed optimizer", "dist-opt", "1 (dist_opt)"]),
    ("precision", ["bf16", "BF16-mixed", "bfloat16", "fp16", "16-mixed", "amp_bf16", "bf16 (fp32 reduce)", ""]),
    ("precision", ["fp8", "FP8 (delayed)", "fp8-cs", "float8 tensorwise", "float8 rowwise", "fp8(TE)", "fp8_ds"]),
    ("precision", ["fp8 blockwise", "fp8-sc", "FP8 subchannel"]),
    ("precision", ["tf32", "TF32"]),
    ("precision", ["fp32", "float32", "32-true"]),
    ("attention", ["flash2", "flash-attn 2.5.8", "FlashAttention-2", "FA2", "sdpa", "torch SDPA", "fused"]),
    ("attention", ["FA3", "flash-attn 3", "FlashAttention-3", "flash3"]),
    ("attention", ["cuDNN", "flash(cuDNN/TE)", "TE fused"]),
    ("attention", ["math", "eager", "unfused"]),
    ("recompute", ["full", "Full", "yes", "full (uniform, 1 layer)", "full activation checkpointing", "block 32"]),
    ("recompute", ["none", "no", "off", "false", "minimal", ""]),
    ("recompute", ["selective (op)", "op-SAC", "selective op", "block 16", "selective 2"]),
    ("comm_overlap", ["async TP", "tp", "TP userbuffers"]),
    ("compiled", ["True", "yes", "1", "torch.compile"]),
]
MX = [("precision", ["mxfp8", "MXFP8", "fp8-mx"]), ("precision", ["nvfp4", "NVFP4", "fp4"])]
SKIPPED = [("gpu", "Ascend 910B", "accelerator 'Ascend 910B'"), ("gpu", "A100 64GB", "accelerator"), ("gpu", "A1000", "accelerator"),
           ("precision", "int8(AQT)", "precision 'int8(AQT)'"), ("zero_stage", "magic", "what is sharded: 'magic'"),
           ("recompute", "some", "recomputation 'some'"), ("model", "Nobody 9B", "shape of the model 'Nobody 9B'")]


def answer_of(validate, rows, like):
    """The whole answer for rows with the columns of one."""
    columns = ["id", *(column for column in like if column != "id")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        lines = [",".join(f'"{row[c]}"' for c in columns) for row in rows]
        path.write_text("\n".join([",".join(columns), *lines]) + "\n", encoding="utf-8")
        found = run(validate, str(path), "--json")
    expect("rows are read", found.returncode == 0, found.stderr)
    return json.loads(found.stdout)


def predict(validate, rows, like=None):
    """Predictions of rows by their number, and the reasons why others have none."""
    answer = answer_of(validate, rows, like or ROW)
    return {row["id"]: row["predicted"] for row in answer["rows"]}, " ".join(answer["overall"]["skipped_by_reason"])


def spellings(validate):
    """One thing has one prediction, whatever it is called, and other things have others."""
    base = [(column, names, dict(ROW, **{column: names[0]})) for column, names in SPELLINGS]
    base += [(column, names, dict(ROW, gpu="B200")) for column, names in MX]
    rows = [dict(row, **{column: name}, id=f"{group}-{i}") for group, (column, names, row) in enumerate(base)
            for i, name in enumerate(names)]
    predicted, _ = predict(validate, rows)
    seen = {}
    for row in rows:
        group = int(row["id"].split("-")[0])
        column = base[group][0]
        value, first = predicted.get(row["id"]), predicted.get(f"{group}-0")
        expect(f"{column} '{row[column]}'", value is not None and value == first, f"{value} for {first}")
        key = (row["gpu"], column, value)
        expect(f"{column} '{row[column]}' is its own", seen.setdefault(key, group) == group, f"as '{base[seen[key]][1][0]}'")
    for column, name, reason in SKIPPED:
        predicted, why = predict(validate, [dict(ROW, **{column: name}, id="x")])
        expect(f"{column} '{name}' is skipped", not predicted and reason in why, why)
    # What can be nothing else need not be said.
    bare = dict(ROW, tp="", pp="", n_gpus="8", dp="8", global_batch_seqs="", micro_batch="")
    predicted, _ = predict(validate, [dict(bare, id="said"), dict(bare, id="silent", dp=""), dict(bare, id="one", n_gpus="1", dp="", zero_stage="")])
    expect("sharded weights are data parallelism", predicted.get("said") is not None and predicted["said"] == predicted.get("silent"), predicted)
    expect("one accelerator has a layout", "one" in predicted, predicted)


def usage(validate):
    for arguments in (["--kind", "nothing", "training.csv"], ["--leave-out", "row", "training.csv"], []):
        expect(f"usage {arguments}", run(validate, *arguments).returncode == 2)
    expect("a file that is not there", "no-such.csv: error: cannot be read" in run(validate, "no-such.csv").stderr)


def fits(validate, speedup):
    """What needs the solver: fits without the rows judged, and calibration."""
    found = run(validate, "--leave-out", "source", "training.csv")
    if "built without cminpack" in found.stderr:
        print("built without cminpack: no fits")
        return
    expect("leaving out says so", "fit that did not see its source" in found.stdout, found.stderr)
    with tempfile.TemporaryDirectory() as folder:
        # Products at 60% of the peak of a chip, with 100 more of k to fill its tiles, give these back.
        path, sizes = Path(folder) / "products.csv", (1024, 2048, 4096, 8192)
        rows = [f"{m},{n},{k},{1e3 * 2 * m * n * (k + 100) / 362e12 / 0.6:.9g}"
                for m in sizes for n in sizes for k in sizes]
        path.write_text("m,n,k,latency\n" + "\n".join(rows) + "\n", encoding="utf-8")
        found = subprocess.run([speedup, "calibrate", str(path), "--accelerator", "l40s"], capture_output=True, encoding="utf-8")
        given = dict(line.split(": ") for line in found.stdout.splitlines() if line.startswith("      matmul_"))
        given = {name.strip(): float(value) for name, value in given.items()}
        expect("kernels give their share back", abs(given.get("matmul_efficiency", 0) / 0.6 - 1) < 0.005, found.stdout + found.stderr)
        expect("kernels give their depth back", abs(given.get("matmul_depth", 0) / 100 - 1) < 0.05, found.stdout + found.stderr)
        found = subprocess.run([speedup, "calibrate", str(path)], capture_output=True, encoding="utf-8")
        expect("kernels are of an accelerator", found.returncode == 2 and "--accelerator" in found.stderr, found.stderr)
        # A fit of everything is a catalog that can be used at once.
        found = subprocess.run([speedup, "calibrate", "training.csv"], cwd=HERE, capture_output=True, encoding="utf-8")
        fitted = Path(folder) / "fitted.yaml"
        fitted.write_text(found.stdout, encoding="utf-8")
        expect("all is fitted", found.returncode == 0 and "coefficients fitted to" in found.stderr, found.stderr)
        again = run(validate, "training.csv", "--catalog", str(fitted), "--json")
        expect("a fit is a catalog", again.returncode == 0 and json.loads(again.stdout)["overall"]["n"] > 5, again.stderr)
    for arguments, code, why in ((["calibrate", "training.csv", "--accelerator", "none"], 1, "no accelerator 'none'"),
                                 (["calibrate", "training.csv", "--accelerator", "mi300x"], 1, "at least 4")):
        found = subprocess.run([speedup, *arguments], cwd=HERE, capture_output=True, encoding="utf-8")
        expect(f"{arguments} is refused", found.returncode == code and why in found.stderr, found.stderr)


def one_by_one(validate):
    """A value that cannot be is the end of its row, not of the file."""
    bad = [("tp", "two", "column 'tp': 'two' is not a number"), ("tp", "-1", "column 'tp': '-1' is negative"),
           ("pp", "1.5", "column 'pp': '1.5' is not whole"), ("seq", "1e999", "column 'seq': '1e999' is not a number"),
           ("measured_step_s", "-3", "column 'measured_step_s': '-3' is negative"),
           ("measured_step_s", "1e-40", "column 'measured_step_s': '1e-40' is out of range")]
    for column, value, reason in bad:
        predicted, why = predict(validate, [dict(ROW, id="good"), dict(ROW, **{column: value}, id="bad"), dict(ROW, id="also")])
        expect(f"{column} '{value}' ends its row alone", set(predicted) == {"good", "also"} and reason in why, f"{predicted} {why}")


UNREAD = [("recompute", "selective(layerwise)"), ("recompute", "norm"), ("recompute", "not stated"), ("recompute", "none of the usual"),
          ("compiled", "perhaps"), ("attention", "ring"), ("comm_overlap", "not stated"), ("ffn_kind", "bilinear"),
          ("sequence_parallel", "ulysses"), ("fused_kernels", "some"), ("launch_blocking", "unknown"), ("zero_stage", "not stated"),
          ("zero_stage", "offload"), ("precision", "int8")]


def what_is_not_understood_is_not_off(validate):
    """Text that no rule reads skips its row, with the text as reason."""
    for column, text in UNREAD:
        row = dict(ROW, ffn_kind="", sequence_parallel="", fused_kernels="", launch_blocking="", **{"hidden": "", "layers": ""})
        predicted, why = predict(validate, [dict(row, **{column: text}, id="x")], row)
        expect(f"{column} '{text}' is skipped", not predicted and text in why, f"{predicted} {why}")
    compiled, _ = predict(validate, [dict(ROW, compiled=c, id=c or "unsaid") for c in ("XLA", "yes", "no", "")])
    expect("XLA compiles", compiled["XLA"] == compiled["yes"] != compiled["no"] == compiled["unsaid"], compiled)


def recomputation_that_is_not_published_is_not_none(validate):
    """Memory is judged where it is published what was recomputed, and nowhere else."""
    rows = [dict(ROW, id=name, recompute=said, measured_peak_mem_gb="40", n_gpus="64", dp="32")
            for name, said in (("unsaid", ""), ("none", "none"), ("full", "full"))]
    answer = answer_of(validate, rows, rows[0])
    found = {row["id"]: row for row in answer["rows"]}
    expect("three rows", set(found) == {"unsaid", "none", "full"}, answer["overall"])
    expect("memory is not judged", answer["memory"]["n"] == 2 and answer["memory"]["not_judged"] == 1, answer["memory"])
    expect("the row says so", found["unsaid"].get("recomputation") == "not published" and "memory_error" not in found["unsaid"])
    expect("times are told apart", answer["recomputation_not_published"]["n"] == 1, answer["recomputation_not_published"])


def one_job_is_no_comparison(validate):
    """Two sides that come to one job are skipped: their ratio would be 1, and always on the right side."""
    head = "id,source,category,optimization,workload,hardware,n_gpus,metric,better,ratio"
    rows = ["same,s,kernels,slow thing -> fast thing,GPT3-1.3B ctx 8192,8xA100-SXM-80GB,8,TFLOPS/GPU,higher,1.5",
            "differs,s,attention,standard attention -> FlashAttention,GPT3-1.3B ctx 8192,8xA100-SXM-80GB,8,TFLOPS/GPU,higher,2.4",
            "engines,s,cuda-graphs,nothing -> something,Nobody batch 1,A100-SXM-80GB,1,tok/s,higher,2"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
        answer = json.loads(run(validate, str(path), "--kind", "ablation", "--json").stdout)
    expect("one comparison is left", [row["id"] for row in answer["rows"]] == ["differs"], answer["rows"])
    expect("and why", any("both sides are one job" in why for why in answer["overall"]["skipped_by_reason"]), answer["overall"])


def estimate(speedup, path):
    found = subprocess.run([speedup, "estimate", str(path), "--json"], capture_output=True, encoding="utf-8")
    if found.returncode:
        return {"error": found.stderr}
    answer = json.loads(found.stdout)["answer"]
    return {key: value["value"] if isinstance(value, dict) else value for key, value in answer.items()}


FILES = [("training", HERE / "training.csv"), ("training", HERE / "peers.csv"), ("ablation", HERE / "ablation.csv"),
         ("serving", HERE.parent / "validate-serving" / "serving.csv"), ("inference", HERE.parent / "validate-serving" / "inference.csv"),
         ("ablation", HERE.parent / "validate-serving" / "ablation.csv")]


def rows_are_files_of_users(validate, speedup):
    """Each row, written as the file of a user and estimated from scratch, has the number that it was judged by."""
    for kind, file in FILES:
        with tempfile.TemporaryDirectory() as folder:
            answer = json.loads(run(validate, str(file), "--kind", kind, "--json", "--write", folder).stdout)
            for row in answer["rows"]:
                name = f"{file.parent.name}/{file.name} {row['id']}"
                if kind == "ablation":
                    ratio_of_files(speedup, Path(folder), row, name)
                    continue
                said = estimate(speedup, Path(folder) / f"{row['id']}.yaml")
                value = said.get(row["metric"])
                if row["metric"] == "tokens_per_second":
                    value = 1 / value
                expect(name, value == row["predicted"], f"{row['metric']} {value} of the file, {row['predicted']} judged; {said.get('error')}")
                if "memory_predicted" in row and kind == "training":
                    expect(f"{name} memory", said.get("memory_peak") == row["memory_predicted"], said.get("memory_peak"))
                if "first_predicted" in row:
                    expect(f"{name} first", said.get("time_to_first_token") == row["first_predicted"], said.get("time_to_first_token"))


def ratio_of_files(speedup, folder, row, name):
    """A comparison is two files; the ratio is that of their answers where it is one of whole steps on as many accelerators."""
    sides = [estimate(speedup, folder / f"{row['id']}-{side}.yaml") for side in ("without", "with")]
    expect(f"{name} has two files", all("error" not in side for side in sides), sides)
    values = [side.get(row["metric"]) for side in sides]
    if None not in values:
        expect(f"{name} differs", values[0] != values[1] or row["predicted"] == 1, values)


def main():
    validate, speedup = (str(Path(path).resolve()) for path in sys.argv[1:3])
    update = "--update" in sys.argv[3:]
    goldens(validate, update)
    plans(validate, update)
    bad_files(validate, update)
    json_agrees_with_its_rows(validate)
    source_is_no_input(validate)
    forms_of_one_file(validate)
    long_fields(validate)
    spellings(validate)
    usage(validate)
    one_by_one(validate)
    what_is_not_understood_is_not_off(validate)
    recomputation_that_is_not_published_is_not_none(validate)
    one_job_is_no_comparison(validate)
    rows_are_files_of_users(validate, speedup)
    fits(validate, speedup)
    print("failed: " + ", ".join(failures) if failures else "all good")
    sys.exit(bool(failures))


main()
