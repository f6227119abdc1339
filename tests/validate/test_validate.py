"""The validate command over files: goldens of whole scorecards, and what it says of bad files.

    python3 test_validate.py build/tools/speedup [--update]

A new case is a new file: bad/NAME.csv with what is expected on standard error in
bad/NAME.txt; KIND.csv with the scorecard in golden/KIND.txt.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
GOLDEN = {"training": "training.csv", "peers": "peers.csv", "ablation": "ablation.csv"}
failures = []


def run(speedup, *arguments, where=HERE):
    return subprocess.run([speedup, "validate", *arguments], cwd=where, capture_output=True, encoding="utf-8")


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


def goldens(speedup, update):
    for name, file in GOLDEN.items():
        found = run(speedup, file, *kind_of(name))
        expect(f"{name} runs", found.returncode == 0 and not found.stderr, found.stderr)
        compare(f"golden {name}", HERE / "golden" / f"{name}.txt", found.stdout, update)


def bad_files(speedup, update):
    for path in sorted((HERE / "bad").glob("*.csv")):
        found = run(speedup, path.name, where=path.parent)
        expect(f"{path.name} is refused", found.returncode == 1 and not found.stdout, found.stdout)
        compare(f"message of {path.name}", path.with_suffix(".txt"), found.stderr, update)


def json_agrees_with_its_rows(speedup):
    for name, file in GOLDEN.items():
        answer = json.loads(run(speedup, file, "--json", *kind_of(name)).stdout)
        keys = ["overall", "by_source", *(["by_kind"] if name == "ablation" else []), "memory", "rows"]
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


def source_is_no_input(speedup):
    """Renaming every publication changes no prediction."""
    text = (HERE / "training.csv").read_text(encoding="utf-8")
    head, *lines = text.splitlines()
    renamed = "\n".join([head] + [line.replace(line.split(",")[1], "somebody", 1) for line in lines]) + "\n"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "renamed.csv").write_text(renamed, encoding="utf-8")
        a, b = (json.loads(run(speedup, path, "--json").stdout)["rows"]
                for path in ("training.csv", f"{folder}/renamed.csv"))
    expect("source is no input", [r["predicted"] for r in a] == [r["predicted"] for r in b])


def forms_of_one_file(speedup):
    """Line ends, a byte order mark, empty lines and quotes are form, not content."""
    text = (HERE / "training.csv").read_bytes()
    wanted = run(speedup, "training.csv").stdout
    quoted = b"\n".join(b",".join(b'"' + f + b'"' for f in line.split(b",")) if b'"' not in line else line
                        for line in text.split(b"\n")[:-1]) + b"\n"
    forms = {"CRLF": text.replace(b"\n", b"\r\n"), "byte order mark": b"\xef\xbb\xbf" + text,
             "empty lines": text.replace(b"\n", b"\n\n"), "no last line end": text[:-1], "quoted": quoted}
    with tempfile.TemporaryDirectory() as folder:
        for name, content in forms.items():
            path = Path(folder) / "form.csv"
            path.write_bytes(content)
            found = run(speedup, str(path))
            expect(f"{name} reads the same", found.stdout == wanted, found.stderr)


def long_fields(speedup):
    """A field of 100,000 characters is read where it is text, and clipped where it is told."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.csv"
        row = "a,b,GPT-22B,A100-SXM-80GB,{n},8,1,1,2048,4,1.5,bf16,{notes}\n"
        head = "id,source,model,gpu,n_gpus,tp,pp,dp,seq,global_batch_seqs,measured_step_s,precision,notes\n"
        path.write_text(head + row.format(n=8, notes="x" * 100_000), encoding="utf-8")
        found = run(speedup, str(path), "--json")
        expect("long text", found.returncode == 0 and json.loads(found.stdout)["overall"]["n"] == 1, found.stderr)
        path.write_text(head + row.format(n="9" * 100_000, notes=""), encoding="utf-8")
        found = run(speedup, str(path))
        expect("long number", found.returncode == 1 and len(found.stderr) < 400, found.stderr[:400])


def plans(speedup, update):
    """The best plan around a published configuration is never predicted slower than it."""
    found = run(speedup, "training.csv", "--kind", "plans")
    compare("golden plans", HERE / "golden" / "plans.txt", found.stdout, update)
    answer = json.loads(run(speedup, "training.csv", "--kind", "plans", "--json", "--threads", "2").stdout)
    rows = [row for row in answer["rows"] if not row["uneven"] and not row["unfit"]]
    expect("plans are compared", len(rows) == answer["overall"]["n"] > 5, answer["overall"])
    expect("no plan is slower", answer["overall"]["slower"] == 0 and all(row["gain"] >= 1 for row in rows), rows)


def usage(speedup):
    for arguments in (["--kind", "nothing", "training.csv"], ["--leave-out", "row", "training.csv"], []):
        expect(f"usage {arguments}", run(speedup, *arguments).returncode == 2)
    expect("a file that is not there", "no-such.csv: error: cannot be read" in run(speedup, "no-such.csv").stderr)


def fits(speedup):
    """What needs the solver: fits without the rows judged, and calibration."""
    found = run(speedup, "--leave-out", "source", "training.csv")
    if "built without cminpack" in found.stderr:
        print("built without cminpack: no fits")
        return
    expect("leaving out says so", "fit that did not see its source" in found.stdout, found.stderr)
    with tempfile.TemporaryDirectory() as folder:
        # Products at 60% of the peak and 80% of the bandwidth of a chip give these shares back.
        path, sizes = Path(folder) / "products.csv", (1024, 2048, 4096, 8192)
        rows = [f"{m},{n},{k},{1e3 * (2 * m * n * k / 362e12 / 0.6 + 2 * (m * k + n * k + m * n) / 864e9 / 0.8 + 4e-6):.9g}"
                for m in sizes for n in sizes for k in sizes]
        path.write_text("m,n,k,latency\n" + "\n".join(rows) + "\n", encoding="utf-8")
        found = subprocess.run([speedup, "calibrate", str(path), "--accelerator", "l40s"], capture_output=True, encoding="utf-8")
        share = float(found.stdout.partition("kernel's ")[2].split()[0]) if "kernel's " in found.stdout else 0
        expect("kernels give their share back", abs(share / 0.6 - 1) < 0.005, found.stdout + found.stderr)
    for arguments, code, why in ((["calibrate", "training.csv"], 2, "--accelerator"),
                                 (["calibrate", "training.csv", "--accelerator", "none"], 1, "no accelerator 'none'"),
                                 (["calibrate", "training.csv", "--accelerator", "mi300x"], 1, "at least 4")):
        found = subprocess.run([speedup, *arguments], cwd=HERE, capture_output=True, encoding="utf-8")
        expect(f"{arguments} is refused", found.returncode == code and why in found.stderr, found.stderr)


def main():
    speedup, update = str(Path(sys.argv[1]).resolve()), "--update" in sys.argv[2:]
    goldens(speedup, update)
    plans(speedup, update)
    bad_files(speedup, update)
    json_agrees_with_its_rows(speedup)
    source_is_no_input(speedup)
    forms_of_one_file(speedup)
    long_fields(speedup)
    usage(speedup)
    fits(speedup)
    print("failed: " + ", ".join(failures) if failures else "all good")
    sys.exit(bool(failures))


main()
