"""The commands of a package: which there are, which are asked for, and their links in /usr/bin."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence

from packaging.utils import canonicalize_name

from pkggen.config.tables import Config
from pkggen.errors import ConfigurationError, Key, Problem
from pkggen.model import Distribution, Entry, Kind, Layer, Layout, Project
from pkggen.model.shebang import is_python_script


def own_commands(app: Distribution, dependencies: Iterable[Distribution], direct: Collection[str]) -> tuple[str, ...]:
    """Return the commands that a project offers: its entry points and ``.data/scripts``.

    A project that holds no file of its own only names what it wants together; its commands are its
    own and those of the distributions it names, ``direct`` (normalised names).
    """
    named = [d for d in dependencies if canonicalize_name(d.wheel.name) in direct] if app.is_bundle else []
    offering = [app, *named]
    scripts = {s.name for d in offering for s in d.scripts}
    files = {e.path.removeprefix("bin/") for d in offering for e in d.tree.entries if e.path.startswith("bin/")}
    return tuple(sorted(scripts | files))


def chosen_commands(config: Config, project: Project, layers: Sequence[Layer]) -> tuple[str, ...]:
    """Return the commands that are linked into /usr/bin; raise ConfigurationError for those that no layer has."""
    if config.commands is None:
        return project.commands
    known = script_names(layers)
    ConfigurationError.raise_all(
        Problem(
            f"no wheel has a command {c!r}",
            Key.of("commands", i),
            f"use one of: {', '.join(nearest(c, known))}",
        )
        for i, c in enumerate(config.commands)
        if c not in known
    )
    return config.commands


def command_link(layout: Layout, command: str, epoch: int) -> Entry:
    """Return the link in /usr/bin to a command of the venv."""
    return Entry(f"/usr/bin/{command}", Kind.SYMLINK, 0o777, mtime=epoch, link=f"{layout.bin}/{command}")


def script_names(layers: Sequence[Layer]) -> set[str]:
    """Return the names of all that wheels put into ``bin``: entry points and files."""
    names = {s.name for layer in layers for s in layer.scripts}
    files = {e.path for layer in layers if layer.name != "python" for e in layer.entries}
    files |= {path for layer in layers if layer.archive for path in layer.archive.programs}
    return names | {p.removeprefix("bin/") for p in files if p.startswith("bin/")}


def python_scripts(layers: Sequence[Layer]) -> set[str]:
    """Return those of the commands that get our first line, and so run isolated where that is wanted."""
    files = {e.path for layer in layers if layer.name != "python" for e in layer.entries if e.path.startswith("bin/")}
    rewritten = {e.path for layer in layers for e in layer.entries if e.path in files and is_python_script(e)}
    rewritten |= {path for layer in layers if layer.archive for path in layer.archive.rewrite}
    return {s.name for layer in layers for s in layer.scripts} | {p.removeprefix("bin/") for p in rewritten}


def nearest(name: str, known: set[str]) -> list[str]:
    """Return the commands that may be meant by a name that is none: those like it, else the first."""
    return difflib.get_close_matches(name, known, 3, 0.4) or sorted(known)[:8]
