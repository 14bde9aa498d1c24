"""Validating a project without building a package: everything that can be told beforehand."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pkggen.commands.security import exposures
from pkggen.config.options import Options
from pkggen.errors import PkggenError, Problem
from pkggen.formats import FORMATS
from pkggen.payload.metapackage import plan_metapackage
from pkggen.pipeline import describe_project, rendered, signing_keys
from pkggen.project import Opened, opened, source_of
from pkggen.store.cache import Cache
from pkggen.store.writing import looking
from pkggen.targets.distributions import resolve_target
from pkggen.targets.runs_on import runs_on
from pkggen.terminal.reporter import Reporter
from pkggen.wheels import find_lock

_NOBODY = "(none: set maintainer)"
_NO_LOCK = "(none: a build resolves and writes pylock.toml)"


def check(options: Options, cache: Cache, reporter: Reporter) -> dict[str, str]:
    """Return what a build would start from, and what its packages would run on, as printable values.

    Configuration problems are raised at once; after that the tools, the targets, the templates
    and the project's own wheel are all looked at, and every problem is raised together, with
    the exit code of the first. Then all that a package holds is resolved, fetched, tried and
    examined as for a build. Nothing is written in the project: no lock is made or changed.
    """
    with looking(), cache.scratch() as scratch, opened(options, scratch) as project:
        findings = _check(project, cache, reporter)
        return findings | _examined(project, cache, reporter, scratch)


def _check(project: Opened, cache: Cache, reporter: Reporter) -> dict[str, str]:
    config, options = project.config, project.options
    failures: list[PkggenError] = []

    def attempt(step: Callable[[], object]) -> None:
        try:
            step()
        except PkggenError as error:
            failures.append(error)

    for name in options.formats:
        attempt(FORMATS[name].check_tools)
    attempt(lambda: signing_keys(project))
    attempt(lambda: resolve_target(config.targets, config.arch))
    attempt(project.templates)
    findings: dict[str, str] = {}

    attempt(lambda: findings.update(_described(project, cache, reporter)))
    _raise(failures)
    return findings


def _described(project: Opened, cache: Cache, reporter: Reporter) -> dict[str, str]:
    config, locks = project.config, project.location.locks
    if config.meta:
        return _metapackage(project)
    source = source_of(project, cache, reporter, offline=project.options.offline)
    described = describe_project(config, source.metadata(), (), project.root)
    lock = find_lock(locks, project.root / config.wheels.lock if config.wheels.lock else None)
    return {
        "name": described.name,
        "version": described.version or "(the build chooses)",
        "summary": described.summary,
        "maintainer": described.maintainer or _NOBODY,
        "python": config.python.source,
        "lock": os.path.relpath(lock, locks) if lock else _NO_LOCK,
        "formats": " ".join(project.options.formats),
    }


def _metapackage(project: Opened) -> dict[str, str]:
    described = plan_metapackage(project.root, project.config).project
    return {
        "name": described.name,
        "version": described.version,
        "summary": described.summary,
        "maintainer": described.maintainer or _NOBODY,
        "python": "(none: a metapackage)",
        "lock": "(none: a metapackage)",
        "formats": " ".join(project.options.formats),
    }


def _examined(project: Opened, cache: Cache, reporter: Reporter, scratch: Path) -> dict[str, str]:
    """Return what only a rendered package tells: where it runs, and how exposed its services are."""
    everything = rendered(project, cache, reporter, scratch)
    findings = {"runs-on": runs_on([r.package for r in everything]).removeprefix("runs on ")}
    with cache.scratch() as directory:
        texts = {path.rsplit("/", 1)[1]: text for r in everything for path, text in r.texts.items() if _is_unit(path)}
        figures = exposures(texts, directory)
    if any(r.package.payload.services for r in everything):
        told = ", ".join(f"{name} {figure}" for name, figure in figures.items())
        findings["exposure"] = told or "(not measured: systemd-analyze 250 or later is not here)"
    return findings


def _is_unit(path: str) -> bool:
    return path.startswith("/usr/lib/systemd/system/") and path.endswith(".service")


def _raise(failures: list[PkggenError]) -> None:
    if failures:
        problems: list[Problem] = [p for failure in failures for p in failure.problems]
        raise type(failures[0])(*problems)
