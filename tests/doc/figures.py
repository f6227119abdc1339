"""Writes the figures of doc/testing.md, counted from a build and its tests. Not a test itself.

    python3 tests/doc/figures.py BUILD
"""
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BEGIN, END = "<!-- counted by tests/doc/figures.py -->\n", "<!-- end -->\n"


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout


def count(pattern, files):
    return sum(len(re.findall(pattern, path.read_text(encoding="utf-8"), re.M)) for path in files)


def lines(*patterns):
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for p in patterns for path in ROOT.glob(p))


def files(folder, pattern="**/*"):
    return [path for path in (ROOT / folder).glob(pattern) if path.is_file()]


def stripped_bytes(library):
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "library")
        subprocess.run(["strip", "-o", copy, library], check=True)
        return copy.stat().st_size


def figures(build):
    speedup = build / "tools/speedup"
    suites = Counter(test["suite"][0].split(":")[-1] for test in json.loads(output("meson", "introspect", "--tests", build)))
    yield "tests of `make test`", f"{sum(suites.values())} ({', '.join(f'{s} {n}' for s, n in sorted(suites.items()))})"
    yield "cases in the C tests", count(r"\bcmocka_unit_test\w*\(", files("tests", "**/*.c"))
    yield "cases in the Python tests", count(r"^\s*def test_", files("tests/python", "*.py"))
    yield "error goldens", len(files("tests/errors/cases", "*.yaml"))
    yield "status codes", count(r"^SPEEDUP_STATUS\(", [ROOT / "include/speedup/status.def"])
    yield "golden outputs", len([path for path in files("tests/golden") if path.suffix in (".txt", ".json") and path.name != "cases.txt"])
    yield "seeds of the fuzzers", len(files("tests/fuzz/corpus"))
    blocks = count(r"^```(?:sh|c|python|yaml)$", [ROOT / "README.md", *ROOT.glob("doc/*.md")])
    yield "examples of these pages that are run", blocks
    kinds = json.loads(output(speedup, "catalog", "list", "--json"))["kinds"]
    yield "catalog entries", ", ".join(f"{k['entries']} {k['kind']}" for k in kinds)
    yield "lines of the library, of its tests", f"{lines('lib/**/*.[ch]', 'include/**/*.h')}, " \
        f"{lines('tests/**/*.[ch]', 'tests/**/*.py')}"
    yield "size of the library, stripped", f"{stripped_bytes(build / 'libspeedup.so.0') / 1000:.0f} kB"


def main():
    build, page = Path(sys.argv[1]), ROOT / "doc/testing.md"
    text = page.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    made = "| figure | counted |\n| --- | --- |\n" + "".join(f"| {name} | {value} |\n" for name, value in figures(build))
    page.write_text(head + BEGIN + made + END + rest.split(END, 1)[1], encoding="utf-8")


main()
