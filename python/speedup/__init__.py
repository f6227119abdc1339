"""What a training or serving job will take before it runs: time, memory, money, energy.

    import speedup

    job = speedup.Scenario("examples/llama-65b-training.yaml", settings={"train.micro_batch": 4})
    estimate = job.estimate()
    print(estimate["step_seconds"], estimate.interval("step_seconds", 0.9))
    print(job.report())
    columns = job.batch({"tensor": [1, 2, 4, 8]}, ["step_seconds", "memory_peak", "fits"])

A text is a `str` or `bytes` of YAML, and a mapping stands for the document that it would be in YAML. A
`pathlib.Path` is a file, and so is a `str` of one line that names an existing one or ends in ".yaml"; what
others wrote is best handed over as `bytes`, which are always a text. What goes wrong raises SpeedupError
with every problem of the text, each with its place.

Catalog, Scenario and Space are equal when they were made from the same texts, of files by the same names, and are
pickled by these, for process pools; an Estimate, a Plan and a Verdict by their values. What was made by calls or from
a model's file is equal to itself alone, and is not pickled.

Threads: Catalog, Scenario and Estimate never change and may be used from any thread at once;
an Optimization, an Entry, a Job and a SpaceBuilder belong to one thread at a time. Every thread
has a context of its own, which you never see. Calls let other Python threads run, except while an
effect that is a Python function runs.

Objects end when nothing refers to them; close() or a `with` block ends them sooner.
"""
import ctypes
import functools
import json
import math
import os
import re
import sys
from collections import namedtuple
from collections.abc import Mapping
from pathlib import Path

from . import _signatures as c
from ._library import (Diagnostic, Handle, Hints, Owner, SpeedupError, Word, check, context, diagnostics_of, keep_exception, lib,
                       make, metric_numbers, missing, not_found, tell, text_of, variable_numbers, words)

__all__ = ["Catalog", "Composition", "Contribution", "Diagnostic", "Entry", "Estimate", "Interval", "Job", "Largest",
           "Near", "Optimization", "Plan", "Remedies", "Remedy", "Request", "Result", "Scenario", "Space",
           "SpaceBuilder", "SpeedupError", "Verdict", "View", "Word", "Worth", "admit", "answer", "audit", "compose",
           "format_reference", "metrics", "precisions", "rules", "statuses", "targets", "variables", "version"]
__version__ = f"{c.SPEEDUP_VERSION_MAJOR}.{c.SPEEDUP_VERSION_MINOR}.{c.SPEEDUP_VERSION_PATCH}"


def version():
    """Version of the library that is loaded; __version__ is that of this package."""
    return text_of(lib.speedup_version())


def metrics():
    """What an estimate answers, each a Word; `rule` is the kind of job that has it."""
    return words(lib.speedup_metric_at)


def variables():
    """What expressions and functions may read, each a Word; `rule` is the scope."""
    return words(lib.speedup_variable_at)


def targets():
    """What effects act on, each a Word."""
    return words(lib.speedup_target_at)


def rules():
    """How effects on one target combine, each a Word."""
    return words(lib.speedup_rule_at)


def precisions():
    """The number formats, each a Word."""
    return words(lib.speedup_precision_at)


def statuses():
    """The codes of problems: a dict from number to name."""
    made, code = {}, ctypes.c_int32()
    while not lib.speedup_status_at(len(made), ctypes.byref(code)):
        made[code.value] = text_of(lib.speedup_status_name(code.value))
    return made


def format_reference():
    """The format of YAML files, as Markdown."""
    return tell(lib.speedup_report_format)


def _plain(value):
    """For json: numbers of other packages, which have item(), and mappings that are no dict."""
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{value!r} cannot be written as YAML")


def _yaml(value):
    """YAML of a text or of a value: JSON is a part of YAML."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False, default=_plain)
    return value.encode("utf-8")


def _string(value):
    """Characters for C, which would stop at a NUL without a word."""
    made = os.fsencode(value) if isinstance(value, os.PathLike) else str(value).encode("utf-8")
    if b"\0" in made:
        raise ValueError(f"a NUL character in {value!r}")
    return made


def _file(source):
    """The path of a file, None of a text. No document is one plain value, so that a name is never one."""
    if isinstance(source, str) and "\n" not in source and (
            re.fullmatch(r"[^:{\[]+\.(ya?ml|json|gguf|safetensors)", source) or os.path.exists(source)):
        return Path(source)
    return source if isinstance(source, os.PathLike) else None


def _document(source, instead="pathlib.Path({!r})"):
    if isinstance(source, str) and _file(source):
        raise SpeedupError(c.SPEEDUP_WRONG_TYPE, (), f"{source!r} is read as a YAML text; for the file of that name, pass "
                           + instead.format(source))
    if isinstance(source, (str, bytes, Mapping)):
        return _yaml(source)
    raise TypeError(f"a YAML text or a mapping is wanted, not {type(source).__name__}")


def _settings(settings):
    """Settings as "path=value" each."""
    if isinstance(settings, str):
        settings = [settings]
    if isinstance(settings, Mapping):
        settings = [f"{path}={_yaml(value).decode('utf-8')}" for path, value in settings.items()]
    return tuple(str(setting) for setting in settings or ())


def _strings(values):
    """An array of texts for C, and its length."""
    made = [_string(value) for value in values]
    return (ctypes.c_char_p * len(made))(*made), len(made)


class _Unwritten:
    """In place of the text of what has none; equal to itself alone."""

    def __init__(self, what):
        self.what = what


def _written(made):
    """The texts that something was made from, or the reason why it cannot be pickled."""
    for item in made:
        if isinstance(item, _Unwritten):
            raise TypeError(f"{item.what} has no text to be pickled by; pickle the YAML text or the mapping that it can be made from")
        if isinstance(item, tuple):
            _written(item)
    return made


def _state(path):
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _made_of_file(path, call):
    """What `call()` makes of a file, and the text of that file unless it changes meanwhile."""
    before = _state(path)
    made = call()
    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError:
        return made, _Unwritten(f"{path}, which is gone,")
    return made, text if before == _state(path) else _Unwritten(f"{path}, which changed while it was read,")


class _Written(Owner):
    """Base of what is the same when it is made from the same texts: these are `_made`."""

    __slots__ = ("_made",)

    def __eq__(self, other):
        return self._made == other._made if type(other) is type(self) else NotImplemented

    def __hash__(self):
        return hash(self._made)


def _format(format):
    formats = {"text": c.SPEEDUP_FORMAT_TEXT, "json": c.SPEEDUP_FORMAT_JSON}
    if format not in formats:
        raise ValueError(f"format is 'text' or 'json', not {format!r}")
    return formats[format]


def _report(format, call, *arguments):
    text = tell(call, *arguments, _format(format))
    return json.loads(text) if format == "json" else text


def _names(prefix):
    """The names of an enumeration of C by number: those of SPEEDUP_REASON_ are "memory", "time", ..."""
    return {value: name[len(prefix):].lower() for name, value in vars(c).items()
            if name.startswith(prefix) and not name.endswith("_COUNT")}


def _values(row):
    """What a struct of C has, by name."""
    return {name: getattr(row, name) for name, *_ in row._fields_ if name not in ("struct_size", "reserved")}


@functools.lru_cache(maxsize=None)
def _builtin():
    """The built-in catalog; it never changes, so all share one."""
    return make(c.speedup_catalog, lib.speedup_catalog_unref, lib.speedup_catalog_create)


@functools.lru_cache(maxsize=8)
def _held_after(steps):
    """What the catalog holds that calls of Catalog make, each with its arguments: for many scenarios it is made once."""
    catalog = Catalog()
    for call, *arguments in steps:
        catalog = getattr(catalog, call)(*arguments)
    return catalog._held


def _catalog(steps):
    made = Catalog()
    made._held, made._made = _held_after(steps), steps
    return made


class Catalog(_Written):
    """What is known: accelerators, systems, models, optimizations, prices.

    Catalog() holds what is built into the library. A catalog never changes: extend() and
    register() make a new one.
    """

    __slots__ = ()

    def __init__(self):
        self._held, self._made = _builtin(), ()

    def _with(self, step, call, *arguments, kept=()):
        handle = self._handle
        made = Catalog.__new__(Catalog)
        made._held = make(c.speedup_catalog, lib.speedup_catalog_unref, call, handle, *arguments,
                          kept=(handle, *kept))
        made._made = (*self._made, step)
        return made

    def __reduce__(self):
        return self._handle and _catalog, (_written(self._made),)

    def extend(self, source, name="<text>"):
        """A catalog with the entries of a YAML text, a file or a mapping as well. `name` is how problems call a text."""
        path = _file(source)
        if path:
            made, text = _made_of_file(path, lambda: self._with(None, lib.speedup_catalog_extend_file, _string(path)))
            made._made = (*self._made, ("extend", text, str(path)))
            return made
        text = _document(source)
        return self._with(("extend", text, name), lib.speedup_catalog_extend, _string(name), text, len(text))

    def import_model(self, source, id, name="config.json"):
        """A catalog with one model more, under an id: from the config.json of a Hugging Face repository as a text or a
        mapping; or from such a file, a GGUF file, weights in safetensors beside a config.json, or a folder that has one
        of these. `warnings` of the catalog has what was taken from defaults."""
        path = _file(source)
        if path:
            return self._with(_Unwritten(f"the model of {path}"), lib.speedup_catalog_import_model_file, _string(path), _string(id))
        text = _document(source)
        return self._with(("import_model", text, id, name), lib.speedup_catalog_import_model, _string(name), text, len(text), _string(id))

    def register(self, optimization):
        """A catalog with an Optimization as well."""
        return self._with(_Unwritten(repr(optimization)), lib.speedup_catalog_register, optimization._handle,
                          kept=optimization._functions)

    def add(self, entry):
        """A catalog with an Entry as well."""
        return self._with(_Unwritten(repr(entry)), lib.speedup_catalog_add, entry._handle)

    @staticmethod
    def kinds():
        """The kinds of entries."""
        return [word.name for word in words(lib.speedup_kind_at)]

    def names(self, kind):
        """The entries of a kind: a dict from id to name."""
        if kind not in self.kinds():
            raise not_found("kind of entries", kind, self.kinds())
        handle, made = self._handle, {}
        id, name = ctypes.c_char_p(), ctypes.c_char_p()
        for i in range(lib.speedup_catalog_count(handle, _string(kind))):
            check(lib.speedup_catalog_at(handle, _string(kind), i, ctypes.byref(id), ctypes.byref(name)))
            made[text_of(id.value)] = text_of(name.value)
        return made

    def ids(self, kind):
        """The ids of a kind, in order."""
        return list(self.names(kind))

    def number(self, kind, id, field):
        """A number of an entry in SI units: number("accelerators", "h100-sxm", "peak.bf16")."""
        value = ctypes.c_double()
        status = lib.speedup_catalog_number(self._handle, _string(kind), _string(id), _string(field),
                                            ctypes.byref(value))
        if status == c.SPEEDUP_NOT_FOUND:
            if id not in self.names(kind):
                raise not_found(f"entry in {kind}", id, self.ids(kind))
            raise SpeedupError(status, (), f"{id!r} gives no number {field!r}")
        check(status)
        return value.value

    def show(self, kind=None, id=None, format="text"):
        """An entry, the entries of a kind, or the kinds: text, or a dict for format="json"."""
        return _report(format, lib.speedup_report_catalog, self._handle,
                       None if kind is None else _string(kind), None if id is None else _string(id))

    def to_dict(self):
        """Every entry as show() has it in JSON, by kind and id."""
        return {kind: {id: self.show(kind, id, "json") for id in self.ids(kind)} for kind in self.kinds()}

    def __repr__(self):
        if self._held is None:
            return "<speedup.Catalog, closed>"
        return "<speedup.Catalog: " + ", ".join(
            f"{lib.speedup_catalog_count(self._handle, _string(kind))} {kind}" for kind in self.kinds()) + ">"


class _Described(Owner):
    """Base of what is described key by key and looked at as a whole; `_noun` is what the library calls it."""

    __slots__ = ()

    def _call(self, call, *arguments):
        with context() as used:
            check(getattr(lib, f"{self._noun}_{call}")(used, self._handle, *arguments), used)
        return self

    def set(self, key, value):
        """Give a key ("memory", "peak.bf16") a number, a truth, a text, a list or a mapping of its own keys, in
        place of what it had."""
        if isinstance(value, Mapping):
            for name, own in value.items():
                self.set(f"{key}.{name}", own)
            return self
        if isinstance(value, str):
            return self._call("set_text", _string(key), _string(value))
        if not isinstance(value, (list, tuple)):
            return self._call("set_number", _string(key), float(value))
        self._call("set_list", _string(key))
        for index, item in enumerate(value):
            if isinstance(item, (list, tuple)):
                self.set(f"{key}.{index}", item)
            elif isinstance(item, Mapping):
                (id, parameters), = item.items()
                self.add(key, id, **(parameters or {}))
            else:
                self.add(key, item)
        return self

    def add(self, list, item, **parameters):
        """Add a text or a number behind the items of a list; an optimization with values of its parameters."""
        if not isinstance(item, str):
            return self._call("add_number", _string(list), float(item))
        names = (ctypes.c_char_p * len(parameters))(*(_string(name) for name in parameters))
        values = (ctypes.c_double * len(parameters))(*parameters.values())
        return self._call("add", _string(list), _string(item), names, values, len(parameters))


class Entry(_Described):
    """An entry of a catalog described by calls: a model, a system, an accelerator, ..., with its keys of YAML.

        chip = speedup.Entry("accelerators", "our-chip", peak={"bf16": "400 TFLOP/s"}, memory="64 GB",
                             bandwidth="2 TB/s", power=500, calibration={"matmul_efficiency": 0.7})
        node = speedup.Entry("systems", "our-node", accelerator="our-chip", accelerators_per_node=8)
        catalog = speedup.Catalog().add(chip).add(node)

    A text is one value, with its unit where one is due: nothing in it is read as YAML. Numbers are in SI
    units. Catalog.add() tells all that is wrong at once. An Optimization has a class of its own.
    """

    __slots__ = ("kind", "id")
    _noun = "speedup_entry"

    def __init__(self, kind, id, **keys):
        self.kind, self.id = kind, id
        self._held = make(c.speedup_entry, lib.speedup_entry_destroy, lambda used, made: lib.speedup_entry_create(
            used, _string(kind), _string(id), made))
        for key, value in keys.items():
            self.set(key, value)

    def __repr__(self):
        return f"<speedup.Entry {self.kind}.{self.id}>"


class View:
    """The layout that an effect's function is asked about: its variables as attributes,
    `view.data`, `view.hidden`. Valid during the call."""

    __slots__ = ("_pointer",)

    def __init__(self, pointer):
        self._pointer = pointer

    def __getattr__(self, name):
        numbers = variable_numbers()
        if name not in numbers:
            raise AttributeError(missing("variable", name, numbers))
        if self._pointer is None:
            raise ValueError("a view is valid during the call that it was given to")
        return lib.speedup_view_variable(self._pointer, numbers[name])

    def __dir__(self):
        return list(variable_numbers())


def _effect_function(function):
    def call(_, pointer):
        view = View(pointer)
        try:
            return float(function(view))
        except BaseException as error:
            keep_exception(error)
            return math.nan
        finally:
            view._pointer = None
    return c.speedup_effect_function(call)


class Optimization(Owner):
    """An optimization built from Python: the same row as in YAML.

        own = (speedup.Optimization("own-sharding", name="Our sharding")
               .effect("memory.weights", "1/data")
               .effect("matmul.efficiency", lambda view: 1.1 if view.hidden >= 8192 else 1.0)
               .require("data > 1"))
        catalog = speedup.Catalog().register(own)

    Every method gives the optimization itself. Expressions are compiled by
    Catalog.register(), which tells what is wrong with them.
    """

    __slots__ = ("_functions", "id")

    def __init__(self, id, name=None, source=None, applies_to=None):
        self._functions = ()
        self.id = id
        self._held = make(c.speedup_optimization, lib.speedup_optimization_destroy,
                          lambda used, made: lib.speedup_optimization_create(
                              used, _string(id), None if name is None else _string(name), made))
        if source is not None:
            check(lib.speedup_optimization_set_source(self._handle, _string(source)))
        for job in [applies_to] if isinstance(applies_to, str) else applies_to or ():
            check(lib.speedup_optimization_applies_to(self._handle, _string(job)))

    def effect(self, target, value):
        """Act on a target by a number, an expression, the name of a precision, or a function.

        A function is given a View and gives a number; it must give the same number for the
        same layout, and is called for every layout estimated, several times for each. It
        costs microseconds where an expression costs nanoseconds, so prefer an expression.
        """
        if callable(value):
            function = _effect_function(value)
            # The handles keep the function: nothing is left for the library to destroy.
            check(lib.speedup_optimization_callback(self._handle, _string(target), function, None,
                                                    c.speedup_destroy_function(0)))
            self._functions += (function,)
        else:
            value = value if isinstance(value, str) else repr(float(value))
            check(lib.speedup_optimization_effect(self._handle, _string(target), _string(value)))
        return self

    def parameter(self, name, value, least, most, text=None):
        """Add a parameter that scenarios may set and expressions may read."""
        check(lib.speedup_optimization_parameter(self._handle, _string(name), value, least, most,
                                                 None if text is None else _string(text)))
        return self

    def require(self, condition):
        """Add a requirement: "data > 1"."""
        check(lib.speedup_optimization_require(self._handle, _string(condition)))
        return self

    def exclude(self, *ids):
        """Name optimizations that it cannot be used together with."""
        for id in ids:
            check(lib.speedup_optimization_exclude(self._handle, _string(id)))
        return self

    def supersede(self, *ids):
        """Name optimizations whose place it takes where both are given."""
        for id in ids:
            check(lib.speedup_optimization_supersede(self._handle, _string(id)))
        return self

    def claim(self, resource, factor, source=None):
        """Add a published claim."""
        check(lib.speedup_optimization_claim(self._handle, _string(resource), factor,
                                             None if source is None else _string(source)))
        return self

    def __repr__(self):
        return f"<speedup.Optimization {self.id!r}>"


Interval = namedtuple("Interval", "low high")
Interval.__doc__ = "Where a metric lies with a probability, in its unit."


class _Variables(dict):
    """The values of variables by name."""

    def __missing__(self, name):
        raise KeyError(missing("variable", name, self))


def _metric(name):
    """The number of a metric."""
    try:
        return metric_numbers()[name]
    except KeyError:
        raise KeyError(missing("metric", name, metric_numbers())) from None


class Estimate(Hints, Mapping):
    """The metrics of one layout by name, in the units that metrics() lists. Never changes.

    print(estimate) shows those that are not 0, with their units.
    """

    __slots__ = ("_values",)

    def __init__(self, values):
        self._values = values if isinstance(values, ctypes.Array) else (ctypes.c_double * len(values))(*values)

    def __reduce__(self):
        return Estimate, (tuple(self._values),)

    def __getitem__(self, name):
        return self._values[_metric(name)]

    def __getattr__(self, name):
        if name in metric_numbers():
            raise AttributeError(f"a metric is an item: estimate[{name!r}]")
        return super().__getattr__(name)

    def __iter__(self):
        return iter(metric_numbers())

    def __len__(self):
        return len(self._values)

    @property
    def fits(self):
        """Does the peak memory fit the accelerator?"""
        return self["fits"] == 1

    def interval(self, name, probability=0.9):
        """Where a metric lies with a probability: (low, high)."""
        low, high = ctypes.c_double(), ctypes.c_double()
        check(lib.speedup_metric_interval(self._values, len(self._values), _metric(name), probability,
                                          ctypes.byref(low), ctypes.byref(high)))
        return Interval(low.value, high.value)

    def intervals(self, probability=0.9):
        """The intervals of all metrics, by name."""
        return {name: self.interval(name, probability) for name in self}

    def to_dict(self):
        """All metrics by name."""
        return dict(self)

    def _shown(self, names):
        return [(word.name, f"{self[word.name]:.5g}" + ("" if word.unit == "1" else f" {word.unit}"))
                for word in metrics() if word.name in names and self[word.name]]

    def __str__(self):
        return "\n".join(f"{name:<34}{value:>16}" for name, value in self._shown(self))

    def __repr__(self):
        if self["status"]:
            return f"<speedup.Estimate: {text_of(lib.speedup_status_name(int(self['status'])))}>"
        shown = self._shown(("step_seconds", "time_to_first_token", "time_per_output_token", "tokens_per_second", "memory_peak"))
        return f"<speedup.Estimate: {', '.join(map(' '.join, shown))}, {'fits' if self.fits else 'does not fit'}>"


class _Document(_Written):
    """Base of what is read from a YAML document; `_noun` is what the library calls it."""

    __slots__ = ("catalog",)

    def __init__(self, source, catalog=None, settings=None, name="<text>"):
        self.catalog = Catalog() if catalog is None else catalog
        create, settings, path = self._noun + "_create", _settings(settings), _file(source)
        if path:
            name = os.path.abspath(path)  # a model may lie beside it
            self._held, text = _made_of_file(path, lambda: self._create(create + "_file", _string(path), *_strings(settings)))
        else:
            text = _document(source)
            self._held = self._create(create, _string(name), text, len(text), *_strings(settings))
        self._made = text, self.catalog._made, settings, name

    def _create(self, call, *arguments):
        held = self.catalog._handle
        return make(getattr(c, self._noun), getattr(lib, self._noun + "_unref"), getattr(lib, call), held, *arguments,
                    kept=(held,))

    @classmethod
    def _of(cls, owner, what, call, *arguments):
        """What another object makes."""
        made = cls.__new__(cls)
        made.catalog, made._made = owner.catalog, (_Unwritten(what),)
        made._held = make(getattr(c, cls._noun), getattr(lib, cls._noun + "_unref"), call, owner._handle, *arguments,
                          kept=(owner._handle,))
        return made

    def __reduce__(self):
        made = self._handle and (type(self), *_written(self._made))
        try:
            _again(*made)
        except SpeedupError as error:
            raise TypeError(f"the text of {self._made[-1]} names the file of a model, which a text alone does not read; "
                            "import_model() it into a catalog, and name it there") from error
        return _again, made


def _again(kind, text, steps, settings, name):
    return kind(text, _catalog(steps), settings, name)


class Job(Owner):
    """A job described by calls: the keys of a `train:`, `serve:` or `generate:` section.

        job = speedup.Job("train", model="llama-2-13b", system="dgx-h100", accelerators=64,
                          sequence=4096, global_batch=512, layout={"tensor": 2},
                          optimizations=["bf16-mixed-precision", {"lora": {"share": 0.01}}])
        for micro_batch in 1, 2, 4:
            print(job.set("micro_batch", micro_batch).scenario().estimate()["step_seconds"])

    A text is one value, with its unit where one is due ("2.50 USD/h"): nothing in it is read as
    YAML. Numbers are in SI units. Every method but scenario() gives the job itself.
    """

    __slots__ = ("section",)

    def __init__(self, section, **keys):
        self.section = section
        self._held = make(c.speedup_job, lib.speedup_job_destroy, lambda used, made: lib.speedup_job_create(
            used, _string(section), made))
        for key, value in keys.items():
            self.set(key, value)

    def _call(self, call, *arguments):
        with context() as used:
            check(call(used, self._handle, *arguments), used)
        return self

    def set(self, key, value):
        """Give a key ("micro_batch", "layout.tensor") a number, a truth, a text or a mapping of its own
        keys; "optimizations" or "baseline" a list, to which its items are added."""
        if isinstance(value, Mapping):
            for name, own in value.items():
                self.set(f"{key}.{name}", own)
            return self
        if isinstance(value, str):
            return self._call(lib.speedup_job_set_text, _string(key), _string(value))
        if isinstance(value, (list, tuple)):
            for item in value:
                parameters = {}
                if isinstance(item, Mapping):
                    (item, parameters), = item.items()
                self.add(item, key, **(parameters or {}))
            return self
        return self._call(lib.speedup_job_set_number, _string(key), float(value))

    def add(self, id, list="optimizations", **parameters):
        """Add an optimization, with values of its parameters, behind those of a list."""
        names = (ctypes.c_char_p * len(parameters))(*(_string(name) for name in parameters))
        values = (ctypes.c_double * len(parameters))(*parameters.values())
        return self._call(lib.speedup_job_add, _string(list), _string(id), names, values, len(parameters))

    def apply(self, setting):
        """Put a setting over it, as the command's --set: "train.layout={tensor: 2}"."""
        return self._call(lib.speedup_job_apply, _string(setting))

    def scenario(self, catalog=None):
        """The Scenario of the job as it is now; the job can then be changed and used again."""
        return Scenario(self, catalog)

    def __repr__(self):
        return f"<speedup.Job {self.section!r}>"


class Scenario(_Document):
    """A job on a machine, ready to be estimated. Never changes.

    source    a YAML text, a file (a pathlib.Path, or a name as "job.yaml"), a mapping, or a Job
    catalog   what its names mean; None for the built-in catalog
    settings  put over the source: {"train.micro_batch": 2} or ["train.micro_batch=2"]; a string
              among the values is YAML, as on the command line
    name      how problems call a text
    """

    __slots__ = ()
    _noun = "speedup_scenario"

    def __init__(self, source, catalog=None, settings=None, name="<text>"):
        if not isinstance(source, Job):
            super().__init__(source, catalog, settings, name)
            return
        if settings:
            raise TypeError("settings are put over a Job by its apply()")
        self.catalog, self._made = Catalog() if catalog is None else catalog, (_Unwritten("a Scenario of a Job"),)
        self._held = self._create("speedup_scenario_create_job", source._handle)

    def _entry(self, entry):
        id = ctypes.c_char_p()
        status = lib.speedup_scenario_entry(self._handle, entry, ctypes.byref(id))
        if status != c.SPEEDUP_NOT_FOUND:
            check(status)
        return text_of(id.value)

    @property
    def model(self):
        """The id of its model."""
        return self._entry(c.SPEEDUP_ENTRY_MODEL)

    @property
    def system(self):
        """The id of its system."""
        return self._entry(c.SPEEDUP_ENTRY_SYSTEM)

    @property
    def accelerator(self):
        """The id of the accelerator of its system."""
        return self._entry(c.SPEEDUP_ENTRY_ACCELERATOR)

    @property
    def stack(self):
        """The id of its software, None when it names none."""
        return self._entry(c.SPEEDUP_ENTRY_STACK)

    @property
    def price(self):
        """The id of its price, None when it names none of the catalog."""
        return self._entry(c.SPEEDUP_ENTRY_PRICE)

    @property
    def price_per_hour(self):
        """USD for an accelerator-hour, None when nothing is known of it."""
        value = ctypes.c_double()
        status = lib.speedup_scenario_price(self._handle, ctypes.byref(value))
        return None if status == c.SPEEDUP_NOT_FOUND else check(status) or value.value

    @property
    def variables(self):
        """The values of all variables by name: of the layout, the job, the model and the hardware."""
        value, made = ctypes.c_double(), _Variables()
        for name, i in variable_numbers().items():
            check(lib.speedup_scenario_variable(self._handle, i, ctypes.byref(value)))
            made[name] = value.value
        return made

    def to_dict(self):
        """What it is made of: the ids of its entries, USD for an accelerator-hour, its optimizations and all its variables."""
        names = "model", "system", "accelerator", "stack", "price", "price_per_hour", "baseline", "optimizations", "variables"
        return {name: getattr(self, name) for name in names}

    def _optimizations(self, wanted):
        id, baseline, made = ctypes.c_char_p(), ctypes.c_int32(), []
        while lib.speedup_scenario_optimization_at(self._handle, len(made), ctypes.byref(id),
                                                   ctypes.byref(baseline)) == c.SPEEDUP_OK:
            made.append((text_of(id.value), baseline.value))
        return tuple(name for name, is_baseline in made if is_baseline == wanted)

    @property
    def baseline(self):
        """The ids of what its baseline has, the software's optimizations among them."""
        return self._optimizations(1)

    @property
    def optimizations(self):
        """The ids of its optimizations, in their order."""
        return self._optimizations(0)

    def estimate(self):
        """What the scenario's own layout will take: an Estimate."""
        values = (ctypes.c_double * len(metric_numbers()))()
        check(lib.speedup_scenario_estimate(self._handle, values, len(values)))
        return Estimate(values)

    def batch(self, columns, metrics=None, threads=1):
        """Estimate many layouts at once.

        columns  a mapping from the name of a layout variable to a column of numbers, or to
                 one number for all; numpy arrays of doubles are read in place
        metrics  names; None for all
        threads  how many may work, from 1 to 256; the same bits for any number. Effects that
                 are Python functions run on the caller's thread alone

        Gives a dict from metric to column: numpy arrays of the columns' common shape, or lists
        where numpy is not installed. A layout that cannot be has its reason in the metric
        "status", and 0 in all others. Variables without a column stay as in the scenario, but
        `data` and `accumulation` follow from the others. With a column `data` and none of
        `accelerators`, the accelerators follow; columns that disagree make a layout impossible.
        """
        layout, known = variable_numbers("layout"), metric_numbers()
        wanted = list(known) if metrics is None else [metrics] if isinstance(metrics, str) else list(metrics)
        for name in wanted:
            if name not in known:
                raise not_found("metric", name, known)
        columns = dict(columns.items())
        for name in columns:
            if name not in layout:
                raise not_found("layout variable", name, layout)
        inputs, outputs, count = _columns(list(columns.values()), len(wanted))
        if threads > 1 and self._handle.calls_python():
            threads = 1  # an exception could not leave another thread, and Python runs one at a time
        check(lib.speedup_scenario_estimate_batch(
            self._handle, *_table([layout[name] for name in columns], inputs),
            *_table([known[name] for name in wanted], outputs), count, threads))
        return dict(zip(wanted, (list(made) if isinstance(made, ctypes.Array) else made for made in outputs)))

    def report(self, format="text"):
        """The answer explained: text, or a dict for format="json"."""
        return _report(format, lib.speedup_report_estimate, self._handle)

    def composition(self, format="text"):
        """How its optimizations compose: text, or a dict for format="json"."""
        return _report(format, lib.speedup_report_composition, self._handle)

    def _contributions(self, call):
        row, count, metrics = c.speedup_contribution, ctypes.c_size_t(), list(metric_numbers())
        with context() as used:
            check(call(used, self._handle, None, ctypes.byref(count)), used)
            rows = (row * max(count.value, 1))()
            rows[0].struct_size = ctypes.sizeof(row)
            check(call(used, self._handle, rows, ctypes.byref(count)), used)
        made = []
        for row in rows[:count.value]:
            given = dict(_values(row), id=text_of(row.id), superseded=bool(row.superseded), term=metrics[row.term] if row.term else None,
                         component=metrics[row.component] if row.component else None)
            made.append(Contribution(reason=tell(lib.speedup_report_contribution, ctypes.byref(row)), **given))
        return made

    def attribution(self):
        """What each of its optimizations brings, exactly over all orders, and why: a list of Contribution in their order."""
        return self._contributions(lib.speedup_scenario_attribute)

    def next(self):
        """What the catalog's other optimizations would bring, each added alone to a job that fits: a list of Contribution, the
        largest gain first."""
        return self._contributions(lib.speedup_scenario_next)

    def remedies(self, confidence=0.9):
        """What a training job lacks to fit with a probability, and which of the usual means mend it: Remedies."""
        return Remedies(self, confidence)

    def largest(self, key, confidence=0.9):
        """The largest whole number of a key ("micro_batch", "sequence", "lora.share") with which the job fits with a
        probability, all else as it is: a Largest; its value is None when the job fits with none."""
        value, limit = ctypes.c_double(), ctypes.c_int32()
        with context() as used:
            status = lib.speedup_scenario_largest(used, self._handle, _string(key), confidence, ctypes.byref(value), ctypes.byref(limit))
            if status == c.SPEEDUP_NOT_FOUND:
                return Largest(None, None)
            check(status, used)
        return Largest(int(value.value), _names("SPEEDUP_LIMIT_")[limit.value])

    def __repr__(self):
        if self._held is None:
            return "<speedup.Scenario, closed>"
        return (f"<speedup.Scenario: {self.model} on {self.variables['accelerators']:.0f} x {self.accelerator} ({self.system})"
                + (f" with {self.stack}>" if self.stack else ">"))


Contribution = namedtuple("Contribution", "id waterfall marginal shapley seconds term_share term_before term_after bytes"
                                          " component_bytes lacking term component superseded reason")
Contribution.__doc__ = """What an optimization brings, and from where: differences of estimates without it and with all.

waterfall, marginal    old time / new time when it is added in the order given; when it is added last
shapley                its share of the logarithm of the whole gain, averaged over all orders
seconds                s of a step, in inference of an output token
term                   the metric of time that changes most, or None; term_before and term_after are its s without it and with all,
                       term_share what it has of the time without it
bytes                  B of peak memory; component_bytes are those of `component`, the metric of memory that changes most, or None
lacking                B that the job lacks without it; 0 when it fits
superseded             another of the scenario's takes its place, so that it does not act
reason                 all of it in words"""

Largest = namedtuple("Largest", "value limit")
Largest.__doc__ = """The largest number of a key, and what keeps it from being larger: "memory", the model's "window", the "range" of
the key, or a "rule" of layouts."""

Remedy = namedtuple("Remedy", "optimizations replaced micro_batch memory_peak memory_needed memory_host lacking step_seconds out_of_memory"
                              " status fits alters_training")
Remedy.__doc__ = """A means or a set of means, and the job with it.

optimizations    their ids; `replaced` are those of the job whose place they take
micro_batch      of the job with them
memory_peak      B of an accelerator; memory_needed is what of it has to fit, `lacking` what is missing of that as surely as asked,
                 memory_host B of a node's host
step_seconds     s of a step of the same global batch
out_of_memory    the probability that it runs out of memory
status           None, or why the means does not apply
fits             as surely as asked
alters_training  a model may come out otherwise, as with adapters or sums in fewer bits"""


class Remedies(Owner):
    """What a training job lacks of memory, and what mends it. Never changes.

        found = speedup.Scenario(Path("job.yaml")).remedies()
        print(found.lacking / 2**30, "GiB are lacking")
        for index, remedy in enumerate(found.sets):
            print(remedy.optimizations, remedy.step_seconds, found.scenario(index).estimate().fits)
    """

    __slots__ = ("catalog",)

    def __init__(self, scenario, confidence=0.9):
        self.catalog = scenario.catalog
        self._held = make(c.speedup_remedies, lib.speedup_remedies_destroy, lib.speedup_scenario_remedies, scenario._handle,
                          confidence, kept=(scenario._handle,))

    def _rows(self, call):
        row, made = c.speedup_remedy(struct_size=ctypes.sizeof(c.speedup_remedy)), []
        while not call(self._handle, len(made), ctypes.byref(row)):
            given = {name: getattr(row, name) for name in Remedy._fields[2:]}
            given.update(status=text_of(lib.speedup_status_name(row.status)) if row.status else None, fits=bool(row.fits),
                         alters_training=bool(row.alters_training))
            made.append(Remedy(tuple(text_of(row.ids[i]) for i in range(row.id_count)),
                               tuple(text_of(row.replaced[i]) for i in range(row.replaced_count)), **given))
        return made

    @property
    def without(self):
        """The job as it is: a Remedy without any means."""
        return self._rows(lambda handle, index, row: index or lib.speedup_remedies_without(handle, row))[0]

    @property
    def lacking(self):
        """Bytes that the job lacks; 0 when it fits."""
        return self.without.lacking

    @property
    def means(self):
        """Each of the usual means alone, the cheapest first, also those that do not apply: a list of Remedy."""
        return self._rows(lib.speedup_remedies_means_at)

    @property
    def sets(self):
        """The sets of means that make the job fit: first those that leave training as it is, the fastest first."""
        return self._rows(lib.speedup_remedies_at)

    def scenario(self, index):
        """The Scenario of the job with a set of means."""
        return Scenario._of(self, "a Scenario of Remedies", lib.speedup_remedies_scenario, index)

    def report(self, format="text", largest=()):
        """Remedies explained, with the largest numbers of some keys: text, or a dict for format="json"."""
        keys = [_string(key) for key in ([largest] if isinstance(largest, str) else largest)]
        return _report(format, lib.speedup_report_remedies, self._handle, (ctypes.c_char_p * len(keys))(*keys), len(keys))

    def __repr__(self):
        return "<speedup.Remedies, closed>" if self._held is None else "<speedup.Remedies>"


Near = namedtuple("Near", "index factor")
Near.__doc__ = "A plan that misses a limit: its index in the space, and what it needs over what there is."

Worth = namedtuple("Worth", "resource searched binds have more objective gain unlimited index")
Worth.__doc__ = """What a little more of a resource is worth to the best plan of a space.

resource    as speedup_result_worth() names it: "memory" (B), "host_memory" (B), "deadline" (s), "budget" (USD; of a service USD/h),
            "power" (W), "first_token" (s), "token" (s), "rate" (1/s), "accelerators", "products" (FLOP/s), "bandwidth" (B/s), "link"
            (B/s), "network" (B/s)
searched    the space was searched again; else the best plan was estimated again
binds       without this limit there is a better plan; of rates: more of this one helps most
have, more  what there is of it, and how much more was tried, in its unit
objective   of the best plan with so much more, in the objective's unit; `gain` is by how much that is better, `unlimited` the
            objective without this limit
index       that plan's"""


class Plan(namedtuple("Plan", "index layout estimate")):
    """One plan of a space: its index, its layout as a dict by variable, and its Estimate."""

    __slots__ = ()

    def to_dict(self):
        """Index, layout and metrics."""
        return {"index": self.index, "layout": dict(self.layout), "estimate": self.estimate.to_dict()}


class SpaceBuilder(_Described):
    """A space of plans described by calls: the keys of a `plan:` section.

        plan = speedup.SpaceBuilder(model="llama-2-70b", systems=["dgx-h100"], tensor=[4, 8], deadline="30 d",
                                    choices=[["bf16-mixed-precision"], ["none", "zero-1", {"lora": {"share": 0.01}}]])
        for accelerators in 32, 64:
            print(plan.set("accelerators", accelerators).space().search().best[0].estimate["cost"])

    source  a pathlib.Path: begin with what a file has

    A text is one value, with its unit where one is due: nothing in it is read as YAML. Numbers are in SI
    units. space() tells all that is wrong at once; every other method gives the description itself.
    """

    __slots__ = ()
    _noun = "speedup_space_builder"

    def __init__(self, source=None, **keys):
        self._held = make(c.speedup_space_builder, lib.speedup_space_builder_destroy,
                          lambda used, made: lib.speedup_space_builder_create(used, made) if source is None else
                          lib.speedup_space_builder_create_file(used, _string(source), made))
        for key, value in keys.items():
            self.set(key, value)

    def apply(self, setting):
        """Put a setting over it, as the command's --set: "plan.tensor=[1, 2]"."""
        return self._call("apply", _string(setting))

    def space(self, catalog=None):
        """The Space of the description as it is now; it can then be changed and used again."""
        return Space(self, catalog)

    def __repr__(self):
        return "<speedup.SpaceBuilder>"


class Space(_Document):
    """Plans to choose from: systems x prices x choices of optimizations x layouts. Never changes.

        space = speedup.Space({"plan": {"model": "llama-2-70b", "deadline": "30 d"}})
        result = space.search(threads=4)
        print(result.best[0].layout["accelerators"], result.best[0].estimate["cost"])
        print(result.report())

    Arguments are as for Scenario, with a `plan:` section in place of a job, or a SpaceBuilder; what it
    leaves out is taken from the catalog, and told in the report. len(space) is how many plans there are.
    """

    __slots__ = ()
    _noun = "speedup_space"

    def __init__(self, source, catalog=None, settings=None, name="<text>"):
        if not isinstance(source, SpaceBuilder):
            super().__init__(source, catalog, settings, name)
            return
        if settings:
            raise TypeError("settings are put over a SpaceBuilder by its apply()")
        self.catalog, self._made = Catalog() if catalog is None else catalog, (_Unwritten("a Space of a SpaceBuilder"),)
        self._held = self._create("speedup_space_build", source._handle)

    def __len__(self):
        return lib.speedup_space_size(self._handle)

    def __getitem__(self, index):
        """A Plan; one that cannot be raises SpeedupError with the reason."""
        size = len(self)
        if not -size <= index < size:
            raise IndexError(f"plan {index} of {size}")
        index %= size
        layout, values = (ctypes.c_double * c.SPEEDUP_VARIABLE_COUNT)(), (ctypes.c_double * c.SPEEDUP_METRIC_COUNT)()
        check(lib.speedup_space_estimate(self._handle, index, layout, len(layout), values, len(values)))
        return Plan(index, _Variables((name, layout[i]) for name, i in variable_numbers("layout").items()), Estimate(values))

    def scenario(self, index):
        """A plan as a Scenario, to be reported or attributed as any other; one that cannot be raises SpeedupError."""
        return Scenario._of(self, "a Scenario of a Space", lib.speedup_space_scenario, index)

    def bound(self, begin=0, end=None):
        """An objective, in its unit, that no plan with begin <= index < end can be below, without looking at any; None where
        nothing is known before. A range without a possible plan raises SpeedupError."""
        bound = ctypes.c_double()
        check(lib.speedup_space_bound(self._handle, begin, 2**64 - 1 if end is None else end, ctypes.byref(bound)))
        return bound.value or None

    def search(self, begin=0, end=None, threads=1, progress=None):
        """The Result of looking at every plan with begin <= index < end; the same for any number of
        threads. `progress` is a function of (done, total) called now and then; what it returns
        stops the search when true, and the Result then holds the best so far."""
        def tell_progress(_, done, total):
            try:
                return 1 if progress(done, total) else 0
            except BaseException as error:
                keep_exception(error)
                return 1

        called = c.speedup_progress_function(tell_progress if progress else 0)
        return Result(self, lambda used, made: lib.speedup_space_search(
            used, self._handle, begin, 2**64 - 1 if end is None else end, threads, called, None, made))

    def result(self, data):
        """The Result that Result.to_bytes() wrote, of this space: made from the same plan, settings and catalog. Bytes that were
        changed or are of another space raise SpeedupError."""
        made = Result(self, lambda used, out: lib.speedup_result_load(used, self._handle, data, len(data), out))
        counts = made.counts
        made.cancelled = counts["searched"] < counts["size"]
        return made

    def __repr__(self):
        return "<speedup.Space, closed>" if self._held is None else f"<speedup.Space of {len(self)} plans>"


class Result(Owner):
    """What a search found. Never changes."""

    __slots__ = ("space", "cancelled")

    def __init__(self, space, call):
        own = Space.__new__(Space)  # stays open when the caller's is closed
        own.catalog, own._made, own._held = space.catalog, space._made, space._handle
        self.space, self.cancelled = own, False

        def search(used, made):
            status = call(used, made)
            self.cancelled = status == c.SPEEDUP_CANCELLED
            return c.SPEEDUP_OK if self.cancelled else status

        self._held = make(c.speedup_result, lib.speedup_result_destroy, search, kept=(space._handle,))

    def _plans(self, call):
        index = ctypes.c_uint64()
        made = []
        while not call(self._handle, len(made), ctypes.byref(index)):
            made.append(self.space[index.value])
        return made

    @property
    def best(self):
        """The best plans, best first; empty when none is possible."""
        return self._plans(lib.speedup_result_best)

    @property
    def front(self):
        """The Pareto front of the metrics that the plan names."""
        return self._plans(lib.speedup_result_front)

    @property
    def counts(self):
        """How many plans were looked at, and why others were left out: a dict."""
        made = c.speedup_counts(struct_size=ctypes.sizeof(c.speedup_counts))
        check(lib.speedup_result_counts(self._handle, ctypes.byref(made)))
        return _values(made)

    def merge(self, other):
        """The Result of two ranges of one space together."""
        mine, others = self._handle, other._handle
        made = Result(self.space, lambda used, out: lib.speedup_result_merge(used, mine, others, out))
        made.cancelled = self.cancelled or other.cancelled
        return made

    def __reduce__(self):
        return Space.result, (self.space, self.to_bytes())

    def to_bytes(self):
        """The Result as bytes, the same on every machine: for Space.result() in another process, elsewhere or later."""
        made = ctypes.create_string_buffer(lib.speedup_result_save(self._handle, None, 0))
        lib.speedup_result_save(self._handle, made, len(made))
        return made.raw

    @property
    def gap(self):
        """By which share (0.01 is a hundredth) the best plan can be above the optimum, also after a stop; None when no plan was found,
        infinite where nothing bounds what was not looked at."""
        bound, gap = ctypes.c_double(), ctypes.c_double()
        status = lib.speedup_result_gap(self._handle, ctypes.byref(bound), ctypes.byref(gap))
        return None if status else gap.value if gap.value < sys.float_info.max else math.inf

    def near(self, resource="any"):
        """While no plan is possible, the one that misses a limit alone and by the least: a Near, or None. `resource` is "memory",
        "host_memory", "deadline", "budget", "power", "first_token", "token" or "rate"; of "any" the worst miss is the least."""
        numbers = {name: number for number, name in _names("SPEEDUP_RESOURCE_").items()}
        if resource not in numbers:
            raise not_found("resource", resource, numbers)
        index, factor = ctypes.c_uint64(), ctypes.c_double()
        status = lib.speedup_result_near(self._handle, numbers[resource], ctypes.byref(index), ctypes.byref(factor))
        return None if status == c.SPEEDUP_NOT_FOUND else check(status) or Near(index.value, factor.value)

    def worth(self, threads=1):
        """What binds the best plan, and what a little more of each resource would buy: a list of Worth. The Result must be of the
        whole space, which is searched again."""
        rows, count = (c.speedup_worth * c.SPEEDUP_RESOURCE_COUNT)(), ctypes.c_size_t(c.SPEEDUP_RESOURCE_COUNT)
        rows[0].struct_size = ctypes.sizeof(c.speedup_worth)
        with context() as used:
            check(lib.speedup_result_worth(used, self._handle, threads, rows, ctypes.byref(count)), used)
        names = _names("SPEEDUP_RESOURCE_")
        return [Worth(**dict(_values(row), resource=names[row.resource], searched=bool(row.searched), binds=bool(row.binds)))
                for row in rows[:count.value]]

    def report(self, format="text", why_threads=0):
        """The search explained: text, or a dict for format="json"; with threads to search again, also what binds."""
        if why_threads:
            return _report(format, lib.speedup_report_plan_why, self._handle, why_threads)
        return _report(format, lib.speedup_report_plan, self._handle)

    def __repr__(self):
        if self._held is None:
            return "<speedup.Result, closed>"
        return "<speedup.Result: {feasible} of {searched} plans are possible>".format(**self.counts)

    def to_dict(self):
        """Counts, gap, the best plans and the front."""
        return {"counts": self.counts, "gap": self.gap, "best": [plan.to_dict() for plan in self.best],
                "front": [plan.to_dict() for plan in self.front]}


def _columns(given, outputs):
    """Columns of one length for the library, room for its answers, and the length."""
    try:
        import numpy
    except ImportError:
        given = [[column] if isinstance(column, (int, float)) else list(column) for column in given]
        lengths = {len(column) for column in given} - {1} or {1}
        if len(lengths) > 1:
            raise ValueError(f"columns of different lengths: {sorted(lengths)}") from None
        count = lengths.pop()
        room = ctypes.c_double * count
        return ([room(*(column * count if len(column) == 1 else column)) for column in given],
                [room() for _ in range(outputs)], count)
    arrays = numpy.broadcast_arrays(*(numpy.asarray(column, dtype=numpy.float64) for column in given))
    shape = arrays and arrays[0].shape or (1,)
    made = [numpy.empty(shape) for _ in range(outputs)]
    return [numpy.ascontiguousarray(array) for array in arrays], made, math.prod(shape)


def _table(ids, columns):
    """Columns as the library takes them. The caller holds the numbers."""
    made = (c.speedup_column * len(ids))()
    for row, id, column in zip(made, ids, columns):
        row.struct_size, row.id = ctypes.sizeof(row), id
        where = column if isinstance(column, ctypes.Array) else column.ctypes.data
        row.values = ctypes.cast(where, ctypes.POINTER(ctypes.c_double))
    return made, len(ids)


Composition = namedtuple("Composition", "nominal guaranteed effective most")
Composition.__doc__ = """Claims composed: the plain product; the least gain, true whatever the shares; the
gain for the shares given (None without shares); the most over the resources touched."""


def compose(claims, shares=None):
    """Compose claims of gains.

    claims  (resource, factor) pairs, or ((resource, ...), factor) for a claim on several
    shares  a mapping from resource to its share of the whole before any claim; None when unknown

        compose([("memory.optimizer", 8), ("memory.activations", 2)],
                {"memory.optimizer": 0.5, "memory.activations": 0.25})
    """
    claims, shares = list(claims), None if shares is None else list(shares.items())
    given = (c.speedup_claim * len(claims))()
    for row, (resources, factor) in zip(given, claims):
        names = [_string(name) for name in ([resources] if isinstance(resources, str) else resources)]
        row.struct_size, row.factor, row.resource_count = ctypes.sizeof(row), factor, len(names)
        row.resources = (ctypes.c_char_p * len(names))(*names)
    parts = (c.speedup_share * len(shares or ()))()
    for row, (resource, share) in zip(parts, shares or ()):
        row.struct_size, row.resource, row.share = ctypes.sizeof(row), _string(resource), share
    made = c.speedup_composition(struct_size=ctypes.sizeof(c.speedup_composition))
    check(lib.speedup_claims_compose(given, len(given), None if shares is None else parts, len(parts),
                                     ctypes.byref(made)))
    return Composition(made.nominal, made.guaranteed, None if shares is None else made.effective, made.most)


def audit(source, catalog=None, format="text", name="<text>"):
    """A claims document (YAML text, file or mapping) laid beside arithmetic and the
    model: text, or a dict for format="json"."""
    held = (Catalog() if catalog is None else catalog)._handle
    path = _file(source)
    if path:
        return _report(format, lib.speedup_report_audit_file, held, _string(path))
    text = _document(source)
    return _report(format, lib.speedup_report_audit, held, _string(name), text, len(text))


Request = namedtuple("Request", "accelerators memory time_limit budget")
Request.__doc__ = "What a job asked for: accelerators, memory of each (B), time (s), budget (USD); 0 asks for nothing."


class Verdict(namedtuple("Verdict", "verdict reasons notes memory seconds cost out_of_memory accelerators nearest_accelerators"
                                    " nearest_memory nearest_time_limit nearest_budget admissible memory_low memory_high seconds_low"
                                    " seconds_high cost_low cost_high first_token token load change change_value"
                                    " change_accelerators request diagnostics")):
    """Whether to admit a job, with figures that are as sure as was asked.

    verdict      "admit", "warn" or "refuse"; `reasons` are names: "memory", "time", "budget", "accelerators", "input", "targets", "load"
    notes        "uncalibrated": a generic calibration serves; "long": sequences are longer than the model's window
    memory       B of peak memory, from memory_low to memory_high; `out_of_memory` is the probability that it is not enough
    seconds      s of the whole run, in inference of a request, from seconds_low to seconds_high
    cost         USD of the whole run, in inference of a million output tokens, from cost_low to cost_high; 0 without a price
    first_token  s, and `token` s for an output token, of inference; `load` is a service's load over what is served
    admissible   is there a request that would be admitted? Its least is nearest_accelerators, nearest_memory (B),
                 nearest_time_limit (s) and nearest_budget (USD)
    change       else the variable whose change makes the job fit, with its change_value and the change_accelerators that it takes; None
    request      the Request
    diagnostics  what is wrong with the job, where "input" is a reason: each a Diagnostic
    """

    __slots__ = ()

    def report(self, format="text"):
        """The verdict explained: text, or a dict for format="json"."""
        row = c.speedup_verdict(struct_size=ctypes.sizeof(c.speedup_verdict))
        for name in _values(row):
            if name not in ("verdict", "reasons", "notes", "change"):
                setattr(row, name, getattr(self, name))
        row.verdict = {name: number for number, name in _VERDICTS.items()}[self.verdict]
        for bits, prefix in ("reasons", "SPEEDUP_REASON_"), ("notes", "SPEEDUP_NOTE_"):
            setattr(row, bits, sum(bit for bit, name in _names(prefix).items() if name in getattr(self, bits)))
        row.change = -1 if self.change is None else variable_numbers()[self.change]
        request = c.speedup_request(ctypes.sizeof(c.speedup_request), *self.request)
        return _report(format, lib.speedup_report_verdict, ctypes.byref(request), ctypes.byref(row))


_VERDICTS = {c.SPEEDUP_REFUSE: "refuse", c.SPEEDUP_WARN: "warn", c.SPEEDUP_ADMIT: "admit"}


def admit(source, catalog=None, accelerators=0, memory=0, time_limit=0, budget=0, confidence=0.9, slack=0, warn_only=False):
    """Weigh a job (YAML text, pathlib.Path or mapping) against what it asked for: a Verdict, also of a job with errors.

    accelerators  granted to it
    memory        B of each, when that is less than the accelerator's own
    time_limit    s for the whole run; in inference for a request, first to last token, mean
    budget        USD for the whole run; in inference for a million output tokens
    confidence    the probability with which it must stay within these
    slack         the share by which a limit may be missed with a warning alone
    warn_only     let a refusal be a warning

    Untrusted text is fine: a `str` is a text here, never the name of a file. A pathlib.Path is one, which may name a
    model's file below its own folder.
    """
    held = (Catalog() if catalog is None else catalog)._handle
    asked = Request(accelerators, memory, time_limit, budget)
    request = c.speedup_request(ctypes.sizeof(c.speedup_request), *asked)
    policy = c.speedup_policy(ctypes.sizeof(c.speedup_policy), confidence, slack, bool(warn_only))
    row = c.speedup_verdict(struct_size=ctypes.sizeof(c.speedup_verdict))
    rest = ctypes.byref(request), ctypes.byref(policy), ctypes.byref(row)
    with context() as used:
        if isinstance(source, os.PathLike):
            status = lib.speedup_admit_file(used, held, _string(source), *rest)
        else:
            text = _document(source)
            status = lib.speedup_admit(used, held, text, len(text), *rest)
        # What is wrong with the job is a reason; what is wrong with the call is not.
        check(status if status in (c.SPEEDUP_INVALID_ARGUMENT, c.SPEEDUP_OUT_OF_MEMORY) else c.SPEEDUP_OK, used)
        diagnostics = tuple(diagnostics_of(used)) if status else ()
    given = dict(_values(row), verdict=_VERDICTS[row.verdict], admissible=bool(row.admissible),
                 change=None if row.change < 0 else list(variable_numbers())[row.change])
    for bits, prefix in ("reasons", "SPEEDUP_REASON_"), ("notes", "SPEEDUP_NOTE_"):
        given[bits] = tuple(name for bit, name in _names(prefix).items() if given[bits] & bit)
    return Verdict(request=asked, diagnostics=diagnostics, **given)


def answer(source):
    """A scenario, plan or claims document (YAML text or mapping) in, the explained answer as a dict out."""
    text = _document(source, "pathlib.Path({!r}).read_bytes()")
    return json.loads(tell(lib.speedup_answer, text, len(text)))
