"""Prints the numbers that the public headers fix: callers have them compiled in.

usage: constants.py COMPILER INCLUDE_DIR
The library's debug information does not hold them, as no function mentions their enums.
"""
import pathlib
import re
import subprocess
import sys

compiler, include = sys.argv[1:]
for header in sorted(pathlib.Path(include).glob("speedup/*.h")):
    # One header at a time, without what it includes but the tables of its own enums.
    lines = subprocess.run([compiler, "-E", "-I", include, str(header)], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    text, own = [], False
    for line in lines:
        mark = re.match(r'# \d+ "([^"]*)"', line)
        if mark:
            own = pathlib.Path(mark[1]).name == header.name or mark[1].endswith(".def")
        elif own:
            text.append(line)
    for body in re.findall(r"\benum\s*\w*\s*\{([^}]*)\}", "\n".join(text)):
        value = -1
        for item in filter(None, map(str.strip, body.split(","))):
            name, _, given = (part.strip() for part in item.partition("="))
            value = int(given, 0) if given else value + 1
            print(f"{name} = {value}")
