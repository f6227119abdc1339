import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

import speedup  # noqa: E402

EXAMPLE = ROOT / "examples" / "llama-65b-training.yaml"

JOB = """\
train:
  model: llama-7b
  system: dgx-a100-80gb
  accelerators: 8
  sequence: 2048
  global_batch: 64
  tokens: 1 T
  price: 2.50 USD/h
  optimizations: [bf16-mixed-precision, flash-attention-2, zero-3]
"""


@pytest.fixture
def root():
    return ROOT


@pytest.fixture
def example():
    return EXAMPLE


@pytest.fixture
def job():
    return JOB


@pytest.fixture
def refused():
    """The error of a call that must be refused."""
    def call(function, *arguments, **named):
        with pytest.raises(speedup.SpeedupError) as caught:
            function(*arguments, **named)
        return caught.value
    return call


@pytest.fixture
def python():
    """Runs a program in a Python of its own, with this library; gives what it prints."""
    def run(program, **environment):
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "python"), **environment}
        done = subprocess.run([sys.executable, "-c", program], env=environment, cwd=ROOT, text=True,
                              capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout
    return run
