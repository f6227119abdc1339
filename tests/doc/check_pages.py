"""Checks all Markdown pages: relative links and anchors lead somewhere, no placeholder is left,
every page of doc/ is linked from the README, and no line of prose is too long to edit.

    python3 tests/doc/check_pages.py ROOT
"""
import re
import sys
from pathlib import Path

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
PLACEHOLDERS = re.compile(r"\b(TODO|FIXME|XXX|TBD|TBC|lorem|ipsum|placeholder|coming soon|to be filled|to be written)\b", re.I)
LONGEST = 140
GENERATED = ("families.md", "format.md", "json.md", "metrics.md")


def without_code(text):
    """Fenced blocks blanked, so that lines keep their numbers."""
    return re.sub(r"^```.*?^```$", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.M | re.S)


def anchors(path):
    """The anchors of a page: explicit ones, and those that sites make from headings."""
    text = without_code(path.read_text(encoding="utf-8"))
    found = set(re.findall(r"\{#([\w-]+)\}", text))
    for heading in re.findall(r"^#+ (.*?)(?: \{#[\w-]+\})?$", text, re.M):
        found.add(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-"))
    return found


def problems(root, path):
    text = path.read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        word = PLACEHOLDERS.search(line)
        if word:
            yield f"{path}:{number}: placeholder '{word[0]}'"
    for number, line in enumerate(without_code(text).splitlines(), 1):
        if len(line) > LONGEST and not line.startswith("|") and path.name not in GENERATED:
            yield f"{path}:{number}: {len(line)} characters; break it"
        for target in LINK.findall(line):
            if re.match(r"https?:|mailto:", target):
                continue
            name, _, anchor = target.partition("#")
            there = (path.parent / name).resolve() if name else path
            if not there.exists() or root not in [there, *there.parents]:
                yield f"{path}:{number}: a link to nothing: {target}"
            elif anchor and there.suffix == ".md" and anchor not in anchors(there):
                yield f"{path}:{number}: no such heading: {target}"


def main():
    root = Path(sys.argv[1]).resolve()
    pages = sorted([*root.glob("*.md"), *root.glob("doc/*.md")])
    found = [problem for page in pages for problem in problems(root, page)]
    linked = LINK.findall((root / "README.md").read_text(encoding="utf-8"))
    found += [f"README.md does not link {p.relative_to(root)}" for p in root.glob("doc/*.md")
              if str(p.relative_to(root)) not in linked]
    print("\n".join(found) or f"{len(pages)} pages are fine")
    sys.exit(bool(found))


main()
