"""A locale with a decimal comma changes nothing."""
import shutil
import subprocess

import pytest

PROGRAM = """
import json, locale, os, sys
locale.setlocale(locale.LC_ALL, os.environ["TESTED_LOCALE"])
if os.environ["TESTED_LOCALE"] != "C":
    assert locale.localeconv()["decimal_point"] == ","
import speedup
from pathlib import Path
settings = {"train.tokens": 1.4e12, "train.price": "1.75 USD/h"}
job = speedup.Scenario(Path("examples/llama-65b-training.yaml"), settings=settings)
own = speedup.Optimization("own").effect("memory.weights", 0.625).claim("throughput", 1.5).parameter("p", .5, .25, 1.5)
catalog = speedup.Catalog().register(own)
print(ascii([{k: v.hex() for k, v in job.estimate().items()}, job.report("json"), job.report(),
             catalog.show("optimizations", "own"), speedup.compose([("a", 1.6)], {"a": .5})]))
"""


def german(tmp_path):
    """The environment of a German locale; where there is none, one is made."""
    import locale
    old = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, "de_DE.UTF-8")
        return {"TESTED_LOCALE": "de_DE.UTF-8"}
    except locale.Error:
        pass
    finally:
        locale.setlocale(locale.LC_ALL, old)
    if not shutil.which("localedef"):
        pytest.skip("there is no German locale")
    subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", str(tmp_path / "de_DE.UTF-8")], capture_output=True)
    if not (tmp_path / "de_DE.UTF-8" / "LC_NUMERIC").exists():
        pytest.skip("there is no German locale, and none could be made")
    return {"TESTED_LOCALE": "de_DE.UTF-8", "LOCPATH": str(tmp_path)}


def test_a_decimal_comma_changes_no_bit(python, tmp_path):
    plain, there = python(PROGRAM, TESTED_LOCALE="C"), python(PROGRAM, **german(tmp_path))
    assert there == plain
