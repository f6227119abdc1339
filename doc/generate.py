"""Writes the pages that are made from the library's own tables, or checks them.

    python3 doc/generate.py build/tools/speedup            # write
    python3 doc/generate.py build/tools/speedup --check    # exit 1 where a page is stale

format.md, families.md, json.md, metrics.md, speedup.1 and the tables of errors.md, composition.md, model-training.md,
model-inference.md and fine-tuning.md come from the `speedup` command, from status.def and from keys.def, so that they
say what the library does. A coefficient belongs to the page of inference when data/coefficients/inference.yaml has it.
"""
import json
import re
import subprocess
import sys
from pathlib import Path

import fine_tuning

DOC = Path(__file__).resolve().parent
BEGIN, END = "<!-- made by doc/generate.py -->\n", "<!-- end -->\n"
STACKS, STACKS_END = "<!-- stacks: made by doc/generate.py -->\n", "<!-- end of stacks -->\n"
FAMILIES = {0: "Of a call", 1: "Of a text", 2: "Of a value", 3: "Of a catalog", 4: "Of an optimization", 5: "Of a job"}


def answer(speedup, *arguments):
    return subprocess.run([speedup, *arguments], check=True, capture_output=True, encoding="utf-8").stdout


def table(heads, rows):
    cells = [list(map(str, row)) for row in rows]
    lines = [heads, ["---"] * len(heads), *cells]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def metrics_page(speedup):
    words = json.loads(answer(speedup, "metrics", "--json"))
    page = ("# Metrics\n\nWhat an estimate answers. The number of a metric is its place here and never changes; in C it is\n"
            "`SPEEDUP_METRIC_` and the name in capitals. Units are SI where there is one. A metric in `%` is a plain\n"
            "fraction in C and in JSON (0.46), and is multiplied by 100 in text (46 %). `better` is the way that a front of\n"
            "plans goes, `interval` whose uncertainty a metric has.\n\n")
    return page + table(["number", "metric", "unit", "job", "better", "interval", "what it is"],
                        [[i, f"`{w['name']}`", w["unit"], w["rule"], w["better"], w["interval"], w["text"]]
                         for i, w in enumerate(words)])


def status_table():
    text = (DOC.parent / "include/speedup/status.def").read_text(encoding="utf-8")
    rows = re.findall(r'^SPEEDUP_STATUS\((\w+), (\d+), "([^"]*)", "([^"]*)"\)', text, re.M)
    page = ""
    for family, title in FAMILIES.items():
        mine = [[n, f"`{name}`", what, remedy] for name, n, what, remedy in rows if int(n) // 100 == family]
        page += f"\n### {title}\n\n" + table(["code", "name", "what it means", "what to do"], mine)
    if len(rows) != page.count("\n|") - 2 * len(FAMILIES):
        raise SystemExit("status.def: a code outside the families that doc/generate.py knows")
    return page + "\n"


JSON_HEAD = """# Keys of JSON {#json}

Answers of one kind have the same keys, whatever they say: what is not applicable is `null`, never absent. Made from
`lib/report/keys.def`, which the library fills answers from; a test holds it.

A number that has an interval is an object of `value`, `low`, `high` and `unit`; without one it is the number alone. A list or
an object that is not applicable is `null` as a whole. `[]` in a place stands for each item of a list. In two objects the keys are
names, written `.*`: those of the tables in `gains` of an audit, those of coefficients in `calibration` of an accelerator or of
software, and those of roles in `fields`, `defaults` and `has` of a family.

Kinds of answers: an estimate of training or of inference (`speedup estimate`), a composition (`compose`), a plan of training or
of inference (`plan`; `binds` and `worth` with `--why`), a verdict (`admit`), an audit (`audit`), and of the catalog (`catalog`)
its kinds, lists and entries. A list has the plural of its kind as its one key, `{"models": [{"id", "name"}, ...]}`. An entry has
`id`, the fields of its kind that are numbers, texts or mappings in [the format](format.md), and the keys below.
`speedup_answer()` returns errors in place of an answer.
"""


def json_page():
    text = re.sub(r"/\*.*?\*/", "", (DOC.parent / "lib/report/keys.def").read_text(encoding="utf-8"), flags=re.S)
    rows = [re.findall(r'"([^"]*)"', row) for row in re.findall(r"^KEYS\((.*?)\)$", text, re.M | re.S)]
    page, last = JSON_HEAD, None
    for answered, places, *keys in rows:
        if answered != last:
            title = {"estimate": "estimate, of either", "plan": "plan, of either"}.get(answered, answered)
            page += f"\n## {title[0].upper()}{title[1:]}\n\n| place | keys |\n|---|---|\n"
        last = answered
        where = ", ".join(f"`{place.lstrip('.')}`" for place in places.split("|")) if places else "the answer"
        page += f"| {where} | {', '.join(f'`{key}`' for key in keys)} |\n"
    return page


FAMILIES_HEAD = """# Families of models {#families}

How a `config.json` of a Hugging Face repository is read: each family below is a file of `data/families/`, made into this page by
`doc/generate.py`. A family says which `model_type` it is for, how fields are called, which defaults its class has, and what no
field says. `speedup catalog show families ID` shows one.

What a file leaves out is taken from the class's defaults, with a warning that names it. A `model_type` of no family is read as
the nearest one, with a warning, where that knows all fields that say something of the structure; else it is refused by the
first field that it does not know. Fields of GGUF files are those of family `gguf`, before those of the architecture's family. An
entry of your own, in a file given with `--catalog`, is a family like those here:

    families:
      mine:
        base: llama                       # what it does not say itself
        types: [my_model]                 # values of model_type, or classes of architectures
        fields: {layers: depth|n_layers}  # role: names of the field, the first that the file has; name=text* of a flag
        defaults: {vocab: 50000}          # of fields that files leave out: taken with a warning
        has: {qk_norm: true}              # what no field says
        source: modeling_my_model.py

## Families

"""


ROLE_TYPES = {"NUMBER": "whole number", "AMONG": "whole number, up to the layers", "SIZE": "whole number, 1 or more",
              "PERIOD": "whole number, from 1 to the layers", "FACTOR": "number", "FLAG": "true or false", "LIST": "list"}


def families_page(speedup):
    listed = json.loads(answer(speedup, "catalog", "list", "families", "--json"))["families"]
    rows = [json.loads(answer(speedup, "catalog", "show", "families", entry["id"], "--json")) for entry in listed]
    page = FAMILIES_HEAD + table(["family", "model_type", "base", "name", "source"],
                                 [[f"`{f['id']}`", ", ".join(f"`{t}`" for t in f["types"] or []), f"`{f['base']}`" if f["base"] else "", f["name"], f["source"]]
                                  for f in rows])
    text = re.sub(r"/\*.*?\*/", "", (DOC.parent / "lib/catalog/role.def").read_text(encoding="utf-8"), flags=re.S)
    roles = re.findall(r'^ROLE\(\w+, "([^"]*)", (\w+), "([^"]*)", "([^"]*)"\)', text, re.M)
    return page + "\n## Roles of fields\n\nA role with a key is that key of a [model's entry](format.md).\n\n" + table(
        ["role", "value", "key", "what it is"],
        [[f"`{name}`", ROLE_TYPES[kind], f"`{path}`" if path else "", what]
         for name, kind, path, what in roles])


COMMANDS_HEAD = """
## Words of commands

`command` and `benchmark` of a stack are texts with words in braces, `--tensor-parallel-size {tensor}`, for one of the copies of the
model. What stands in brackets is left out where a word in it is not known or has its default. `{?word}` is asked for and not shown, and
so is the id of an optimization, `[--kv-cache-dtype fp8{?fp8-kv-cache}]`, for what the job has and the file of the model does not say by
itself.

"""


def commands_table():
    text = re.sub(r"/\*.*?\*/", "", (DOC.parent / "lib/catalog/command.def").read_text(encoding="utf-8"), flags=re.S)
    rows = re.findall(r'^COMMAND_WORD\(\w+, "([^"]*)", "([^"]*)", "([^"]*)"\)', text, re.M)
    return COMMANDS_HEAD + table(["word", "default", "what it stands for"], [[f"`{name}`", otherwise or "-", what] for name, otherwise, what in rows])


def rules_table(speedup):
    rules, targets = (json.loads(answer(speedup, what, "--json")) for what in ("rules", "targets"))
    names = {rule["name"]: sorted({f"`{t['name']}`" for t in targets if t["rule"] == rule["name"]}) for rule in rules}
    return table(["rule", "how effects combine", "why", "entries of the ledger"],
                 [[r["name"], r["rule"], r["text"], ", ".join(names[r["name"]])] for r in rules])


def coefficients_table(speedup, of_inference):
    data = (DOC.parent / "data/coefficients/inference.yaml").read_text(encoding="utf-8")
    inference = re.findall(r"^  (\w+):$", data, re.M)
    listed = json.loads(answer(speedup, "catalog", "list", "coefficients", "--json"))["coefficients"]
    rows = [json.loads(answer(speedup, "catalog", "show", "coefficients", entry["id"], "--json"))
            for entry in listed if (entry["id"] in inference) == of_inference]
    return table(["coefficient", "value", "unit", "what it is", "provenance"],
                 [[f"`{c['id']}`", f"{c['value']:.4g}", c["unit"], c["text"], c["provenance"]] for c in rows])


def between(page, made, begin=BEGIN, end=END):
    head, rest = page.split(begin)
    return head + begin + made + end + rest.split(end, 1)[1]


def pages(speedup):
    errors = (DOC / "errors.md").read_text(encoding="utf-8")
    composition = (DOC / "composition.md").read_text(encoding="utf-8")
    training = (DOC / "model-training.md").read_text(encoding="utf-8")
    inference = (DOC / "model-inference.md").read_text(encoding="utf-8")
    tuning = (DOC / "fine-tuning.md").read_text(encoding="utf-8")
    tuning = between(tuning, fine_tuning.words_tables(speedup, table) + "\n")
    tuning = between(tuning, "\n" + fine_tuning.stacks_table(speedup, table) + "\n", STACKS, STACKS_END)
    return {
        "fine-tuning.md": tuning,
        "format.md": answer(speedup, "format") + commands_table(),
        "families.md": families_page(speedup),
        "json.md": json_page(),
        "metrics.md": metrics_page(speedup),
        "speedup.1": answer(speedup, "man"),
        "errors.md": between(errors, status_table()),
        "model-training.md": between(training, coefficients_table(speedup, of_inference=False)),
        "model-inference.md": between(inference, coefficients_table(speedup, of_inference=True)),
        "composition.md": between(composition, rules_table(speedup)),
    }


def main():
    speedup, check = sys.argv[1], "--check" in sys.argv[2:]
    stale = []
    for name, text in pages(speedup).items():
        path = DOC / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.write_text(text, encoding="utf-8")
    if check and stale:
        sys.exit(f"stale: {', '.join(stale)}; run: python3 doc/generate.py {speedup}")
    print(f"{'written' if stale else 'up to date'}: {', '.join(stale) or 'all pages'}")


main()
