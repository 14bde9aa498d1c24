"""What a package is made of: the project's own wheel, the interpreter and the dependencies, found and unpacked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.markers import Environment
from packaging.pylock import is_valid_pylock_path
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from pkggen.config.tables import Config
from pkggen.errors import ArtefactError, ConfigurationError, Key
from pkggen.interpreter import resolve_interpreter
from pkggen.model import (
    Distribution,
    Interpreter,
    Parts,
    PythonSpec,
    Target,
    Wheel,
    WheelSpec,
)
from pkggen.network.steering import steering
from pkggen.payload.plugin import Host, check_fit, check_interpreter, read_host, with_host
from pkggen.project import (
    UNKNOWN,
    Location,
    Metadata,
    Opened,
    Shape,
    epoch_of_wheel,
    every_wheel,
    given_epoch,
    read_metadata,
    requirements,
    source_of,
)
from pkggen.project.origins import Workbench, find_neighbours, open_workbench
from pkggen.store.cache import Cache
from pkggen.targets.distributions import resolve_target
from pkggen.terminal.reporter import Reporter
from pkggen.wheels import Demand, find_lock, is_foreign, marker_environment, resolve_wheels, unpack_all
from pkggen.wheels.developers import developers_tools, told
from pkggen.wheels.lock.groups import group_requirements
from pkggen.wheels.lock.pylock import read_pylock
from pkggen.wheels.select import applies
from pkggen.wheels.tags import described, tags


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a package is made of, before anything is laid out.

    ``config`` is the project's, as a plugin's application changes it; ``asked`` are the requirements
    that the wheels were found by.
    """

    config: Config
    target: Target
    parts: Parts
    metadata: Metadata
    epoch: int
    asked: tuple[str, ...] = ()
    host: Host | None = None


def gather(project: Opened, cache: Cache, reporter: Reporter) -> Gathered:
    """Find the interpreter and the wheels of an opened project, and unpack them."""
    location, offline = project.location, project.options.offline
    ready = prepare(project, cache, reporter)
    config = with_host(project.config, ready.host) if ready.host else project.config
    wheels = resolve_wheels(ready.demand(location.locks, offline=offline), cache, reporter)
    wheel, *others = (ready.wheel, *wheels) if ready.wheel else _own_first(wheels, location)
    metadata = read_metadata(wheel)
    if location.requirement is not None:  # uv takes an extra that there is not for a slip without consequence
        requirements(metadata, tuple(sorted({*location.requirement.extras, *config.extras})))
    app, *dependencies = unpack_all((wheel, *others), ready.interpreter, cache, reporter, config.wheels.overwrite)
    if project.is_source_folder:
        app = _without_loose_modules(app)
    parts = Parts(ready.interpreter, app, tuple(dependencies))
    _tell_developers_tools(parts, ready, location.locks, reporter)
    if ready.host:
        check_fit(ready.host, parts, {w.filename: _wants(w, ready) for w in (wheel, *others)})
    return Gathered(
        config=config,
        target=ready.target,
        parts=parts,
        host=ready.host,
        metadata=metadata,
        epoch=epoch_of_wheel(wheel) if ready.epoch is None else ready.epoch,
        asked=ready.spec.requirements,
    )


def _tell_developers_tools(parts: Parts, ready: Prepared, locks: Path, reporter: Reporter) -> None:
    """Warn of tools for developers that are packed though neither a wheel nor a setting asks for them."""
    tools = developers_tools(parts.dependencies)
    if tools:  # seldom: reading what every wheel wants takes time
        wanted = {canonicalize_name(Requirement(text).name) for text in ready.spec.requirements}
        wanted |= {canonicalize_name(r.name) for d in parts.distributions for r in _wants(d.wheel, ready)}
        lock = find_lock(locks, ready.spec.lock)
        stray = [d for d in tools if canonicalize_name(d.wheel.name) not in wanted]
        if stray and lock:
            reporter.warn(told(stray, lock.name))


def _wants(wheel: Wheel, ready: Prepared) -> list[Requirement]:
    """Return what a wheel requires on the target, without extras."""
    there = marker_environment(ready.target, ready.interpreter)
    return [r for r in read_metadata(wheel).requires if applies(r, there, ())]


def _own_first(wheels: Sequence[Wheel], location: Location) -> list[Wheel]:
    """Return ``wheels`` with that of the project, which the index has like all others, in front."""
    name = canonicalize_name(location.requirement.name) if location.requirement else ""
    found = sorted(wheels, key=lambda w: w.name != name)
    if not found or found[0].name != name:
        raise ConfigurationError(
            f"{name} comes from the index like its dependencies, and is left out with them",
            where=Key.of("wheels"),
            remedy="take it out of wheels.exclude and drop wheels.no-deps, or download its wheel and build that",
        )
    return found


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known before the dependencies' wheels are looked for, and ``spec``: which are asked for.

    When the project itself is on the index, it is one of those: ``wheel`` is None, ``metadata``
    has no name yet and ``epoch`` is None.
    """

    target: Target
    epoch: int | None
    wheel: Wheel | None
    metadata: Metadata
    interpreter: Interpreter
    spec: WheelSpec
    host: Host | None = None
    bench: Workbench | None = None

    def demand(self, locks: Path, *, offline: bool) -> Demand:
        """Return which wheels to look for; their lock lies in ``locks``."""
        build = self.bench.wheel if self.bench else None
        return Demand(self.spec, self.target, self.interpreter, locks, self.metadata.name, offline, build)


def prepare(project: Opened, cache: Cache, reporter: Reporter) -> Prepared:
    """Make the project's own wheel and find the interpreter."""
    config = project.config
    host = read_host(config, project.root) if config.extends else None
    if host is None:
        return _prepare(project, cache, reporter)
    ready = _prepare(replace(project, config=with_host(config, host)), cache, reporter)
    check_interpreter(ready.interpreter, host)
    return replace(ready, host=host, spec=replace(ready.spec, given=tuple(sorted(host.distributions))))


def _prepare(project: Opened, cache: Cache, reporter: Reporter) -> Prepared:
    root, location, config, offline = project.root, project.location, project.config, project.options.offline
    target = resolve_target(config.targets, config.arch)
    source = source_of(project, cache, reporter, offline=offline)
    interpreter = resolve_interpreter(
        python_spec(config), target, cache, reporter,
        requires_python=source.requires_python(), root=root, offline=offline, locks=location.locks,
    )  # fmt: skip
    wheel = source.wheel(interpreter)
    if wheel is None:
        spec = wheel_spec(config.model_copy(update={"extras": ()}), root, UNKNOWN, interpreter, target)
        spec = replace(spec, requirements=tuple(sorted({*spec.requirements, _on_index(location, config)})))
        return Prepared(target, given_epoch(), None, UNKNOWN, interpreter, spec)
    _check_tags(wheel, target, interpreter)
    metadata = read_metadata(wheel)
    spec = wheel_spec(config, root, metadata, interpreter, target)
    if location.shape is Shape.SDIST and spec.lock is None and find_lock(location.locks) is None:
        spec = replace(spec, lock=find_lock(location.path))
    if project.is_source_folder and spec.directory and not _is_listed(root, spec):
        everything = every_wheel(spec.directory, tags(target, interpreter))
        spec = replace(spec, requirements=tuple(sorted({*spec.requirements, *everything})))
    bench = open_workbench(location, config, cache, reporter, interpreter=interpreter, offline=offline)
    if location.shape is Shape.FOLDER and not spec.no_deps and not is_foreign(find_lock(location.locks, spec.lock)):
        spec = _with_neighbours(spec, location.path, wheel, marker_environment(target, interpreter), bench)
    return Prepared(target, source.epoch(), wheel, metadata, interpreter, spec, bench=bench)


def _with_neighbours(spec: WheelSpec, root: Path, wheel: Wheel, there: Environment, bench: Workbench) -> WheelSpec:
    """Return ``spec`` with wheels of all that comes from folders and repositories, and what these ask for."""
    grouped = group_requirements(root, spec.groups) if spec.groups else ()
    found = find_neighbours(root, wheel, (*spec.requirements, *grouped), there, bench)
    return replace(
        spec,
        requirements=found.requirements,
        local=found.wheels,
        pinned=found.pinned,
        searched=found.sources.searched,
        default_index=found.sources.default,
    )


def _is_listed(root: Path, spec: WheelSpec) -> bool:
    """Tell whether somebody wrote down which wheels are wanted; a lock of ours only repeats what we found."""
    lock = find_lock(root, spec.lock)
    return lock is not None and not (is_valid_pylock_path(lock) and lock.is_file() and read_pylock(lock).inputs)


def _without_loose_modules(app: Distribution) -> Distribution:
    """Return ``app`` with only its packages to be proven by an import: a loose module may be a script."""
    inits = tuple(f"/site-packages/{name}/__init__.py" for name in app.top_level)
    packages = {e.path.split("/")[-2] for e in app.tree.entries if e.path.endswith(inits)} if inits else set()
    return replace(app, top_level=tuple(name for name in app.top_level if name in packages))


def _on_index(location: Location, config: Config) -> str:
    requirement = Requirement(str(location.requirement))
    requirement.extras |= set(config.extras)
    return str(requirement)


def _check_tags(wheel: Wheel, target: Target, interpreter: Interpreter) -> None:
    if parse_wheel_filename(wheel.filename)[3].isdisjoint(tags(target, interpreter)):
        raise ArtefactError(
            f"it is not for {described(target, interpreter)}",
            where=wheel.filename,
            remedy="take the wheel for that, or build the sdist",
        )


def python_spec(config: Config) -> PythonSpec:
    """Return which interpreter is asked for."""
    table = config.python
    pip = {"ensurepip"} if config.wheels.layout == "archived" else set()  # it brings pip's wheel
    keep = tuple(sorted({*table.keep, *pip}))
    return PythonSpec(
        table.source, table.sha256, table.mirror, keep, config.wheels.frozen, table.version, table.site_packages
    )


def wheel_spec(config: Config, root: Path, metadata: Metadata, interpreter: Interpreter, target: Target) -> WheelSpec:
    """Return which wheels are asked for."""
    wanted = requirements(metadata, config.extras, marker_environment(target, interpreter))
    return WheelSpec(
        lock=root / config.wheels.lock if config.wheels.lock else None,
        requirements=tuple(sorted({*wanted, *config.requirements})),
        extras=config.extras,
        index=config.wheels.index,
        find_links=tuple(root / link for link in config.wheels.find_links),
        directory=root / config.wheels.dir if config.wheels.dir else None,
        groups=config.wheels.groups,
        constraints=config.wheels.constraints,
        overrides=config.wheels.overrides,
        exclude=tuple(config.wheels.exclude),
        build=config.wheels.build,
        no_deps=config.wheels.no_deps,
        frozen=config.wheels.frozen,
        variables=tuple(steering(os.environ, config.build.environment, project=False).items()),
    )
