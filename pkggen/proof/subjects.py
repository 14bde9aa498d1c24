"""What is proven, and what a proof finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pkggen.config.tables import Config
from pkggen.model import Payload
from pkggen.payload.manifest import programs_of


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that is imported: its ``word``, the ``commands`` that begin with it, and whether somebody asked."""

    word: str
    commands: tuple[str, ...] = ()
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Proven:
    """What a proof found: the ``commands`` to leave out, and ``modules`` that the target shall not try either."""

    commands: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def narrowed(self, config: Config, payload: Payload) -> tuple[tuple[str, ...], Config]:
        """Return the commands that stay, and the configuration that tries no module that fails."""
        commands = tuple(c for c in payload.project.commands if c not in self.commands)
        smoke = tuple(m for m in payload.smoke if m not in self.modules)
        return commands, config.model_copy(update={"smoke": smoke})


def subjects_of(payload: Payload, config: Config) -> Iterator[Subject]:
    """Yield what has to be imported: of the commands, the services and the project."""
    if config.smoke is not None:
        yield from (Subject(module, asked=True) for module in dict.fromkeys(config.smoke))
        return
    scripts = {s.name: f"{s.module}:{s.attr}" for layer in payload.layers for s in layer.scripts}
    served = {name for service in payload.services for name in programs_of(service)}
    named = {*served, *(config.commands or ())}
    started: dict[str, list[str]] = {}
    for name in (*payload.project.commands, *sorted(served)):
        if name in scripts:
            started.setdefault(scripts[name], []).append(name)
    for word, names in started.items():
        yield Subject(word, tuple(dict.fromkeys(names)), not named.isdisjoint(names))
    modules = {word.partition(":")[0] for word in started}
    yield from (Subject(module) for module in payload.smoke if module not in modules)
