"""Writes speedup/_signatures.py from the public headers.

ctypes takes a missing argument type for an int, silently: so every function, struct
and constant comes from the headers, and what this cannot read stops it. Knows the
shape of a declaration, no function by name.

    python3 generate_signatures.py            writes speedup/_signatures.py
    python3 generate_signatures.py FILE       writes FILE, - for standard output
"""
import re
import sys
import textwrap
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEADERS = HERE.parent / "include" / "speedup"

SCALARS = {
    "int32_t": "c_int32", "uint32_t": "c_uint32", "int64_t": "c_int64", "uint64_t": "c_uint64",
    "size_t": "c_size_t", "double": "c_double",
}
STRING = r'"(?:[^"\\]|\\.)*"'


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


def rows(table, macro):
    """The rows of a .def table, each a list of arguments as written."""
    text = without_comments(table.read_text(encoding="utf-8"))
    found = [[part.strip() for part in re.findall(rf"(?:{STRING}|[^,\"])+", row)]
             for row in re.findall(rf"^{macro}\(((?:{STRING}|[^()\"])*)\)", text, re.M)]
    if not found or len(found) != len(re.findall(rf"^{macro}\(", text, re.M)):
        raise SystemExit(f"{table.name}: a row of {macro} that cannot be read")
    return found


def expanded(match):
    """An included table as the enumerators that it stands for."""
    names = [name.strip() for name in match["parameters"].split(",")]
    made = []
    for row in rows(HEADERS / match["table"], match["macro"]):
        values = dict(zip(names, row))
        made.append(re.sub(r"(?:##)?\b([A-Za-z]\w*)\b", lambda word: values.get(word[1], word[0]),
                           match["body"].split("/**")[0]))
    return "\n".join(made) + "\n"


def preprocessed(name, seen):
    """A header and those it includes, once each, tables written out, comments gone."""
    if name in seen:
        return ""
    seen.add(name)
    text = (HEADERS / name).read_text(encoding="utf-8")
    text = re.sub(r"#define (?P<macro>SPEEDUP_\w+)\((?P<parameters>[^)]*)\) (?P<body>.*)\n"
                  r"#include <speedup/(?P<table>\w+\.def)>\n#undef (?P=macro)\n", expanded, text)
    text = without_comments(text)
    text = re.sub(r"#include <speedup/(\w+\.h)>", lambda match: preprocessed(match[1], seen), text)
    left = re.search(r"#include <speedup/.*", text)
    if left:
        raise SystemExit(f"{name}: {left[0]} cannot be read")
    return text


class Reader:
    """What the headers declare, as lines of Python."""

    def __init__(self, text):
        self.types = dict(SCALARS)
        self.structs, self.functions, self.constants = [], [], []
        # One pass in order: a declaration may use only what stands before it.
        pattern = re.compile(
            r"typedef struct (?P<opaque>\w+) \w+;"
            r"|typedef struct (?P<struct>\w+) \{(?P<fields>[^}]*)\} \w+;"
            r"|typedef (?P<alias>\w+) (?P<alias_name>\w+);"
            r"|typedef (?P<callback_result>[\w ]+?) ?\(\*(?P<callback>\w+)\)\((?P<callback_parameters>[^()]*)\);"
            r"|enum (?P<tag>\w+ )?\{(?P<enumerators>[^}]*)\};"
            r"|SPEEDUP_API (?P<result>[^;()]*?)(?P<function>speedup_\w+)\((?P<parameters>[^()]*)\);"
            r"|#define (?P<define>SPEEDUP_VERSION_\w+) (?P<number>\d+)")
        for match in pattern.finditer(text):
            self.take(match)
        declared = len(re.findall(r"\bSPEEDUP_API\s+(?!__attribute__|$)\w", text))
        if declared != len(self.functions):
            raise SystemExit(f"{declared} functions are declared, {len(self.functions)} could be read")

    def take(self, match):
        if match["opaque"]:
            self.types[match["opaque"]] = match["opaque"]
            self.structs.append((match["opaque"], None))
        elif match["struct"]:
            self.types[match["struct"]] = match["struct"]
            fields = [self.field(field) for field in match["fields"].split(";") if field.strip()]
            self.structs.append((match["struct"], fields))
        elif match["alias"]:
            self.types[match["alias_name"]] = self.types[match["alias"]]
        elif match["callback"]:
            self.types[match["callback"]] = match["callback"]
            self.structs.append((match["callback"],
                                 self.prototype(match["callback_result"], match["callback_parameters"])))
        elif match["enumerators"]:
            self.enumerators(match["enumerators"])
        elif match["function"]:
            result = self.type(match["result"])
            self.functions.append((match["function"], result, self.parameters(match["parameters"])))
        else:
            self.constants.append((match["define"], int(match["number"])))

    def enumerators(self, body):
        value = -1
        for item in filter(None, (item.strip() for item in body.split(","))):
            match = re.fullmatch(r"(SPEEDUP_\w+)(?:\s*=\s*(-?\d+))?", item)
            if not match:
                raise SystemExit(f"an enumerator that cannot be read: {item}")
            value = int(match[2]) if match[2] else value + 1
            self.constants.append((match[1], value))

    def type(self, text):
        """The ctypes name of a C type."""
        text = re.sub(r"\bconst\b", " ", text)
        base, stars = text.replace("*", " ").split(), text.count("*")
        if len(base) != 1:
            raise SystemExit(f"a type that cannot be read: {text}")
        if base[0] in ("void", "char") and stars:
            made = {"void": "c_void_p", "char": "c_char_p"}[base[0]]
            stars -= 1
        elif base[0] == "void":
            return "None"
        elif base[0] in self.types:
            made = self.types[base[0]]
        else:
            raise SystemExit(f"an unknown type: {text}")
        return "POINTER(" * stars + made + ")" * stars

    def parameters(self, text):
        if text.strip() == "void":
            return []
        made = []
        for parameter in text.split(","):
            match = re.fullmatch(r"\s*(.*?)(\w+)\s*", parameter, re.S)
            made.append(self.type(match[1]))
        return made

    def prototype(self, result, parameters):
        return f"CFUNCTYPE({', '.join([self.type(result)] + self.parameters(parameters))})"

    def field(self, text):
        pointer = re.fullmatch(r"\s*(.*?)\(\*(\w+)\)\((.*)\)\s*", text, re.S)
        if pointer:
            return pointer[2], self.prototype(pointer[1], pointer[3])
        match = re.fullmatch(r"\s*(.*?)(\w+)\s*", text, re.S)
        if not match or "," in text or "[" in text or ":" in text:
            raise SystemExit(f"a field that cannot be read: {text}")
        return match[2], self.type(match[1])


def declarations(reader):
    for name, value in reader.constants:
        yield f"{name} = {value}"
    for name, made in reader.structs:
        if made is None:
            yield f'\n\nclass {name}(Structure):\n    """Opaque."""'
        elif isinstance(made, str):
            yield f"\n\n{name} = {made}"
        else:
            yield f"\n\nclass {name}(Structure):\n    _fields_ = ["
            for field, kind in made:
                yield f'        ("{field}", {kind}),'
            yield "    ]"
    yield "\n\n# name: (result, parameters)\nFUNCTIONS = {"
    for name, result, parameters in reader.functions:
        yield "\n".join(textwrap.wrap(f'"{name}": ({result}, [{", ".join(parameters)}]),', 108,
                                      initial_indent="    ", subsequent_indent="        "))
    yield "}"


def written(reader):
    body = "\n".join(declarations(reader)) + "\n"
    names = sorted(set(re.findall(r"\b(CFUNCTYPE|POINTER|Structure|c_\w+)\b", body)))
    imports = textwrap.fill(", ".join(names) + ")", 108, initial_indent="from ctypes import (",
                            subsequent_indent=" " * len("from ctypes import ("))
    return ('"""The public headers for ctypes. Made by generate_signatures.py: change the headers instead."""\n'
            f"{imports}\n\n{body}")


def main():
    where = sys.argv[1] if len(sys.argv) > 1 else str(HERE / "speedup" / "_signatures.py")
    if len(sys.argv) > 2 or where.startswith("--"):
        raise SystemExit(__doc__)
    text = written(Reader(preprocessed("speedup.h", set())))
    if where == "-":
        sys.stdout.buffer.write(text.encode())
    else:
        Path(where).write_bytes(text.encode())


main()
