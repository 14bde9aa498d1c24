"""The proof of a venv: its modules are imported. The target does it before a switch, the builder before it packs."""

from __future__ import annotations

IMPORTED = 42  # the status of a process that came to its end: no module that ends it passes for imported
IMPORT = """\
import functools, importlib, os, sys, traceback
words, sys.argv[1:] = sys.argv[1:], []
for word in words:
    module, _, attr = word.partition(":")
    try:
        found = importlib.import_module(module)
        functools.reduce(getattr, attr.split(".") if attr else [], found)
    except SystemExit as end:
        sys.exit("%s ends the process when it is imported (%s)" % (word, end.code))
    except BaseException:
        traceback.print_exc()
        sys.exit(word + " can't be imported")
"""
LEAVE = f"""\
sys.stdout.flush()
sys.stderr.flush()
os._exit({IMPORTED})  # a thread that a module started would keep the process
"""


def importing(words: tuple[str, ...] | list[str], then: str = "") -> list[str]:
    """Return the arguments of a Python that imports modules, and ends with status ``IMPORTED`` where all could be.

    ``words`` read ``module`` or, for what must be in it as well, ``module:attribute``; ``then`` is code that runs last.
    """
    return ["-I", "-B", "-c", IMPORT + then + LEAVE, *words]
