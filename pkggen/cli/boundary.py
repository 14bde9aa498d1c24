"""The one boundary for users' errors, and what every command takes from its surroundings."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from pkggen.errors import PkggenError, StorageError, ToolError
from pkggen.terminal.display import one_line

if TYPE_CHECKING:
    from pkggen.store.cache import Cache
    from pkggen.terminal.console import Terminal

_Command = TypeVar("_Command", bound=Callable[..., Any])


def default_cache(*, held: bool = True) -> Cache:
    """Return the user's cache: PKGGEN_CACHE_DIR, or the XDG cache directory's ``pkggen``.

    Unless ``held`` is false, nobody prunes it while this process lives.
    """
    import platformdirs

    from pkggen.store.cache import Cache

    root = os.environ.get("PKGGEN_CACHE_DIR") or platformdirs.user_cache_dir("pkggen")
    cache = Cache(Path(root).absolute(), terminal().warn)
    if held:
        cache.hold()
    return cache


def _fail(error: PkggenError) -> NoReturn:
    told = terminal()
    for problem in error.problems:
        # names of others stand in these; only what a program said has lines of its own
        what = problem.what if isinstance(error, ToolError) else one_line(problem.what)
        told.error(str(replace(problem, what=what, where=one_line(problem.where))))
    sys.exit(error.exit_code)


def boundary(function: _Command) -> _Command:
    """Turn a user's mistake into messages and an exit code; let a bug show its traceback."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except PkggenError as error:
            _fail(error)
        except OSError as error:  # disk full, permission: whatever no stage could word better
            name = f"{error.filename}: " if error.filename else ""
            _fail(StorageError(f"{name}{error.strerror or error}"))

    return wrapper  # type: ignore[return-value]


def terminal(*, quiet: bool = False, verbose: bool = False) -> Terminal:
    """Return the reporter that -q and -v ask for."""
    from pkggen.terminal.console import NORMAL, QUIET, VERBOSE, Terminal

    return Terminal(QUIET if quiet else VERBOSE if verbose else NORMAL)
