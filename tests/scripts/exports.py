"""What the built library shows and needs.

usage: exports.py NM LIBRARY INCLUDE_DIR
It exports the functions of the public headers, all of them and nothing else, each
with an @since in its header; and it imports nothing that prints or ends a process.
"""
import pathlib
import re
import subprocess
import sys

NEVER_IMPORTED = {"printf", "vprintf", "puts", "putchar", "perror", "exit", "_exit", "quick_exit", "setlocale",
                  "uselocale", "system", "getenv", "__printf_chk", "__vprintf_chk"}
DECLARED = re.compile(r"/\*\*((?:(?!\*/).)*)\*/\s*SPEEDUP_API\b[^;{]*?\b(speedup_\w+)\s*\(", re.S)


def symbols(nm, library, which):
    listed = subprocess.run([nm, "-D", which, library], check=True, capture_output=True, text=True).stdout
    for line in listed.splitlines():
        *_, kind, name = line.split()
        yield kind, name.split("@")[0]


def main():
    nm, library, include = sys.argv[1:]
    problems = []
    since = {}
    for header in sorted(pathlib.Path(include).glob("speedup/*.h")):
        for text, name in DECLARED.findall(header.read_text(encoding="utf-8")):
            since[name] = re.search(r"@since\s+\d+\.\d+", text)
    # The version map adds the names of its versions, of kind A.
    exported = {name for kind, name in symbols(nm, library, "--defined-only") if kind != "A"}
    problems += [f"{name} is exported, but no public function" for name in sorted(exported - set(since))]
    problems += [f"{name} is public, but not exported" for name in sorted(set(since) - exported)]
    problems += [f"{name} does not say @since" for name in sorted(since) if not since[name]]
    imported = {name for _, name in symbols(nm, library, "--undefined-only")}
    problems += [f"{name} is imported" for name in sorted(imported & NEVER_IMPORTED)]
    print("\n".join(problems) or f"{len(exported)} symbols exported")
    return bool(problems)


sys.exit(main())
