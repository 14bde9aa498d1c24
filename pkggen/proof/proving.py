"""Proving a payload, or remembering that it was proven."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from packaging.requirements import Requirement

from pkggen.config.tables import Config
from pkggen.model import Parts, Payload
from pkggen.proof.subjects import Proven, Subject, subjects_of
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Reporter

_NOTES = "proofs"
_RECIPE = "2"  # of the proof: a change makes what was remembered void


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
    subjects = tuple(subjects_of(payload, config))
    if not subjects:
        return Proven()
    key = _digest(payload, subjects)
    found = _remembered(cache, key)
    if found is None:
        from pkggen.proof.judgement import tried  # noqa: PLC0415 - a proof that is remembered needs none of it

        with reporter.step("Trying the package"), cache.scratch() as scratch:
            judged = tried(payload, parts, subjects, scratch, requires=tuple(requires), kept=config.python.keep)
        found = judged.proven
        if judged.lasting:
            cache.keep_note(_NOTES, key, [found.commands, found.modules, found.warnings])
        for what in judged.lacking:
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


def _digest(payload: Payload, subjects: Sequence[Subject]) -> str:
    """Return what tells one trial from another: all that is imported, how, and what the package depends on."""
    relations = [(name, *o.depends, *o.recommends) for name, o in sorted(payload.options.items())]
    digest = hashlib.sha256(f"{_RECIPE}{subjects}{relations}".encode())
    for entry in payload.entries:
        digest.update(f"{entry.path}\0{entry.sha256}{entry.link}\n".encode())
    return digest.hexdigest()


def _remembered(cache: Cache, key: str) -> Proven | None:
    try:
        commands, modules, warnings = (tuple(map(str, each)) for each in cache.note(_NOTES, key))
    except (TypeError, ValueError):
        return None
    return Proven(commands, modules, warnings)
