"""A sweep in parts, by processes, stopped by force half-way and gone on with, finds the bits of one search."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import speedup

ROOT = Path(__file__).resolve().parent.parent.parent
PLAN = ROOT / "examples" / "plan-gpt3-175b.yaml"
PARTS = 48


def command(folder, *more):
    return [sys.executable, str(ROOT / "examples" / "sweep.py"), str(PLAN), str(folder), "--parts", str(PARTS), *more]


def test_a_sweep_goes_on_where_it_was_killed(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(Path(speedup.__file__).parent.parent)}
    sweep = subprocess.Popen(command(tmp_path, "--workers", "2"), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             start_new_session=True)
    end = time.monotonic() + 60
    while sweep.poll() is None and len(list(tmp_path.glob(f"part-*-of-{PARTS}"))) < 3 and time.monotonic() < end:
        time.sleep(0.002)
    os.killpg(sweep.pid, signal.SIGKILL)
    sweep.wait()
    there = {path: path.stat().st_mtime_ns for path in tmp_path.glob(f"part-*-of-{PARTS}")}
    assert there
    alone = min(set(range(PARTS)) - {int(path.name.split("-")[1]) for path in there}, default=0)
    subprocess.run(command(tmp_path, "--part", str(alone)), env=environment, check=True)  # as a task of an array
    told = subprocess.run(command(tmp_path, "--workers", "2"), env=environment, check=True, capture_output=True, text=True).stdout
    assert all(path.stat().st_mtime_ns == before for path, before in there.items())  # none was searched again

    space = speedup.Space(PLAN)
    whole, merged = space.search(threads=2), None
    for number in range(PARTS):
        one = space.result((tmp_path / f"part-{number}-of-{PARTS}").read_bytes())
        merged = merged.merge(one) if merged else one
    assert merged.to_bytes() == whole.to_bytes()
    assert f"best 0: plan {whole.best[0].index}, {whole.best[0].estimate['step_seconds']!r} s" in told
