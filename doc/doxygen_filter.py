"""Doxygen input filter: reads one file, prints it as Doxygen needs it.

Headers include the *.def tables as X-macros, whose texts Doxygen cannot see: every such
inclusion is replaced by plain, documented constants. Knows the shape of an inclusion, no
table by name. In pages, links to files that are no part of the reference become plain text.
"""
import re
import sys
from pathlib import Path

INCLUSION = re.compile(
    r"^#define (?P<macro>\w+)\((?P<parameters>[^)]*)\) (?P<body>[^\n]*)\n"
    r"#include <speedup/(?P<table>\w+\.def)>\n#undef (?P=macro)\n", re.M)
LINK_OUTSIDE = re.compile(r"\[([^\]]+)\]\((?!https?:)[^)\s]+(?<!\.md)\)")
COMMENT = re.compile(r"^<!--.*-->\n", re.M)
STRING = r'"(?:[^"\\]|\\.)*"'


def rows(text, macro):
    """The argument lists of every row of a table."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    for row in re.finditer(rf"^{macro}\(((?:{STRING}|[^()\"])*)\)", text, re.M):
        yield [part.strip() for part in re.findall(rf"(?:{STRING}|[^,\"])+", row.group(1))]


def written_out(inclusion, folder):
    names = [name.strip() for name in inclusion["parameters"].split(",")]
    table = (folder / inclusion["table"]).read_text(encoding="utf-8")
    constant = inclusion["body"].split("/**<")[0].strip().rstrip(",")
    lines = []
    for values in rows(table, inclusion["macro"]):
        row = dict(zip(names, values))
        made = re.sub(r"\w+?##(\w+)", lambda m: m.group(0).replace("##" + m.group(1), row[m.group(1)]), constant)
        made = re.sub(r"\bnumber\b", row.get("number", "number"), made)
        unit = row.get("unit", '"1"').strip('"')
        text = row["text"].strip('"') + ("" if unit == "1" else f" [{unit}]")
        lines.append(f"    {made}, /**< {text} */\n")
    if not lines:
        raise SystemExit(f"{inclusion['table']}: no row of {inclusion['macro']}")
    return "".join(lines)


def main():
    path = Path(sys.argv[1])
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".h":
        text = INCLUSION.sub(lambda m: written_out(m, path.parent), text)
    else:
        text = COMMENT.sub("", LINK_OUTSIDE.sub(r"\1", text))
    sys.stdout.buffer.write(text.encode("utf-8"))


main()
