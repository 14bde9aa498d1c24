"""The layers of an application: the interpreter, the dependencies, the project itself; or all in one."""

from __future__ import annotations

from pkggen.errors import ArtefactError, Problem
from pkggen.model import (
    Distribution,
    Entry,
    Layer,
    Parts,
)
from pkggen.payload.archived import archived_layer


def expanded_layers(parts: Parts) -> tuple[Layer, ...]:
    """Return the layers with all files of the wheels; raise ArtefactError where two wheels clash."""
    tree = parts.interpreter.tree
    seen: dict[str, str] = {}
    deps = [_contents(d, seen) for d in parts.dependencies]
    own = () if parts.interpreter.system else (Layer("python", tree.entries),)
    return (
        *own,
        Layer(
            "deps",
            tuple(sorted((e for entries in deps for e in entries), key=lambda e: e.path)),
            tuple(sorted({s for d in parts.dependencies for s in d.scripts}, key=lambda s: s.name)),
            tuple((d.wheel.name, d.wheel.version) for d in parts.dependencies),
        ),
        Layer(
            "app",
            _contents(parts.app, seen),
            tuple(sorted(parts.app.scripts, key=lambda s: s.name)),
            ((parts.app.wheel.name, parts.app.wheel.version),),
        ),
    )


def archived_layers(parts: Parts, epoch: int) -> tuple[Layer, ...]:
    """Return the layers with the wheels as they are; raise ArtefactError where two would clash on the target."""
    python, *_ = expanded_layers(parts)
    return python, archived_layer("deps", parts.dependencies, epoch), archived_layer("app", (parts.app,), epoch)


def single_layer(name: str, parts: Parts) -> Layer:
    """Return the project and what it depends on as one layer."""
    seen: dict[str, str] = {}
    entries = [e for d in parts.distributions for e in _contents(d, seen)]
    return Layer(
        name,
        tuple(sorted(entries, key=lambda e: e.path)),
        tuple(sorted({s for d in parts.distributions for s in d.scripts}, key=lambda s: s.name)),
        tuple((d.wheel.name, d.wheel.version) for d in parts.distributions),
    )


def _contents(distribution: Distribution, seen: dict[str, str]) -> tuple[Entry, ...]:
    """Return the entries not seen before; wheels may share a path only with the same bytes."""
    fresh = tuple(e for e in distribution.tree.entries if e.path not in seen)
    clashes = [e for e in distribution.tree.entries if seen.get(e.path, e.sha256) != e.sha256]
    # byte code of one source made in two wheels: the first stays, as its source does
    clashes = [e for e in clashes if not e.path.endswith(".pyc")]
    ArtefactError.raise_all(
        Problem(
            f"{e.path} is in another wheel, too, with other bytes",
            distribution.wheel.filename,
            "leave one of the two distributions out: installed together, one overwrites the other",
        )
        for e in clashes
    )
    seen.update((e.path, e.sha256) for e in fresh)
    return fresh
