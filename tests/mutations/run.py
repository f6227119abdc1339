#!/usr/bin/env python3
"""Are the rules tested? Each mutation of mutations.toml is put into a scratch copy, one at
a time; the test that states the rule must then fail.

usage: tests/mutations/run.py [-h] [--only TEXT] [--jobs N] [--all-tests] [--keep DIR]

Exit status: 0 when every mutation is caught by its test, 1 when one is not, and 2 when one
no longer stands where it is sought, does not build, or its test is unknown or fails as it is.
"""
import argparse
import filecmp
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SECONDS = 120  # of one test program; what takes longer has been caught going on for ever
FAILED = re.compile(rb"^\[  FAILED  \] (?:\w+: )?(\w+)$", re.M)
OK = re.compile(rb"^\[       OK \] (?:\w+: )?(\w+)$", re.M)


def copy_tree(to):
    """What git has or would take, as it stands now."""
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True,
                           capture_output=True).stdout.decode().split("\0")
    for name in filter(None, names):
        # With a time of its own: what a mutation left built must be built again.
        if (ROOT / name).is_file() and not ((to / name).is_file() and filecmp.cmp(ROOT / name, to / name, shallow=False)):
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, to / name)


def build(tree, programs, jobs):
    made = subprocess.run(["ninja", "-C", "build", f"-j{jobs}", *programs], cwd=tree, capture_output=True)
    return made.returncode == 0, made.stdout[-3000:].decode(errors="replace")


def run(tree, program, *arguments):
    """The names of tests that failed and that passed; None for both when it never ended."""
    try:
        made = subprocess.run([tree / "build" / program, *arguments], cwd=tree / "build", capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return None, None
    told = made.stdout + made.stderr
    names = [{name.decode() for name in which.findall(told)} for which in (FAILED, OK)]
    if made.returncode < 0 or (made.returncode and not names[0]):
        return {"(crash)"}, names[1]
    return names[0], names[1]


def apply(tree, mutation):
    """The old text of the file, or a word about why the mutation does not fit."""
    path = tree / mutation["file"]
    if not path.is_file():
        return None, f"there is no {mutation['file']}"
    text = path.read_text(encoding="utf-8")
    count = text.count(mutation["search"])
    if count != 1:
        return None, "the search text is not found" if not count else f"the search text stands {count} times"
    path.write_text(text.replace(mutation["search"], mutation["replace"]), encoding="utf-8")
    return text, None


def judge(tree, mutation, programs, jobs):
    """One mutation: its verdict, and which other tests fail."""
    program, test = mutation["test"].split(":")
    before, problem = apply(tree, mutation)
    if problem:
        return "NOT FOUND", problem
    try:
        good, told = build(tree, programs, jobs)
        if not good:
            return "NO BUILD", told.strip().splitlines()[-1]
        others = []
        for each in programs:
            failed, passed = run(tree, each)
            if each == f"tests/{program}":
                own, ended = failed, passed
            else:
                others += [f"{each.removeprefix('tests/')}:{name}" for name in sorted({"(no end)"} if failed is None else failed)]
        if own is None:
            return "caught", "by never ending"
        if "(crash)" in own and test not in ended:
            return "caught", "by a crash"
        others = [f"{program}:{name}" for name in sorted(own - {test})] + others
        return ("caught" if test in own else "MISSED"), ("also by " + ", ".join(others)) if others else ""
    finally:
        (tree / mutation["file"]).write_text(before, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", default="", help="mutations whose file, search text or test contains TEXT")
    parser.add_argument("--jobs", type=int, default=2, help="of the build")
    parser.add_argument("--all-tests", action="store_true", help="run the other tests of the library too, and tell which fail")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for the scratch copy, which is kept and used again")
    asked = parser.parse_args()
    mutations = [m for m in tomllib.loads((HERE / "mutations.toml").read_text(encoding="utf-8"))["mutation"]
                 if asked.only in f"{m['file']} {m['search']} {m['test']}"]
    with tempfile.TemporaryDirectory() as scratch:
        tree = asked.keep or pathlib.Path(scratch)
        tree.mkdir(parents=True, exist_ok=True)
        copy_tree(tree)
        if not (tree / "build" / "build.ninja").is_file():
            subprocess.run(["meson", "setup", "build", "--buildtype=debug", "-Dtools=false", "-Dexamples=false", "-Ddoc=disabled"],
                           cwd=tree, check=True, stdout=subprocess.DEVNULL)
        programs = sorted({"tests/" + m["test"].split(":")[0] for m in mutations})
        if asked.all_tests:
            more = subprocess.run(["ninja", "-C", "build", "-t", "targets", "all"], cwd=tree, check=True, capture_output=True).stdout
            known = re.findall(r"^(tests/(?:unit|plan|report)/test_\w+): ", more.decode(), re.M)
            programs = sorted(set(known) - {"tests/unit/test_memory"}) # which is slow, and about memory alone
        good, told = build(tree, programs, asked.jobs)
        if not good:
            sys.exit(told)
        passing = {}
        for program in programs:
            failed, passed = run(tree, program)
            if failed:
                print(f"{program} fails as it is: {', '.join(sorted(failed))}")
            passing[program] = passed or set()
        verdicts = {}
        for m in mutations:
            program, test = m["test"].split(":")
            if test not in passing[f"tests/{program}"] and not asked.all_tests:
                verdict, why = "NO TEST", f"{program} has no test of this name that passes"
            else:
                verdict, why = judge(tree, m, programs if asked.all_tests else [f"tests/{program}"], asked.jobs)
            verdicts[verdict] = verdicts.get(verdict, 0) + 1
            print(f"{verdict:9}  {m['file']}: {m['search'][:60]}\n           {test}{'; ' if why else ''}{why}", flush=True)
    print(", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items())))
    wrong = set(verdicts) - {"caught"}
    return 2 if wrong - {"MISSED"} else 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
