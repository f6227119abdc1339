"""What the built library shows and needs.

usage: exports.py NM LIBRARY SOURCE_ROOT
It exports the functions of the public headers, all of them and nothing else, each under the version that its @since
names, as lib/speedup.map lists them; beside them what lib/compat.c keeps for programs of older headers. And it imports
nothing that prints or ends a process.
"""
import pathlib
import re
import subprocess
import sys

NEVER_IMPORTED = {"printf", "vprintf", "puts", "putchar", "perror", "exit", "_exit", "quick_exit", "setlocale",
                  "uselocale", "system", "getenv", "__printf_chk", "__vprintf_chk"}
DECLARED = re.compile(r"/\*\*((?:(?!\*/).)*)\*/\s*SPEEDUP_API\b[^;{]*?\b(speedup_\w+)\s*\(", re.S)
NODE = re.compile(r"(SPEEDUP_[\d.]+)\s*\{(.*?)\}\s*(SPEEDUP_[\d.]+)?\s*;", re.S)


def symbols(nm, library, which):
    listed = subprocess.run([nm, "-D", which, library], check=True, capture_output=True, text=True).stdout
    for line in listed.splitlines():
        *_, kind, name = line.split()
        yield kind, name


def listed(path):
    """The version of each name in the map."""
    text = re.sub(r"/\*.*?\*/", " ", path.read_text(encoding="utf-8"), flags=re.S)
    return {name: node for node, body, _ in NODE.findall(text) for name in re.findall(r"(speedup_\w+)\s*;", body)}


def declared(include):
    """The version that the header of each function names first."""
    return {name: "".join(f"SPEEDUP_{v}" for v in re.findall(r"@since\s+(\d+\.\d+)", text)[:1])
            for header in sorted(include.glob("*.h"))
            for text, name in DECLARED.findall(header.read_text(encoding="utf-8"))}


def main():
    nm, library, root = sys.argv[1:]
    root, problems = pathlib.Path(root), []
    since, nodes = declared(root / "include" / "speedup"), listed(root / "lib" / "speedup.map")
    for name in sorted(set(since) | set(nodes)):
        if name in since and not since[name]:
            problems.append(f"{name} does not say @since")
        elif name not in since:
            problems.append(f"{name} is in lib/speedup.map, but in no header: take it out; if a version had it, keep it in "
                            "lib/compat.c")
        elif nodes.get(name) != since[name]:
            problems.append(f"{name} is @since {since[name][8:]}, but in lib/speedup.map it is "
                            f"{'in ' + nodes[name] if name in nodes else 'missing'}: put '{name};' under 'global:' of "
                            f"{since[name]}")
    kept = {f"{name}@SPEEDUP_0.1" for name in
            re.findall(r"^OLD\([^,]*, (speedup_\w+)", (root / "lib" / "compat.c").read_text(encoding="utf-8"), re.M)}
    wanted = {f"{name}@@{node}" for name, node in since.items()} | kept
    # The version map adds the names of its versions, of kind A.
    exported = {name for kind, name in symbols(nm, library, "--defined-only") if kind != "A"}
    problems += [f"{name} is exported, but no public function" for name in sorted(exported - wanted)]
    problems += [f"{name} is public, but not exported" for name in sorted(wanted - exported)]
    imported = {name.split("@")[0] for _, name in symbols(nm, library, "--undefined-only")}
    problems += [f"{name} is imported" for name in sorted(imported & NEVER_IMPORTED)]
    print("\n".join(problems) or f"{len(exported)} symbols exported, {len(kept)} of them for older programs")
    return bool(problems)


sys.exit(main())
