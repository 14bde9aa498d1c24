"""What is tried, how it is judged, and how a proof that held is remembered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from pkggen.config.tables import Config
from pkggen.errors import ArtefactError
from pkggen.model import Parts, Payload
from pkggen.payload.manifest import programs_of
from pkggen.proof.confinement import Confinement, confinement
from pkggen.proof.imports import Outcome, Trial
from pkggen.proof.remedies import Remedies
from pkggen.proof.trimmed import trimmed_modules
from pkggen.proof.venv import lay_out
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Reporter

_NOTES = "proofs"
_RECIPE = "1"  # of the proof: a change makes what was remembered void


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


def prove(
    payload: Payload,
    config: Config,
    parts: Parts,
    cache: Cache,
    reporter: Reporter,
    *,
    requires: Sequence[Requirement] = (),
) -> Proven:
    """Try what the target will try; return what has to be left out, and tell of it.

    ``requires`` are the requirements of the project, extras included. Raises ArtefactError where what was asked
    for can't be imported, or no command can.
    """
    if why := _untried(parts):
        reporter.tell(f"not tried here: {why}; the target tries it when it installs the package")
        return Proven()
    subjects = tuple(_subjects(payload, config))
    if not subjects:
        return Proven()
    key = _digest(payload, subjects)
    found = _remembered(cache, key)
    if found is None:
        confined = confinement()
        with reporter.step("Trying the package"), cache.scratch() as scratch:
            outcome = _tried(parts, subjects, confined, scratch)
        remedies = Remedies(payload, parts, tuple(requires), outcome.absent, config.python.keep)
        found = _judged(outcome, subjects, remedies)
        cache.keep_note(_NOTES, key, [found.commands, found.modules, found.warnings])
        for what in confined.lacking:
            reporter.note(f"tried with less than a target has: {what}")
    for warning in found.warnings:
        reporter.warn(warning)
    return found


def _untried(parts: Parts) -> str:
    """Return why nothing can be tried here; "" where it can."""
    interpreter = parts.interpreter
    if interpreter.system:
        return "the interpreter is the target's own"
    return "" if interpreter.runs_here else "this machine can't run the interpreter"


def _subjects(payload: Payload, config: Config) -> Iterator[Subject]:
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


def _digest(payload: Payload, subjects: Sequence[Subject]) -> str:
    """Return what tells one trial from another: all that is imported, and how."""
    digest = hashlib.sha256(f"{_RECIPE}{subjects}".encode())
    for entry in payload.entries:
        digest.update(f"{entry.path}\0{entry.sha256}{entry.link}\n".encode())
    return digest.hexdigest()


def _remembered(cache: Cache, key: str) -> Proven | None:
    try:
        commands, modules, warnings = (tuple(map(str, each)) for each in cache.note(_NOTES, key))
    except (TypeError, ValueError):
        return None
    return Proven(commands, modules, warnings)


def _tried(parts: Parts, subjects: Sequence[Subject], confined: Confinement, scratch: Path) -> Outcome:
    scratch.chmod(0o711)  # its own name is no secret; what is tried has to get through
    python = lay_out(parts, scratch / "moved", linked=confined.is_harmless)
    return Trial(python, confined, scratch).run([s.word for s in subjects])


def _judged(outcome: Outcome, subjects: Sequence[Subject], remedies: Remedies) -> Proven:
    """Return what is left out; raise ArtefactError with every problem where that is no way."""
    failing = {s: outcome.failures[s.word] for s in subjects if s.word in outcome.failures}
    elsewhere = {s: f for s, f in failing.items() if remedies.is_on_the_target(f.library)}
    wrong = {s: f for s, f in failing.items() if s not in elsewhere}
    unasked = [s for s in subjects if s.commands] or list(subjects)
    fatal = [s for s in wrong if s.asked] or (unasked if all(s in wrong for s in unasked) else [])
    ArtefactError.raise_all(remedies.problem(s.commands, wrong[s]) for s in fatal)
    return Proven(
        commands=tuple(c for s in wrong for c in s.commands),
        modules=tuple(f.tried for f in wrong.values()),
        warnings=(
            *(remedies.left_out(s.commands, f) for s, f in wrong.items()),
            *(remedies.elsewhere(f) for f in elsewhere.values()),
            *trimmed_modules(outcome, remedies),
        ),
    )
