"""Packages without a program: relations to others and, perhaps, files. No interpreter, no wheels, any machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from pkggen.config.load import read_pyproject
from pkggen.config.tables import Config
from pkggen.errors import ConfigurationError, Key, Problem
from pkggen.metadata.changelog import read_changelog
from pkggen.model import Needs, Payload, Project
from pkggen.model.versions import package_name
from pkggen.payload.format_options import declared_options
from pkggen.payload.triggers import declared_triggers
from pkggen.project import source_epoch
from pkggen.targets.distributions import resolve_target


def plan_metapackage(root: Path, config: Config) -> Payload:
    """Return the payload of a project with ``meta = true``; ``config`` is the effective one.

    Name, version and summary are the configuration's or stand in ``[project]``. Raises
    ConfigurationError where they don't.
    """
    table = read_pyproject(root).get("project", {})
    project = _project(config, table if isinstance(table, dict) else {}, root)
    prefix = config.prefix or f"/opt/{project.name}"
    epoch = source_epoch(root)
    project = replace(project, changes=read_changelog(config.changelog, root, project.version, epoch))
    return Payload(
        project=project,
        target=resolve_target(config.targets, config.arch),
        prefix=prefix,
        release=config.release,
        layers=(),
        entries=(),
        services=(),
        needs=Needs(),
        epoch=epoch,
        options=declared_options(config, project, prefix, epoch),
        triggers=declared_triggers(config),
    )


def _project(config: Config, table: dict[str, Any], root: Path) -> Project:
    problems = []
    name, version = (config.name or str(table.get("name", ""))), (config.version or str(table.get("version", "")))
    if not name:
        problems.append(Problem("the package has no name", Key.of("name"), "set name"))
    try:
        version = str(Version(version))
    except InvalidVersion:
        problems.append(Problem(f"{version!r} is not a version (PEP 440)", Key.of("version"), 'set version = "1.0"'))
    ConfigurationError.raise_all(problems)
    authors = table.get("authors") or [{}]
    author = f"{authors[0].get('name', '')} <{authors[0].get('email', '')}>".replace(" <>", "").strip()
    licence = table.get("license", "")
    summary = config.summary or str(table.get("description", "")) or f"{name} and what belongs to it"
    return Project(
        name=package_name(name),
        version=version,
        summary=summary,
        description=f"{summary}\n\nThis package holds no program: it brings others with it.",
        licence=licence if isinstance(licence, str) else str(licence.get("text", "")),
        homepage=str(table.get("urls", {}).get("Homepage", "")),
        maintainer=config.maintainer or author,
        commands=(),
        root=root,
    )
