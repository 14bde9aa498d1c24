"""Trying what has to be imported, and judging what fails: apart, for a proof that is remembered needs none of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from pkggen.errors import ArtefactError
from pkggen.model import Parts, Payload
from pkggen.proof.confinement import confinement
from pkggen.proof.failures import Failure
from pkggen.proof.imports import Trial
from pkggen.proof.libraries import untold_libraries
from pkggen.proof.remedies import Remedies
from pkggen.proof.subjects import Proven, Subject
from pkggen.proof.trimmed import trimmed_modules
from pkggen.proof.venv import lay_out


@dataclass(frozen=True, slots=True)
class Judged:
    """What a proof found, what this machine could not give it, and whether it holds for the next build as well."""

    proven: Proven
    lacking: tuple[str, ...]
    lasting: bool


def tried(
    payload: Payload,
    parts: Parts,
    subjects: Sequence[Subject],
    scratch: Path,
    *,
    requires: tuple[Requirement, ...],
    kept: tuple[str, ...],
) -> Judged:
    """Import ``subjects`` in a venv below ``scratch``; raise ArtefactError where they can't be, and that is no way.

    ``kept`` are the profiles that trimming spared.
    """
    interpreter = parts.interpreter
    confined = confinement(interpreter.tree.root / interpreter.executable)
    python = lay_out(parts, scratch / "moved", linked=confined.is_harmless)
    outcome = Trial(python, confined, scratch).run([s.word for s in subjects])
    remedies = Remedies(payload, parts, requires, outcome.absent, kept)
    failing = {s: outcome.failures[s.word] for s in subjects if s.word in outcome.failures}
    elsewhere = {s: f for s, f in failing.items() if remedies.is_on_the_target(f.library)}
    wrong = {s: f for s, f in failing.items() if s not in elsewhere}
    _refuse(wrong, subjects, remedies)
    found = Proven(
        commands=tuple(c for s in wrong for c in s.commands),
        modules=tuple(f.tried for f in wrong.values()),
        warnings=(
            *(remedies.left_out(s.commands, f) for s, f in wrong.items()),
            *(remedies.elsewhere(f) for f in elsewhere.values()),
            *trimmed_modules(outcome, remedies),
            *untold_libraries(outcome.mapped, payload),
        ),
    )
    return Judged(found, confined.lacking, lasting=not elsewhere)


def _refuse(wrong: Mapping[Subject, Failure], subjects: Sequence[Subject], remedies: Remedies) -> None:
    """Raise ArtefactError with every problem where what was asked for fails, or all that came along."""
    unasked = [s for s in subjects if s.commands] or list(subjects)
    fatal = [s for s in wrong if s.asked] or (unasked if all(s in wrong for s in unasked) else [])
    ArtefactError.raise_all(remedies.problem(s.commands, wrong[s]) for s in fatal)
