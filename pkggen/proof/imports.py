"""Running the trial of the on-target program against a venv here, and finding out which of its words fail."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from pkggen.activation.imports import IMPORTED, importing
from pkggen.activation.process import ENVIRONMENT
from pkggen.activation.trial import SMOKE_LIMIT
from pkggen.errors import ToolError
from pkggen.proof.confinement import Confinement
from pkggen.proof.failures import Failure, read_failure
from pkggen.run import run

_WORKERS = 4  # what does not end mostly waits
# Last on stdout: which files were loaded, and which modules of the standard library there are not.
_TELL = """\
import importlib.util, json
files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
names = [name for name in getattr(sys, "stdlib_module_names", ()) if name not in sys.modules]
def is_absent(name):
    try:
        return importlib.util.find_spec(name) is None
    except Exception:  # a finder that a wheel brings
        return True
absent = [name for name in names if is_absent(name)]
with open("/proc/self/maps", errors="replace") as maps:
    mapped = {"/" + line.partition("/")[2].strip() for line in maps if ".so" in line}
mapped = sorted(path for path in mapped if path.startswith(("/usr/lib", "/usr/local/lib", "/lib")))
loaded = [file for file in files if isinstance(file, str)]
print("\\n" + json.dumps({"loaded": loaded, "absent": absent, "mapped": mapped}))
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial: ``failures`` by word, and files below the venv that were ``loaded``.

    ``absent`` are modules that the interpreter goes without, ``mapped`` the system's libraries in the process.
    """

    failures: Mapping[str, Failure] = field(default_factory=dict)
    loaded: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    mapped: tuple[str, ...] = ()


class Trial:
    """Imports words in one venv; a word is ``module`` or ``module:attribute``."""

    def __init__(self, python: Path, confined: Confinement, scratch: Path) -> None:
        """Take the venv's Python, how to confine it and a directory for what is tried to call its home."""
        self._python, self._confined, self._scratch = python, confined, scratch
        self._venv = python.parent.parent

    def run(self, words: Sequence[str]) -> Outcome:
        """Import all words in one process, as a target does; words that fail are left out, and the rest tried again."""
        left, failures = list(words), dict[str, Failure]()
        while True:
            status, said, errors = self._attempt(left)
            if status == IMPORTED:
                return self._outcome(failures, said)
            blamed = next((w for w in left if errors.rstrip().rpartition("\n")[2].startswith(f"{w} ")), None)
            if blamed is None and len(left) > 1:
                fresh = self._alone(left)
            else:
                blamed = blamed or (left[0] if left else "")
                fresh = {blamed: read_failure(blamed, status, errors, self._venv)}
            if not fresh:  # each alone can be imported
                fresh = {left[-1]: read_failure(left[-1], status, errors, self._venv)}
            failures |= fresh
            if not left:
                return Outcome(failures)
            left = [w for w in left if w not in fresh]

    def _alone(self, words: Sequence[str]) -> dict[str, Failure]:
        with ThreadPoolExecutor(_WORKERS) as pool:
            ends = list(pool.map(lambda word: self._attempt([word]), words))
        failing = {word: end for word, end in zip(words, ends, strict=True) if end[0] != IMPORTED}
        return {w: read_failure(w, status, errors, self._venv) for w, (status, _, errors) in failing.items()}

    def _attempt(self, words: Sequence[str]) -> tuple[int | None, str, str]:
        """Return status, stdout and stderr; the status is None where there was no end."""
        home = tempfile.mkdtemp(dir=self._scratch)
        if self._confined.is_harmless:
            os.chown(home, self._confined.owner, self._confined.owner)
        environment = {**ENVIRONMENT, "HOME": home, "TMPDIR": home}
        argv: list[str | Path] = [*self._confined.words, self._python, *importing(list(words), _TELL)]
        try:
            done = run(argv, cwd=Path("/"), env=environment, timeout=SMOKE_LIMIT, check=False)
        except ToolError as error:
            return None, "", str(error).partition(" ")[2]
        finally:
            shutil.rmtree(home, ignore_errors=True)
        return done.status, done.stdout, done.stderr

    def _outcome(self, failures: Mapping[str, Failure], said: str) -> Outcome:
        try:
            told = json.loads(said.rstrip().rpartition("\n")[2])
            loaded, absent, mapped = told["loaded"], told["absent"], told["mapped"]
        except (ValueError, KeyError, TypeError):
            return Outcome(failures)
        top = f"{self._venv}/"
        mine = sorted(str(f).removeprefix(top) for f in loaded if str(f).startswith(top))
        return Outcome(failures, tuple(mine), tuple(sorted(map(str, absent))), tuple(map(str, mapped)))
