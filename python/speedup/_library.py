"""The loaded library, what its errors become, and who owns its objects. Knows no job and no entry."""
import ctypes
import difflib
import functools
import os
import threading
from collections import namedtuple
from contextlib import contextmanager
from pathlib import Path

from . import _signatures as c

SONAME = "libspeedup.so.0"


def candidates():
    """Where the library may be, first choice first."""
    chosen = os.environ.get("SPEEDUP_LIBRARY")
    if chosen:
        return [chosen]
    package = Path(__file__).resolve().parent
    checkout = package.parents[1]
    places = [package / SONAME]
    if package.parents[1].name.startswith("python3"):  # as installed: PREFIX/lib/python3.11/dist-packages/speedup
        places.append(package.parents[2] / SONAME)
    if (checkout / "meson.build").is_file():
        places.append(checkout / "build" / SONAME)
    return [str(place) for place in places if place.is_file()] + [SONAME]


def load():
    failed = []
    for place in candidates():
        try:
            library = ctypes.CDLL(place)
        except OSError as error:
            failed.append(f"  {place}: {error}")
            continue
        for name, (result, parameters) in c.FUNCTIONS.items():
            try:
                function = getattr(library, name)
            except AttributeError:
                continue  # an older library: the call that needs it will say so
            function.restype, function.argtypes = result, parameters
        return library
    raise ImportError("the library of speedup was not found; install it, or name it in SPEEDUP_LIBRARY\n"
                      + "\n".join(failed))


lib = load()
_thread = threading.local()

Diagnostic = namedtuple("Diagnostic", "code name file line column message text remedy")
Diagnostic.__doc__ = """One problem: code and its name, place (None where there is none), message, the whole text
as it would be printed, with the line and a caret, and what to do about it."""


def text_of(value):
    return None if value is None else value.decode("utf-8", "replace")


class SpeedupError(Exception):
    """What went wrong.

    status       the code of the first problem, for example 107
    name         its name, for example "UNKNOWN_KEY"
    remedy       what to do about it, in one sentence
    diagnostics  every problem of the call, each a Diagnostic
    """

    def __init__(self, status, diagnostics=(), message=None):
        self.status = status
        self.name = text_of(lib.speedup_status_name(status))
        self.diagnostics = tuple(diagnostics)
        self.remedy = self.diagnostics[0].remedy if self.diagnostics else text_of(lib.speedup_status_remedy(status))
        whole = [d.text for d in self.diagnostics]
        super().__init__(message or "\n".join(whole) or text_of(lib.speedup_status_text(status)) or f"status {status}")

    def __reduce__(self):
        return SpeedupError, (self.status, self.diagnostics, str(self))


def missing(what, name, known):
    near = difflib.get_close_matches(str(name), known, 1)
    return f"there is no {what} {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")


def not_found(what, name, known):
    return SpeedupError(c.SPEEDUP_NOT_FOUND, (), missing(what, name, known))


class Hints:
    """Base of what names the nearest of its attributes when there is none of a name."""

    __slots__ = ()

    def __getattr__(self, name):
        known = [] if name.startswith("_") else [own for own in dir(self) if not own.startswith("_")]
        error = AttributeError(f"{type(self).__name__}: " + missing("attribute", name, known))
        error.name = name  # without an object beside it, Python adds no second hint
        raise error


def diagnostics_of(context):
    code, file = ctypes.c_int32(), ctypes.c_char_p()
    line, column = ctypes.c_uint32(), ctypes.c_uint32()
    for i in range(lib.speedup_diagnostic_count(context)):
        lib.speedup_diagnostic_place(context, i, ctypes.byref(code), ctypes.byref(file), ctypes.byref(line),
                                     ctypes.byref(column))
        yield Diagnostic(code.value, text_of(lib.speedup_status_name(code.value)), text_of(file.value),
                         line.value or None, column.value if line.value else None,
                         text_of(lib.speedup_diagnostic_message(context, i)),
                         text_of(lib.speedup_diagnostic_text(context, i)),
                         text_of(lib.speedup_diagnostic_remedy(context, i)))


def keep_exception(error):
    """An exception must not cross C: check() raises it once the call is over."""
    if getattr(_thread, "exception", None) is None:
        _thread.exception = error


def check(status, context=None):
    """Raises what the call that has just ended on this thread has to say."""
    error = getattr(_thread, "exception", None)
    _thread.exception = None
    if error is not None and not isinstance(error, Exception):
        raise error  # KeyboardInterrupt and its like pass as they are
    if status or error is not None:
        raise SpeedupError(status or c.SPEEDUP_CALLBACK, diagnostics_of(context) if context else ()) from error


class Handle:
    """One reference to an object of the library, given back when nobody holds it any longer.

    Arguments of a running call are held by the call, so an object that another thread
    closes lives until the call returns.
    """

    __slots__ = ("_as_parameter_", "release", "kept", "warnings", "__weakref__")

    def __init__(self, pointer, release, kept=(), warnings=()):
        self._as_parameter_, self.release, self.kept, self.warnings = pointer, release, kept, warnings

    def __del__(self):
        self.release(self._as_parameter_)

    def __reduce__(self):
        raise TypeError("objects of the library cannot be copied or pickled; make them anew from their text")

    def calls_python(self):
        """Is one of the effects in it a Python function?"""
        return any(item.calls_python() if isinstance(item, Handle) else True for item in self.kept)


@contextmanager
def context():
    """A context that nobody else uses: one a thread, and one more for each call inside a callback."""
    free = _thread.__dict__.setdefault("free", [])
    if free:
        handle = free.pop()
    else:
        made = ctypes.POINTER(c.speedup_context)()
        check(lib.speedup_context_create(None, ctypes.byref(made)))
        handle = Handle(made, lib.speedup_context_destroy)
    try:
        yield handle
    finally:
        free.append(handle)


def make(kind, release, call, *arguments, kept=()):
    """The object that `call(context, *arguments, &object)` makes, owned by a Handle."""
    made = ctypes.POINTER(kind)()
    with context() as used:
        status = call(used, *arguments, ctypes.byref(made))
        handle = Handle(made, release, kept, tuple(diagnostics_of(used)) if not status else ()) if made else None
        check(status, used)
    return handle


def tell(call, *arguments):
    """The text that `call(context, *arguments, &text)` makes."""
    text = make(c.speedup_text, lib.speedup_text_destroy, call, *arguments)
    return lib.speedup_text_get(text).decode("utf-8")


class Owner(Hints):
    """Base of what holds a handle: closes, and works as a context manager."""

    __slots__ = ("_held", "__weakref__")

    @property
    def _handle(self):
        held = getattr(self, "_held", None)
        if held is None:
            raise ValueError(f"this {type(self).__name__} is closed")
        return held

    @property
    def warnings(self):
        """What was told as this was made, without stopping it: each a Diagnostic."""
        return self._handle.warnings

    def close(self):
        """Let go of the object now. Whatever was made from it stays valid."""
        self._held = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


Word = namedtuple("Word", "name phase rule unit text better interval")
Word.__doc__ = "One word of the library's vocabulary, as the library describes it."


def words(call):
    made, word = [], c.speedup_word(struct_size=ctypes.sizeof(c.speedup_word))
    while True:
        status = call(len(made), ctypes.byref(word))
        if status == c.SPEEDUP_NOT_FOUND:
            return tuple(made)
        check(status)
        made.append(Word(*(text_of(getattr(word, field)) for field in Word._fields)))


@functools.lru_cache(maxsize=None)
def metric_numbers():
    return {word.name: i for i, word in enumerate(words(lib.speedup_metric_at))}


@functools.lru_cache(maxsize=None)
def variable_numbers(scope=None):
    return {word.name: i for i, word in enumerate(words(lib.speedup_variable_at)) if scope in (None, word.rule)}
