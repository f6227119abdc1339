"""The order of the stages: a folder of lib/ includes itself and earlier ones only.

usage: stages.py SOURCE_ROOT
Also: yaml.h is included below lib/yaml alone, texts are read where they come in and
nowhere else, so that no part hands YAML to another, nor our programs to the library; the
library neither prints nor ends the process nor touches the locale, and every public
function says since when it exists and who may call it from which thread.
"""
import pathlib
import re
import sys

STAGES = ["base", "yaml", "catalog", "compose", "estimate", "plan", "report"]
FORBIDDEN = ["printf", "vprintf", "fprintf", "vfprintf", "puts", "fputs", "putchar", "perror", "exit", "_exit",
             "quick_exit", "abort", "setlocale", "uselocale", "system", "signal", "getenv"]

# Where a text of the caller comes in. What one part has for another is a value.
DOORS = ["catalog/catalog.c", "catalog/import.c", "estimate/builder.c", "estimate/scenario.c", "estimate/setting.c",
         "plan/builder.c", "plan/space.c", "report/answer.c", "report/audit.c"]
READS = re.compile(r"(?<![\w.>])yaml_read(?:_file)?\s*\(")

# Our own programs describe what they want by calls; a text that they hand over is a user's.
TOOL_DOORS = ["speedup.c"]
TAKES_TEXT = re.compile(r"\bspeedup_(?:(?:space|scenario)_create|catalog_extend|answer|admit|report_audit)\s*\(")

CALL = re.compile(r"(?<![\w.>])(" + "|".join(FORBIDDEN) + r")\s*\(")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
DOCUMENTED = re.compile(r"/\*\*(?P<text>(?:(?!\*/).)*)\*/\s*SPEEDUP_API\b[^;{]*?\b(?P<name>speedup_\w+)\s*\(", re.S)
DECLARED = re.compile(r"^\s*SPEEDUP_API\b[^;{]*?\b(speedup_\w+)\s*\(", re.M)


def blank(match):
    """Comments and strings become blanks, so that lines keep their numbers."""
    return re.sub(r"[^\n]", " ", match.group())


def check_source(path, stage):
    text = path.read_text(encoding="utf-8")
    code = COMMENT_OR_STRING.sub(blank, text).splitlines()
    for number, line in enumerate(text.splitlines(), 1):
        include = INCLUDE.match(line)
        if include:
            mark, name = include.groups()
            folder = name.split("/")[0]
            if mark == '"' and folder not in STAGES:
                yield f"{path}:{number}: '{name}' is in no stage"
            elif mark == '"' and STAGES.index(folder) > STAGES.index(stage):
                yield f"{path}:{number}: {stage} includes the later stage {folder}"
            if name == "yaml.h" and stage != "yaml":
                yield f"{path}:{number}: yaml.h outside of lib/yaml"
    for number, line in enumerate(code, 1):
        for call in CALL.finditer(line):
            yield f"{path}:{number}: {call[1]}() in the library"
        if READS.search(line) and stage != "yaml" and f"{stage}/{path.name}" not in DOORS:
            yield f"{path}:{number}: a text is read where none comes in; hand over a value"


def check_tool(path):
    code = COMMENT_OR_STRING.sub(blank, path.read_text(encoding="utf-8")).splitlines()
    for number, line in enumerate(code, 1):
        if TAKES_TEXT.search(line) and path.name not in TOOL_DOORS:
            yield f"{path}:{number}: a text is handed to the library; describe it by calls"


def check_header(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".h" and "@file" not in text:
        yield f"{path}:1: no @file comment"
    documented = {match["name"]: match["text"] for match in DOCUMENTED.finditer(text)}
    for match in DECLARED.finditer(text):
        name = match[1]
        line = text.count("\n", 0, match.start(1)) + 1
        for word in ("@since", "Thread-safety:"):
            if word not in documented.get(name, ""):
                yield f"{path}:{line}: {name}() lacks '{word}'"


def main():
    root = pathlib.Path(sys.argv[1])
    problems = []
    folders = sorted(entry.name for entry in (root / "lib").iterdir() if entry.is_dir())
    problems += [f"lib/{name} is no stage" for name in folders if name not in STAGES]
    sources = 0
    for stage in STAGES:
        for path in sorted((root / "lib" / stage).rglob("*.[ch]")):
            problems += check_source(path, stage)
            sources += 1
    for path in sorted((root / "tools").rglob("*.[ch]")):
        problems += check_tool(path)
    headers = sorted((root / "include" / "speedup").iterdir())
    for path in headers:
        problems += check_header(path)
    print("\n".join(problems) or f"{sources} sources and {len(headers)} public headers are in order")
    return bool(problems)


sys.exit(main())
