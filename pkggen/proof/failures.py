"""What a failed import says: read from the interpreter's own words."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from pathlib import Path

_MODULE = re.compile(r"^(?:ModuleNotFoundError|ImportError): No module named '?([\w.]+)'?", re.MULTILINE)
_LIBRARY = re.compile(r"(?:^|[\s'\"(])([\w.+-]+\.so(?:\.[\w.]+)?): cannot open shared object file")
_FRAME = re.compile(r'^ +File "([^"]+)", line \d+', re.MULTILINE)
_LINES = 8


@dataclass(frozen=True, slots=True)
class Failure:
    """Why ``word`` can't be imported: a sentence, what is missing, and the venv's file that asked for it.

    ``module`` and ``library`` are empty where something else went wrong.
    """

    word: str
    what: str
    module: str = ""
    library: str = ""
    file: str = ""

    @property
    def tried(self) -> str:
        """Return the module that was imported."""
        return self.word.partition(":")[0]


def read_failure(word: str, status: int | None, errors: str, venv: Path) -> Failure:
    """Return what ``errors``, the stderr of a process with that ending, says of ``word``; None: it did not end."""
    errors = errors.strip()
    if status is None:
        return Failure(word, errors)
    if status <= 0 or status >= 128:
        return Failure(word, _ended(status, errors))
    lines = errors.splitlines()
    last = lines[-1] if lines else ""
    if "ends the process" in last:
        return Failure(word, last.replace(word, "it", 1))
    said = next((line for line in reversed(lines[:-1]) if line and not line.startswith((" ", "^"))), last)
    modules, libraries = _MODULE.findall(errors), _LIBRARY.findall(errors)
    top = f"{venv}/"
    frames = [frame.removeprefix(top) for frame in _FRAME.findall(errors) if frame.startswith(top)]
    return Failure(
        word,
        said.replace(top, "").strip() or f"status {status}",
        module=modules[0] if modules else "",
        library=libraries[0] if libraries else "",
        file=frames[-1] if frames else "",
    )


def _ended(status: int, errors: str) -> str:
    if status == 0:
        return "it ends the process when it is imported"
    number = -status if status < 0 else status - 128
    try:
        how = f"it ends by {signal.Signals(number).name}"
    except ValueError:
        how = f"it ends with status {status}"
    tail = "\n".join(errors.splitlines()[-_LINES:])
    return f"{how}: {tail}" if tail else how
