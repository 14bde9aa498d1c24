"""The straight line from a project to packages; each step takes what the step before gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.pylock import is_valid_pylock_path
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from pkggen.cache import Cache, sha256_of
from pkggen.config import load_config
from pkggen.errors import ArtefactError, ConfigurationError
from pkggen.formats import FORMATS
from pkggen.interpreter import resolve_interpreter
from pkggen.model import (
    BuiltPackage,
    Distribution,
    Interpreter,
    Parts,
    Payload,
    Project,
    PythonSpec,
    Rendered,
    Target,
    Wheel,
    WheelSpec,
)
from pkggen.output import claimed, publish_output
from pkggen.project import (
    UNKNOWN,
    Location,
    Metadata,
    Shape,
    epoch_of_wheel,
    every_wheel,
    find_project,
    given_epoch,
    is_source_folder,
    open_project,
    read_metadata,
    requirements,
)
from pkggen.reach import runs_on
from pkggen.reporter import Reporter
from pkggen.schema import Config
from pkggen.stage import own_commands, stage, template_directory
from pkggen.targets import resolve_target
from pkggen.templating import Templates
from pkggen.versions import package_name
from pkggen.wheels import find_lock, marker_environment, resolve_wheels, unpack_all
from pkggen.wheels.lock import read_pylock
from pkggen.wheels.select import tags


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says; it outranks the configuration file."""

    root: Path
    formats: tuple[str, ...] = ("deb", "rpm")
    output: Path = Path("dist")
    python: str = ""
    python_sha256: str = ""
    release: str = ""
    targets: tuple[str, ...] = ()
    arch: str = ""
    offline: bool = False
    frozen: bool = False


def build(options: Options, cache: Cache, reporter: Reporter) -> tuple[BuiltPackage, ...]:
    """Build the packages and move them into the output directory; return them there."""
    for name in options.formats:
        FORMATS[name].check_tools()
    with claimed(options.output) as output, cache.scratch() as workshop:
        payload, templates = plan(options, cache, reporter, workshop)
        packages = [FORMATS[name].describe(payload) for name in options.formats]
        reporter.tell(runs_on(packages))
        built = []
        for package in packages:
            rendered = FORMATS[package.format].render(package, templates)
            built.append(_make(rendered, workshop / package.format, reporter))
        return publish_output(built, output)


def render(options: Options, cache: Cache, reporter: Reporter) -> tuple[Rendered, ...]:
    """Return what would be built, as text."""
    with cache.scratch() as workshop:
        payload, templates = plan(options, cache, reporter, workshop)
        return tuple(FORMATS[n].render(FORMATS[n].describe(payload), templates) for n in options.formats)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a package is made of, before anything is laid out.

    ``options`` has the directory of the configuration as its root; ``asked`` are the requirements
    that the wheels were found by.
    """

    options: Options
    config: Config
    target: Target
    parts: Parts
    metadata: Metadata
    epoch: int
    asked: tuple[str, ...] = ()


def gather(options: Options, cache: Cache, reporter: Reporter, workshop: Path) -> Gathered:
    """Find the project, the interpreter and the wheels, and unpack them; ``workshop`` is a scratch directory.

    What an sdist brings of configuration and templates lies in ``workshop``, too.
    """
    location = find_project(options.root, workshop)
    options = replace(options, root=location.root)
    config = effective_config(options)
    template_directory(config, options.root)  # told before anything is downloaded
    ready = prepare(options, config, cache, reporter, location)
    wheels = resolve_wheels(
        ready.spec, ready.target, ready.interpreter, cache, reporter,
        root=location.locks, offline=options.offline, exclude_project=ready.metadata.name,
    )  # fmt: skip
    wheel, *others = (ready.wheel, *wheels) if ready.wheel else _own_first(wheels, location)
    app, *dependencies = unpack_all((wheel, *others), ready.interpreter, cache, reporter)
    if is_source_folder(location, config):
        app = _without_loose_modules(app)
    return Gathered(
        options=options,
        config=config,
        target=ready.target,
        parts=Parts(ready.interpreter, app, tuple(dependencies)),
        metadata=read_metadata(wheel),
        epoch=ready.epoch or epoch_of_wheel(wheel),
        asked=ready.spec.requirements,
    )


def _own_first(wheels: Sequence[Wheel], location: Location) -> list[Wheel]:
    """Return ``wheels`` with that of the project, which the index has like all others, in front."""
    name = canonicalize_name(location.requirement.name) if location.requirement else ""
    found = sorted(wheels, key=lambda w: w.name != name)
    if not found or found[0].name != name:
        raise ConfigurationError(f"{name} is not among the wheels", remedy="see wheels.no-deps and wheels.exclude")
    return found


def plan(options: Options, cache: Cache, reporter: Reporter, workshop: Path) -> tuple[Payload, Templates]:
    """Gather what the package is made of, and stage the payload; ``workshop`` has to stay until it is rendered."""
    found = gather(options, cache, reporter, workshop)
    config, metadata, parts, root = found.config, found.metadata, found.parts, found.options.root
    templates = Templates(template_directory(config, root))
    commands = own_commands(parts.app, parts.dependencies, {canonicalize_name(r.name) for r in metadata.requires})
    project = describe_project(config, metadata, commands, root)
    payload = stage(project, config, found.target, parts, found.epoch)
    for plugin in payload.needs.plugins:
        reporter.note(f"{plugin.glibc_by} works only where {', '.join(plugin.sonames)} can be found")
    if payload.needs.plugins:
        files = len(payload.needs.plugins)
        reporter.warn(f"{files} files are for libraries of wheels that are not in the package (-v names them)")
    return payload, templates


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known before the dependencies' wheels are looked for, and ``spec``: which are asked for.

    When the project itself is on the index, it is one of those: ``wheel`` is None, ``metadata``
    has no name yet and ``epoch`` is 0.
    """

    target: Target
    epoch: int
    wheel: Wheel | None
    metadata: Metadata
    interpreter: Interpreter
    spec: WheelSpec


def prepare(
    options: Options, config: Config, cache: Cache, reporter: Reporter, location: Location | None = None
) -> Prepared:
    """Make the project's own wheel and find the interpreter; without ``location`` the project is the root."""
    root = options.root
    location = location or Location(Shape.FOLDER, root, root, root)
    target = resolve_target(config.targets, config.arch)
    source = open_project(location, config, cache, reporter, offline=options.offline)
    interpreter = resolve_interpreter(
        python_spec(config), target, cache, reporter,
        requires_python=source.requires_python(), root=root, offline=options.offline, locks=location.locks,
    )  # fmt: skip
    wheel = source.wheel(interpreter)
    if wheel is None:
        spec = wheel_spec(config.model_copy(update={"extras": ()}), root, UNKNOWN, interpreter, target)
        spec = replace(spec, requirements=tuple(sorted({*spec.requirements, _on_index(location, config)})))
        return Prepared(target, given_epoch() or 0, None, UNKNOWN, interpreter, spec)
    _check_tags(wheel, target, interpreter)
    metadata = read_metadata(wheel)
    spec = wheel_spec(config, root, metadata, interpreter, target)
    if location.shape is Shape.SDIST and spec.lock is None and find_lock(location.locks) is None:
        spec = replace(spec, lock=find_lock(location.path))
    if is_source_folder(location, config) and spec.directory and not _is_listed(root, spec):
        everything = every_wheel(spec.directory, tags(target, interpreter))
        spec = replace(spec, requirements=tuple(sorted({*spec.requirements, *everything})))
    return Prepared(target, source.epoch(), wheel, metadata, interpreter, spec)


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
        glibc = ".".join(map(str, target.glibc))
        raise ArtefactError(
            f"it is not for CPython {interpreter.minor} on {target.arch} with glibc {glibc}",
            where=wheel.filename,
            remedy="take the wheel for that, or build the sdist",
        )


def effective_config(options: Options) -> Config:
    """Return the configuration with the command line's wishes applied."""
    config = load_config(options.root)
    # on the command line a path starts from where the user is, in the file from where the file is
    source = (
        str(Path(options.python).absolute()) if options.python and Path(options.python).exists() else options.python
    )
    python = {"source": source, "sha256": options.python_sha256} if options.python else {}
    return config.model_copy(
        update={
            "python": config.python.model_copy(update=python),
            "release": options.release or config.release,
            "targets": options.targets or config.targets,
            "arch": options.arch or config.arch,
            "wheels": config.wheels.model_copy(update={"frozen": config.wheels.frozen or options.frozen}),
            "depends": (*config.depends, *config.wheels.replacements),
        }
    )


def python_spec(config: Config) -> PythonSpec:
    """Return which interpreter is asked for."""
    table = config.python
    return PythonSpec(table.source, table.sha256, table.mirror, table.keep, config.wheels.frozen)


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
    )


def describe_project(config: Config, metadata: Metadata, commands: tuple[str, ...], root: Path) -> Project:
    """Merge what the user wrote with what the wheel says."""
    return Project(
        name=package_name(config.name or metadata.name),
        version=metadata.version,
        summary=config.summary or metadata.summary,
        description=metadata.description,
        licence=metadata.licence,
        homepage=metadata.homepage,
        maintainer=config.maintainer or metadata.author,
        commands=commands,
        root=root,
    )


def _make(rendered: Rendered, directory: Path, reporter: Reporter) -> BuiltPackage:
    name = rendered.package.format
    directory.mkdir()
    with reporter.step(f"packing {rendered.package.filename}"):
        path = FORMATS[name].assemble(rendered, directory)
    with reporter.step(f"reading {rendered.package.filename} back"):
        FORMATS[name].verify(path, rendered)
    return BuiltPackage(name, path, path.stat().st_size, sha256_of(path))
