"""Checks that every exported function says what a caller must know: each parameter, what is
returned, on which threads it may be called, and since which version; and every public type its version.

    python3 tests/doc/check_headers.py ROOT
"""
import re
import sys
from pathlib import Path

FUNCTION = re.compile(r"/\*\*(?P<doc>(?:(?!\*/).)*)\*/\s*SPEEDUP_API\s+(?P<type>[\w \*]+?)\s*(?P<name>speedup_\w+)\("
                      r"(?P<parameters>[^;]*)\);", re.S)
TYPE = re.compile(r"/\*\*(?P<doc>(?:(?!\*/).)*)\*/\s*typedef\s+(?P<text>[^;{]+)", re.S)


def problems(path):
    text = path.read_text(encoding="utf-8")
    declared = re.findall(r"^SPEEDUP_API[^(]*?(speedup_\w+)\(", text, re.M)
    documented = {}
    for m in FUNCTION.finditer(text):
        documented[m["name"]] = m
    for name in declared:
        if name not in documented:
            yield f"{path}: {name} has no text before it"
            continue
        m = documented[name]
        doc = m["doc"]
        told = {word for names in re.findall(r"@param(?:\[[^\]]*\])?\s+([\w,]+)", doc) for word in names.split(",")}
        real = [] if m["parameters"].strip() == "void" else [
            re.findall(r"\w+", parameter)[-1] for parameter in m["parameters"].split(",")]
        for parameter in real:
            if parameter not in told:
                yield f"{path}: {name}: parameter {parameter} is not described"
        for parameter in told - set(real):
            yield f"{path}: {name}: there is no parameter {parameter}"
        if m["type"].strip() != "void" and "@return" not in doc:
            yield f"{path}: {name}: what it returns is not said"
        for wanted in ("Thread-safety:", "@since "):
            if wanted not in doc:
                yield f"{path}: {name}: no '{wanted}'"
    for m in TYPE.finditer(text):
        if "@since " not in m["doc"]:
            yield f"{path}: {m['text'].split()[-1]}: no '@since '"


def main():
    headers = sorted(Path(sys.argv[1], "include/speedup").glob("*.h"))
    found = [problem for header in headers for problem in problems(header)]
    print("\n".join(found) or f"{len(headers)} headers are fine")
    sys.exit(bool(found) or not headers)


main()
