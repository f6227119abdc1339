"""The package says to ctypes what the headers say to a compiler."""
import ctypes
import os
import re
import shutil
import subprocess
import sys

import pytest
from speedup import _library, _signatures


def structs():
    return {name: made for name, made in vars(_signatures).items()
            if isinstance(made, type) and issubclass(made, ctypes.Structure) and hasattr(made, "_fields_")}


def test_signatures_are_those_of_the_headers(root):
    made = subprocess.run([sys.executable, str(root / "python" / "generate_signatures.py"), "-"],
                          capture_output=True, check=True).stdout
    assert made == (root / "python" / "speedup" / "_signatures.py").read_bytes(), \
        "run python/generate_signatures.py"


def test_layout_is_the_compilers():
    program = os.environ.get("SPEEDUP_LAYOUT")
    if not program:
        pytest.skip("SPEEDUP_LAYOUT names no program")
    said = subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines()
    ours = [f"{name} {value}" for name, value in vars(_signatures).items() if name.startswith("SPEEDUP_")]
    for name, made in structs().items():
        ours.append(f"{name} {ctypes.sizeof(made)}")
        for field, *_ in made._fields_:
            place = getattr(made, field)
            ours.append(f"{name}.{field} {place.offset} {place.size}")
    assert sorted(said) == sorted(ours)


def test_structs_begin_with_their_size():
    assert all(made._fields_[0] == ("struct_size", ctypes.c_size_t) for made in structs().values())


def test_functions_are_those_of_the_library():
    if not shutil.which("nm"):
        pytest.skip("nm is not installed")
    symbols = subprocess.run(["nm", "-D", "--defined-only", _library.lib._name], capture_output=True, text=True,
                             check=True).stdout
    assert set(re.findall(r" T (speedup_\w+)@@", symbols)) == set(_signatures.FUNCTIONS)


def test_every_function_has_its_types():
    for name, (result, parameters) in _signatures.FUNCTIONS.items():
        function = getattr(_library.lib, name)
        assert function.restype is result and list(function.argtypes) == parameters


def test_a_handle_of_another_kind_is_refused(job):
    import speedup
    with pytest.raises(ctypes.ArgumentError):
        _library.lib.speedup_scenario_estimate(speedup.Catalog()._handle, None, 0)


def test_a_library_that_does_not_load_is_told(python):
    said = python("try:\n import speedup\nexcept ImportError as error:\n print(error)",
                  SPEEDUP_LIBRARY="/nowhere/libspeedup.so.0")
    assert "SPEEDUP_LIBRARY" in said and "/nowhere/libspeedup.so.0" in said
