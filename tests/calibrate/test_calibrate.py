"""Calibration as a user meets it: recorded CSVs become profiles, logs become a site's factor.

    python3 tests/calibrate/test_calibrate.py build/tools/speedup            # check
    python3 tests/calibrate/test_calibrate.py build/tools/speedup --update   # put the profiles and what is told into golden/
"""
import csv
import io
import json
import math
import random
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LAB = HERE.parent / "lab"
SPEEDUP = str(Path(sys.argv[1]).resolve())
FAILED = []

JOB = """train: {model: llama-2-7b, system: dgx-h100, accelerators: 8, sequence: 4096, global_batch: 32, stack: pytorch,
  optimizations: [bf16-mixed-precision, flash-attention-2, zero-3]}
"""
UNKNOWN_CHIP = """systems:
  own: {accelerator: rtx-4090, accelerators_per_node: 1, network: 10 GB/s, source: test}
train: {model: gpt-2-small, system: own, accelerators: 1, sequence: 1024, global_batch: 4, stack: pytorch,
  optimizations: [bf16-mixed-precision, flash-attention-2]}
"""


def expect(what, holds, detail=""):
    if not holds:
        FAILED.append(what)
        print(f"FAILED {what}\n{detail}")


def speedup(*arguments, cwd=None):
    return subprocess.run([SPEEDUP, *map(str, arguments)], cwd=cwd, capture_output=True, encoding="utf-8", check=False)


def table(path):
    return list(csv.DictReader(path.open(encoding="utf-8")))


def write(path, rows):
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(out.getvalue(), encoding="utf-8")
    return path


def values(profile):
    """Coefficients of the first entry of each section."""
    pairs = [line.split(":", 1) for line in profile.splitlines() if line.startswith("      ")]
    found = {}
    for name, value in pairs:
        found.setdefault(name.strip(), float(value))
    return found


def wrong_units(folder):
    """Times in another unit, or of another accelerator: said, and not taken for measured."""
    rows = table(LAB / "h100-measure.csv")
    for factor in (1000, 0.001):
        scaled = [{**row, "seconds": float(row["seconds"]) * factor if row["seconds"] else ""} for row in rows]
        done = speedup("calibrate", write(folder / "scaled.csv", scaled))
        expect(f"times x {factor} are doubted", done.returncode == 0 and "were the times in seconds" in done.stderr, done.stderr)
        expect(f"times x {factor} are not measured", "provenance" not in done.stdout, done.stdout)
    done = speedup("calibrate", "--accelerator", "a100-sxm-80gb", LAB / "h100-measure.csv")
    expect("another accelerator is doubted", done.returncode == 0 and "of 'a100-sxm-80gb'?" in done.stderr, done.stderr)


def goldens(update):
    for name in ("h100", "h200", "h200x2", "h200x4"):
        done = speedup("calibrate", f"{name}-measure.csv", cwd=LAB)
        for made, path in ((done.stdout, HERE / "golden" / f"{name}.yaml"), (done.stderr, HERE / "golden" / f"{name}.txt")):
            if update:
                path.write_text(made, encoding="utf-8")
            expect(f"golden {path.name}", path.read_text(encoding="utf-8") == made, made)
        expect(f"{name} ends well", done.returncode == 0, done.stderr)


def interval(folder, text, *arguments):
    (folder / "interval.yaml").write_text(text, encoding="utf-8")
    done = speedup("estimate", "interval.yaml", "--json", *arguments, cwd=folder)
    expect(f"an estimate with {arguments}", done.returncode == 0, done.stderr)
    step = json.loads(done.stdout)["answer"]["step_seconds"]
    return step["high"] / step["low"], step["value"]


def profiles(folder):
    """A profile is a catalog, and changes the estimate of its machine."""
    plain = interval(folder, JOB)
    own = interval(folder, JOB, "--catalog", HERE / "golden" / "h100.yaml")
    expect("a profile is used", own[1] != plain[1] and abs(own[1] / plain[1] - 1) < 0.15, f"{plain} {own}")
    rows = table(LAB / "h100-measure.csv")
    shuffled = rows[:]
    random.Random(1).shuffle(shuffled)
    a = values(speedup("calibrate", write(folder / "a.csv", rows)).stdout)
    b = values(speedup("calibrate", write(folder / "b.csv", shuffled)).stdout)
    expect("the order of rows is no matter", a.keys() == b.keys() and all(math.isclose(a[k], b[k], rel_tol=2e-3, abs_tol=1e-12) for k in a),
           f"{a} {b}")
    slower = [dict(r, seconds=1.25 * float(r["seconds"]) if r["kind"] in ("pass", "host") and r["seconds"] else r["seconds"]) for r in rows]
    c = values(speedup("calibrate", write(folder / "c.csv", slower)).stdout)
    expect("slower passes are a lower rate", math.isclose(c["copy_rate"] * 1.25, a["copy_rate"], rel_tol=2e-3), f"{a} {c}")
    expect("a slower host takes longer", math.isclose(c["host_forward"], 1.25 * a["host_forward"], rel_tol=2e-3), f"{a} {c}")


def accelerators(folder):
    rows = table(LAB / "h100-measure.csv")
    for name, power, found in (("NVIDIA H100 PCIe", "350", "'h100-pcie-80gb'"), ("NVIDIA H100 80GB HBM3", "500", "'h100-sxm-80gb'"),
                               ("NVIDIA A100-SXM4-80GB", "400", "Name it with --accelerator"), ("Some GPU", "1", "Name it with --accelerator")):
        done = speedup("calibrate", write(folder / "gpu.csv", [dict(r, gpu=name, power_limit=power) for r in rows]))
        expect(f"{name} is {found}", found in done.stderr, done.stderr)
    done = speedup("calibrate", folder / "gpu.csv", "--accelerator", "b200")
    expect("a name that is given is taken", done.returncode == 0 and "  b200:" in done.stdout, done.stderr)
    done = speedup("calibrate", folder / "gpu.csv", "--accelerator", "nothing")
    expect("an accelerator that is none", done.returncode == 1 and "catalog list accelerators" in done.stderr, done.stderr)
    rows[7]["gpu"] = "Another"
    done = speedup("calibrate", write(folder / "two.csv", rows))
    expect("two machines", done.returncode == 1 and "two.csv:9: error: column 'gpu'" in done.stderr, done.stderr)


def bad_rows(folder):
    rows = table(LAB / "h100-measure.csv")
    at = {r["kind"]: i for i, r in enumerate(rows)}
    rows[at["product"]]["seconds"] = "fast"
    rows[at["attention"]]["seq"] = "-1"
    rows[at["pass"]]["bytes"] = ""
    path = write(folder / "bad.csv", rows)
    path.write_text(path.read_text(encoding="utf-8") + "product,cut off", encoding="utf-8")
    done = speedup("calibrate", path)
    for line, why in ((at["product"], "column 'seconds': 'fast' is not a number"), (at["attention"], "column 'seq': '-1' is negative"),
                      (at["pass"], "column 'bytes': a row of kind 'pass' needs a number over 0")):
        expect(f"told: {why}", f"bad.csv:{line + 2}: row passed over: {why}" in done.stderr, done.stderr)
    expect("a line that is cut off", f"bad.csv:{len(rows) + 2}: error: 2 fields" in done.stderr, done.stderr)
    expect("others are used", done.returncode == 0 and "4 passed over" in done.stderr, done.stderr)
    few = [r for r in rows if r["kind"] == "host" and r["layers"]][:3]
    done = speedup("calibrate", write(folder / "few.csv", few))
    expect("too few rows", done.returncode == 1 and "at least 4 shapes" in done.stderr, done.stderr)
    few = [r for r in rows if r["kind"] == "product" and r["precision"] == "bf16" and r["m"] == "8192" and r["name"] == "forward"][:12]
    done = speedup("calibrate", write(folder / "few.csv", few))
    expect("few rows narrow nothing", done.returncode == 0 and "provenance" not in done.stdout and "stay as they are" in done.stderr,
           done.stdout + done.stderr)


def intervals(folder):
    """What a job brings is no measurement of its accelerator."""
    generic = interval(folder, UNKNOWN_CHIP)[0]
    expect("own coefficients narrow nothing", interval(folder, UNKNOWN_CHIP, "--set", "train.calibration={power_overhead: 1.1}")[0] == generic)
    narrow = interval(folder, UNKNOWN_CHIP, "--set", "train.calibration={time_sigma: 0.03}")[0]
    expect("an interval's own coefficient does", narrow < generic)
    chip = "accelerators:\n  rtx-4090: {base: rtx-4090, replaces: true, calibration: {matmul_efficiency: 0.93}%s}\n"
    (folder / "unsaid.yaml").write_text(chip % "", encoding="utf-8")
    (folder / "measured.yaml").write_text(chip % ", provenance: measured", encoding="utf-8")
    expect("values of nobody knows where narrow nothing", interval(folder, UNKNOWN_CHIP, "--catalog", "unsaid.yaml")[0] > 0.98 * generic)
    expect("a measured profile does", interval(folder, UNKNOWN_CHIP, "--catalog", "measured.yaml")[0] < generic)


def estimated(folder, settings):
    done = speedup("estimate", "job.yaml", "--json", *[w for s in settings.items() for w in ("--set", "=".join(s))], cwd=folder)
    return json.loads(done.stdout)["answer"]["step_seconds"]["value"]


def log_of(folder, batches, factor, scatter, steps=6):
    """Steps that take `factor` times what is estimated; each configuration its own, each first step slow."""
    draw = random.Random(3)
    rows = []
    for micro, batch, sequence in batches:
        settings = {"train.micro_batch": str(micro), "train.global_batch": str(batch), "train.sequence": str(sequence)}
        seconds = estimated(folder, settings) * factor * math.exp(draw.gauss(0, scatter))
        rows += [dict(settings, loss="2.5", step_seconds=f"{seconds * (5 if i == 0 else 1 + draw.gauss(0, .002)):.6g}") for i in range(steps)]
    return rows


def sites(folder):
    (folder / "job.yaml").write_text(JOB, encoding="utf-8")
    many = [(m, g, s) for m in (1, 2, 4) for g in (32, 64, 96, 128) for s in (1024, 2048, 4096)]
    many = [b for b in many if b[1] % (8 * b[0]) == 0]
    rows = log_of(folder, many, 1.1, 0.01)
    done = speedup("calibrate", write(folder / "log.csv", rows), "--job", "job.yaml", cwd=folder)
    found = values(done.stdout)
    expect("the factor is found", done.returncode == 0 and abs(found["site_factor"] / 1.1 - 1) < 0.01, done.stdout + done.stderr)
    expect("what was held back supports a narrower interval", 0.005 < found.get("time_sigma", 0) < 0.03, done.stdout + done.stderr)
    (folder / "site.yaml").write_text(done.stdout, encoding="utf-8")
    before, after = interval(folder, JOB), interval(folder, JOB, "--catalog", "site.yaml")
    expect("the factor is on the step", math.isclose(after[1] / before[1], found["site_factor"], rel_tol=1e-3), f"{before} {after}")
    expect("the interval is the site's", after[0] < before[0], f"{before} {after}")
    again = speedup("calibrate", "log.csv", "--job", "job.yaml", "--catalog", "site.yaml", cwd=folder)
    expect("a second time finds the same", math.isclose(values(again.stdout)["site_factor"], found["site_factor"], rel_tol=1e-3), again.stdout)
    wide = speedup("calibrate", write(folder / "wide.csv", log_of(folder, many, 1.1, 0.2)), "--job", "job.yaml", cwd=folder)
    expect("scatter widens the interval", values(wide.stdout).get("time_sigma", 0) > 0.1, wide.stdout + wide.stderr)
    one = speedup("calibrate", write(folder / "one.csv", log_of(folder, many[:1], 1.2, 0, 20)), "--job", "job.yaml", cwd=folder)
    expect("one configuration gives a factor and no interval", abs(values(one.stdout)["site_factor"] / 1.2 - 1) < 0.01 and
           "time_sigma" not in one.stdout and "no narrower" in one.stderr, one.stdout + one.stderr)


def bad_logs(folder):
    (folder / "job.yaml").write_text(JOB, encoding="utf-8")
    good = log_of(folder, [(1, 32, 4096)], 1.1, 0)
    bad = [dict(good[0], step_seconds="-1"), dict(good[0], step_seconds="0"), dict(good[0], step_seconds="1 s"),
           dict(good[0], **{"train.micro_batch": "3"}), dict(good[0], **{"train.sequence": "long"}),
           dict(good[0], **{"train.micro_batch": "1" + "\n" * 200})]
    done = speedup("calibrate", write(folder / "bad.csv", good + bad), "--job", "job.yaml", cwd=folder)
    for i, why in enumerate(("column 'step_seconds': '-1' is negative", "column 'step_seconds': a step takes more than 0 s",
                             "column 'step_seconds': '1 s' is not a number", "column 'train.micro_batch': ", "column 'train.sequence': ", "column 'train.micro_batch': a setting is one line")):
        expect(f"told: {why}", f"bad.csv:{len(good) + 2 + i}: row passed over: {why}" in done.stderr, done.stderr)
    expect("the good ones are used", done.returncode == 0 and "6 rows passed over" in done.stderr, done.stderr)
    expect("a log needs a job", speedup("calibrate", folder / "bad.csv").returncode == 2)
    done = speedup("calibrate", write(folder / "none.csv", bad), "--job", "job.yaml", cwd=folder)
    expect("no step left", done.returncode == 1 and "at least 4 are needed" in done.stderr, done.stderr)
    done = speedup("calibrate", LAB / "h100-measure.csv", "--job", "job.yaml", cwd=folder)
    expect("no log", done.returncode == 1 and "column 'step_seconds' is missing" in done.stderr, done.stderr)
    done = speedup("calibrate", "bad.csv", "--job", "nothing.yaml", cwd=folder)
    expect("no job", done.returncode == 1 and "nothing.yaml" in done.stderr, done.stderr)


def main():
    goldens("--update" in sys.argv[2:])
    for test in (profiles, accelerators, bad_rows, wrong_units, intervals, sites, bad_logs):
        with tempfile.TemporaryDirectory() as folder:
            test(Path(folder))
    help_text = speedup("calibrate", "--help").stdout
    expect("help", "--job FILE.yaml" in help_text and "--accelerator ID" in help_text and "exit codes" in help_text, help_text)
    sys.exit(f"failed: {', '.join(FAILED)}" if FAILED else 0)


main()
