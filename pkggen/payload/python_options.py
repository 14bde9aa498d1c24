"""Python's own variables as options: a command that runs isolated (``python -I``) does not read them.

Source: "Environment variables" and "Miscellaneous options" of Python's manual, "Command line and environment".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from pkggen.errors import ConfigurationError, Key, Problem

_Words = Callable[[str], tuple[str, ...]]


def _flag(*words: str) -> _Words:
    return lambda _: words


def _setting(name: str) -> _Words:
    return lambda value: ("-X", f"{name}={value}")


def _repeated(letter: str) -> _Words:
    """Return what repeats an option as often as a number says, as with -OO; any other text counts as 1."""
    return lambda value: (f"-{letter * min(int(value) if value.isdecimal() else 1, 3)}",) if value != "0" else ()


_OPTIONS: Mapping[str, _Words] = {
    "PYTHONUNBUFFERED": _flag("-u"),
    "PYTHONFAULTHANDLER": _flag("-X", "faulthandler"),
    "PYTHONDONTWRITEBYTECODE": _flag("-B"),
    "PYTHONDEVMODE": _flag("-X", "dev"),
    "PYTHONNODEBUGRANGES": _flag("-X", "no_debug_ranges"),
    "PYTHONPROFILEIMPORTTIME": _flag("-X", "importtime"),
    "PYTHONWARNDEFAULTENCODING": _flag("-X", "warn_default_encoding"),
    "PYTHONPERFSUPPORT": _flag("-X", "perf"),
    "PYTHONOPTIMIZE": _repeated("O"),
    "PYTHONVERBOSE": _repeated("v"),
    "PYTHONWARNINGS": lambda value: tuple(word for part in value.split(",") for word in ("-W", part.strip())),
    "PYTHONUTF8": _setting("utf8"),
    "PYTHONTRACEMALLOC": _setting("tracemalloc"),
    "PYTHONINTMAXSTRDIGITS": _setting("int_max_str_digits"),
    "PYTHONPYCACHEPREFIX": _setting("pycache_prefix"),
    "PYTHON_GIL": _setting("gil"),
    "PYTHON_CPU_COUNT": _setting("cpu_count"),
    # what -I does already
    "PYTHONSAFEPATH": _flag(),
    "PYTHONNOUSERSITE": _flag(),
}
_WITHOUT_OPTION = {
    "PYTHONPATH": "put the modules into a wheel of the project's or of its requirements",
    "PYTHONHOME": "leave it out: the packaged Python knows where it is",
    "PYTHONUSERBASE": "leave it out: the package holds all modules",
    "PYTHONSTARTUP": "leave it out: it is for interactive sessions",
    "PYTHONINSPECT": "leave it out: a service has no terminal",
    "PYTHONIOENCODING": 'use PYTHONUTF8 = "1"',
    "PYTHONASYNCIODEBUG": 'use PYTHONDEVMODE = "1"',
    "PYTHONHASHSEED": "",
    "PYTHONMALLOC": "",
    "PYTHONMALLOCSTATS": "",
    "PYTHONBREAKPOINT": "",
    "PYTHONCOERCECLOCALE": "",
    "PYTHONDEBUG": "",
    "PYTHONEXECUTABLE": "",
    "PYTHONPLATLIBDIR": "",
}


def python_options(environment: Mapping[str, str], key: Key) -> tuple[str, ...]:
    """Return the options that mean what ``environment``, at ``key`` of the configuration, tells Python.

    A variable that is empty counts as not set, as for Python. Raises ConfigurationError with every
    variable that has no such option.
    """
    ConfigurationError.raise_all(_without_option(environment, key))
    return tuple(_words(environment))


def _words(environment: Mapping[str, str]) -> Iterator[str]:
    for name, words in _OPTIONS.items():
        if value := environment.get(name):
            yield from words(value)


def _without_option(environment: Mapping[str, str], key: Key) -> Iterable[Problem]:
    for name, better in _WITHOUT_OPTION.items():
        if environment.get(name):
            what = f"{name} has no effect: commands run isolated (python -I), and no option does the same"
            remedy = "let commands read Python's variables: isolated = false in the venv table"
            yield Problem(what, key / name, f"{better}; or {remedy}" if better else remedy)
