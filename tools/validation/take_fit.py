"""Takes a fit over into the data that ships: values of coefficients, accelerators and stacks.

    build/tools/speedup calibrate FILE.csv > fitted.yaml
    python3 tools/validation/take_fit.py fitted.yaml

An accelerator or stack that has no such value keeps to the generic ones. One that has keeps no value
of its own of what the fit has one value of for everybody.
"""
import re
import sys
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "data"


def read(path):
    """{section: {id: {key: value}}} of what `speedup calibrate` writes."""
    fit, section, entry = {}, None, None
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"(\w+):", line):
            section = fit.setdefault(match[1], {})
        elif match := re.fullmatch(r"  ([\w.-]+): \{base: .*?(?:value|(\w+)): ([\d.e+-]+)[,}].*", line):
            section.setdefault(match[1], {})[match[2] or "value"] = match[3]
        elif match := re.fullmatch(r"  ([\w.-]+):", line):
            entry = section.setdefault(match[1], {})
        elif match := re.fullmatch(r"      (\w+): ([\d.e+-]+)", line):
            entry[match[1]] = match[2]
    return fit


def replace_value(text, entry, key, value):
    """The first `key` behind the line of an entry."""
    pattern = rf"(^  {re.escape(entry)}:\n(?:    .*\n)*?    {key}: )[^\s#]+"
    changed, count = re.subn(pattern, rf"\g<1>{value}", text, flags=re.M)
    if count != 1:
        sys.exit(f"{entry}: no '{key}' to replace")
    return changed


def take_coefficients(values):
    left = dict(values)
    for path in sorted((DATA / "coefficients").glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        for name in [n for n in left if re.search(rf"^  {n}:$", text, re.M)]:
            text = replace_value(text, name, "value", left.pop(name)["value"])
        path.write_text(text, encoding="utf-8")
    if left:
        sys.exit(f"coefficients that data/ does not have: {', '.join(left)}")


def take_calibration(folder, entries, common):
    for path in sorted((DATA / folder).glob("*.yaml")):
        text, values = path.read_text(encoding="utf-8"), entries.get(path.stem, {})
        if not values:
            continue
        for name in common - set(values):
            text = re.sub(rf"^      {name}: .*\n", "", text, flags=re.M)
        for name, value in values.items():
            changed, count = re.subn(rf"(^      {name}: )[^\s#]+", rf"\g<1>{value}", text, flags=re.M)
            if not count:
                changed, count = re.subn(r"(^    calibration:.*\n)", rf"\g<1>      {name}: {value}\n", text, flags=re.M)
            if count != 1:
                sys.exit(f"{path.name}: '{name}' cannot be placed")
            text = changed
        path.write_text(text, encoding="utf-8")


def main():
    fit = read(Path(sys.argv[1]))
    take_coefficients(fit["coefficients"])
    common = set(fit["coefficients"])
    take_calibration("accelerators", fit.get("accelerators", {}), common)
    take_calibration("stacks", fit.get("stacks", {}), set())


main()
