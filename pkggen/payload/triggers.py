"""What runs when other packages put files into directories that an application watches."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator

from pkggen.config.tables import Config
from pkggen.errors import ConfigurationError, Key, Problem
from pkggen.model import Trigger


def declared_triggers(config: Config, commands: str = "", known: Collection[str] = ()) -> tuple[Trigger, ...]:
    """Return the triggers of the configuration, each with its command split and its program absolute.

    ``commands`` is the directory on the target that holds the programs ``known``; a metapackage
    has none. Raises ConfigurationError for a program that is not there.
    """
    ConfigurationError.raise_all(_faults(config, known))
    return tuple(
        Trigger(table.path, (program if program.startswith("/") else f"{commands}/{program}", *arguments))
        for table in config.triggers
        for program, *arguments in [shlex.split(table.command)]
    )


def _faults(config: Config, known: Collection[str]) -> Iterator[Problem]:
    for i, table in enumerate(config.triggers):
        where = Key.of("triggers", i)
        program = shlex.split(table.command)[0]
        if not program.startswith("/") and program not in known:
            names = ", ".join(sorted(known)[:8])
            remedy = f"use an absolute path, or one of: {names}" if names else "use an absolute path"
            yield Problem(f"no wheel has a command {program!r}", where / "command", remedy)
        for path in table.path:
            if path.count("/") < 2:
                yield Problem(f"{path} changes with every package", where / "path", "name a directory below it")
