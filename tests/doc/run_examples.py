"""Runs the examples of Markdown pages, so that what is printed there is true.

    python3 tests/doc/run_examples.py BUILD PAGE.md ...            # check
    python3 tests/doc/run_examples.py BUILD --update PAGE.md ...   # put real output into the pages

Every fenced block of a page is one of:
    yaml            read with the command: a job is estimated, claims are audited, other
                    sections are added to the catalog of the rest of the page
    c, python       compiled and run, run; it must exit with 0
    sh              lines that start with a word of RUN are run; others must start with one of NOT_RUN
    text, json      not run
A block whose first line is a comment with a file name is saved under that name, where
the page's later blocks find it; examples/, include/, python/, tests/ and build/ are there as in a
checkout. HTML comments before a block say more:
    <!-- exit 1 -->                 the block ends with this code
    <!-- wrong -->                  the YAML has errors, on purpose
    <!-- excerpt of PATH -->        the lines stand in that file of the repository, in this order
    <!-- output -->                 the output of the block before, in full
    <!-- output: A | B -->          the paragraphs of it that start with A, and with B
    <!-- output: first N -->        its first N lines
    <!-- roughly output... -->      the same with every number taken for equal
"""
import difflib
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^(?P<marks>(?:<!--(?:(?!-->).)*-->\n)*)```(?P<tag>[^\n]*)\n(?P<body>.*?)^```$", re.M | re.S)
FILE_NAME = re.compile(r"^(?:#|/\*|//)\s*([\w.-]+\.(?:yaml|c|py))\b")
RUN = re.compile(r"^(?:speedup|cc|python3|PYTHONPATH=python python3)\s|^\./")
NOT_RUN = ("make ", "pip ", "sudo make ", "sudo apt-get ", "dpkg-buildpackage ", "export PATH=")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


@dataclass
class Block:
    tag: str
    body: str
    line: int
    marks: list
    span: tuple

    def mark(self, pattern):
        found = [m for m in (re.fullmatch(pattern, mark) for mark in self.marks) if m]
        return found[0] if found else None


@dataclass
class Page:
    path: Path
    text: str
    blocks: list
    catalogs: list = field(default_factory=list)
    output: str = None
    failures: list = field(default_factory=list)

    def fail(self, block, why):
        self.failures.append(f"{self.path}:{block.line}: {why}")


def read(path):
    text = path.read_text(encoding="utf-8")
    blocks = []
    for m in FENCE.finditer(text):
        marks = re.findall(r"<!--\s*(.*?)\s*-->", m["marks"])
        line = text.count("\n", 0, m.start("tag")) + 1
        blocks.append(Block(m["tag"], m["body"], line, marks, m.span("body")))
    page = Page(path, text, blocks)
    if len(re.findall(r"^```", text, re.M)) != 2 * len(blocks):
        page.failures.append(f"{path}: a fence that is not closed")
    return page


def environment(build):
    env = dict(os.environ)
    env.update(PATH=f"{build / 'tools'}:{env['PATH']}", LD_LIBRARY_PATH=str(build), LC_ALL="C.UTF-8",
               PKG_CONFIG_PATH=str(build / "meson-uninstalled"), PYTHONPATH=str(ROOT / "python"),
               SPEEDUP_LIBRARY=str(build / "libspeedup.so.0"))
    return env


def run(page, block, command, folder, env):
    """Runs one command; keeps what it printed."""
    done = subprocess.run(command, shell=isinstance(command, str), cwd=folder, env=env, encoding="utf-8",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
    page.output = (page.output or "") + done.stdout
    wanted = block.mark(r"exit (\d+)")
    if done.returncode != int(wanted[1] if wanted else 0):
        page.fail(block, f"exit code {done.returncode} of: {command}\n{done.stdout}")


def run_yaml(page, block, path, folder, env):
    keys = re.findall(r"^([\w-]+):", block.body, re.M)
    catalogs = [word for name in page.catalogs for word in ("--catalog", name)]
    if {"train", "serve", "generate"} & set(keys):
        command = ["speedup", "estimate", path.name, *catalogs]
    elif "claims" in keys:
        command = ["speedup", "audit", path.name, *catalogs]
    elif "plan" in keys:
        command = ["speedup", "plan", path.name, *catalogs]
    else:
        page.catalogs.append(path.name)
        command = ["speedup", "catalog", "list", *catalogs, "--catalog", path.name]
    if block.mark("wrong"):
        block.marks.append("exit 1")
    run(page, block, command, folder, env)


def run_shell(page, block, folder, env):
    for line in block.body.replace("\\\n", " ").splitlines():
        line = re.sub(r"\s+#\s.*", "", line).strip()
        if RUN.match(line):
            run(page, block, re.sub(r"^(PYTHONPATH=python )?python3\b", lambda m: (m[1] or "") + sys.executable, line),
                folder, env)
        elif line and not line.startswith("#") and not line.startswith(NOT_RUN):
            page.fail(block, f"neither run nor known as not to be run: {line}")


def stands_in(block, path):
    lines = iter(path.read_text(encoding="utf-8").splitlines())
    return all(any(line == there for there in lines) for line in block.body.splitlines() if line.strip() != "...")


def chosen(output, what):
    """The part of an output that a page shows."""
    if not what:
        return output
    first = re.fullmatch(r"first (\d+)", what)
    if first:
        return "".join(output.splitlines(True)[:int(first[1])])
    paragraphs = re.split(r"\n\n", output.rstrip("\n"))
    starts = [start.strip() for start in what.split("|")]
    shown = [p for p in paragraphs if any(p.lstrip().startswith(start) for start in starts)]
    return "\n\n".join(shown) + "\n"


def compare(page, block, update):
    mark = block.mark(r"(roughly )?output(?:: (.*))?")
    if not mark:
        return None
    if page.output is None:
        page.fail(block, "no command before this output")
        return None
    wanted = chosen(page.output, mark[2])
    same = (lambda text: NUMBER.sub("#", text)) if mark[1] else (lambda text: text)
    if same(wanted) == same(block.body) and wanted.strip():
        return None
    if not update or not wanted.strip():
        diff = difflib.unified_diff(block.body.splitlines(True), wanted.splitlines(True), "page", "run")
        page.fail(block, "the output is another:\n" + "".join(diff))
    return wanted


def run_block(page, block, folder, env):
    excerpt = block.mark(r"excerpt of (\S+)")
    if excerpt:
        if not stands_in(block, ROOT / excerpt[1]):
            page.fail(block, f"these lines do not stand in {excerpt[1]}")
        return
    if block.tag in ("text", "json"):
        return
    page.output = None
    name = FILE_NAME.match(block.body)
    path = folder / (name[1] if name else f"block-{block.line}.{block.tag}")
    if block.tag in ("yaml", "c", "python"):
        path.write_text(block.body, encoding="utf-8")
    if block.tag == "yaml":
        run_yaml(page, block, path, folder, env)
    elif block.tag == "c":
        run(page, block, f"cc -std=c11 -Wall -Wextra -Werror {path.name} $(pkg-config --cflags --libs speedup) "
            f"-o {path.stem} && ./{path.stem}", folder, env)
    elif block.tag == "python":
        run(page, block, [sys.executable, path.name], folder, env)
    elif block.tag == "sh":
        run_shell(page, block, folder, env)
    else:
        page.fail(block, f"a block of kind '{block.tag}'; use yaml, c, python, sh, json or text")


def run_page(path, build, update):
    page = read(path)
    changes = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for name in ("examples", "include", "python", "tests"):
            (folder / name).symlink_to(ROOT / name)
        (folder / "build").symlink_to(build)
        for block in page.blocks:
            run_block(page, block, folder, environment(build))
            new = compare(page, block, update)
            if new is not None:
                changes.append((block.span, new))
    if update and not page.failures:
        text = page.text
        for (start, end), new in reversed(changes):
            text = text[:start] + new + text[end:]
        if text != page.text:
            path.write_text(text, encoding="utf-8")
    print(f"{path}: {len(page.blocks)} blocks, {len(page.failures)} failures"
          + (f", {len(changes)} outputs updated" if update else ""))
    for failure in page.failures:
        print(failure)
    return not page.failures


def main():
    build, update = Path(sys.argv[1]).resolve(), "--update" in sys.argv
    pages = [Path(a) for a in sys.argv[2:] if a != "--update"]
    good = [run_page(page, build, update) for page in pages]
    sys.exit(not all(good) or not good)


main()
