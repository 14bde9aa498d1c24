"""The layers of an application: the interpreter, the dependencies, the project itself; or all in one."""

from __future__ import annotations

from collections.abc import Sequence

from pkggen.errors import ArtefactError, Problem
from pkggen.model import Distribution, Entry, Layer, Parts
from pkggen.payload.archived import archived_layer


def expanded_layers(parts: Parts) -> tuple[Layer, ...]:
    """Return the layers with all files of the wheels; raise ArtefactError where two wheels clash."""
    seen: dict[str, str] = {}
    own = () if parts.interpreter.system else (Layer("python", parts.interpreter.tree.entries),)
    return (*own, _layer("deps", parts.dependencies, seen), _layer("app", (parts.app,), seen))


def archived_layers(parts: Parts, epoch: int) -> tuple[Layer, ...]:
    """Return the layers with the wheels as they are; raise ArtefactError where two would clash on the target."""
    python, *_ = expanded_layers(parts)
    return python, archived_layer("deps", parts.dependencies, epoch), archived_layer("app", (parts.app,), epoch)


def single_layer(name: str, parts: Parts) -> Layer:
    """Return the project and what it depends on as one layer."""
    return _layer(name, parts.distributions, {})


def _layer(name: str, distributions: Sequence[Distribution], seen: dict[str, str]) -> Layer:
    return Layer(
        name,
        tuple(sorted((e for d in distributions for e in _contents(d, seen)), key=lambda e: e.path)),
        tuple(sorted(dict.fromkeys(s for d in distributions for s in d.scripts), key=lambda s: s.name)),
        tuple((d.wheel.name, d.wheel.version) for d in distributions),
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
