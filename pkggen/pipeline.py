"""The straight line from a project to packages; each step takes what the step before gave."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from pkggen.cache import Cache, sha256_of
from pkggen.config import load_config
from pkggen.formats import FORMATS
from pkggen.interpreter import resolve_interpreter
from pkggen.model import (
    BuiltPackage,
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
    Metadata,
    build_wheel,
    declared_python,
    is_pure,
    read_metadata,
    requirements,
    running_python,
    source_epoch,
)
from pkggen.reach import runs_on
from pkggen.reporter import Reporter
from pkggen.schema import Config
from pkggen.stage import own_commands, stage, template_directory
from pkggen.targets import resolve_target
from pkggen.templating import Templates
from pkggen.versions import package_name
from pkggen.wheels import marker_environment, resolve_wheels, unpack_all


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
        payload, templates = plan(options, cache, reporter)
        packages = [FORMATS[name].describe(payload) for name in options.formats]
        reporter.tell(runs_on(packages))
        built = []
        for package in packages:
            rendered = FORMATS[package.format].render(package, templates)
            built.append(_make(rendered, workshop / package.format, reporter))
        return publish_output(built, output)


def render(options: Options, cache: Cache, reporter: Reporter) -> tuple[Rendered, ...]:
    """Return what would be built, as text."""
    payload, templates = plan(options, cache, reporter)
    return tuple(FORMATS[n].render(FORMATS[n].describe(payload), templates) for n in options.formats)


def plan(options: Options, cache: Cache, reporter: Reporter) -> tuple[Payload, Templates]:
    """Find the interpreter and the wheels, and stage the payload."""
    config = effective_config(options)
    templates = Templates(template_directory(config, options.root))
    ready = prepare(options, config, cache, reporter)
    wheel, metadata, interpreter = ready.wheel, ready.metadata, ready.interpreter
    wheels = resolve_wheels(
        ready.spec, ready.target, interpreter, cache, reporter,
        root=options.root, offline=options.offline, exclude_project=metadata.name,
    )  # fmt: skip
    app, *dependencies = unpack_all((wheel, *wheels), interpreter, cache, reporter)
    parts = Parts(interpreter, app, tuple(dependencies))
    commands = own_commands(app, dependencies, {canonicalize_name(r.name) for r in metadata.requires})
    project = describe_project(config, metadata, commands, options.root)
    payload = stage(project, config, ready.target, parts, ready.epoch)
    for plugin in payload.needs.plugins:
        reporter.note(f"{plugin.glibc_by} works only where {', '.join(plugin.sonames)} can be found")
    if payload.needs.plugins:
        files = len(payload.needs.plugins)
        reporter.warn(f"{files} files are for libraries of wheels that are not in the package (-v names them)")
    return payload, templates


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known before the dependencies' wheels are looked for, and ``spec``: which are asked for."""

    target: Target
    epoch: int
    wheel: Wheel
    metadata: Metadata
    interpreter: Interpreter
    spec: WheelSpec


def prepare(options: Options, config: Config, cache: Cache, reporter: Reporter) -> Prepared:
    """Build the project's own wheel and find the interpreter."""
    target = resolve_target(config.targets, config.arch)
    epoch = source_epoch(options.root)
    wheel = build_wheel(options.root, cache, reporter, python=running_python(), epoch=epoch, offline=options.offline)
    metadata = read_metadata(wheel)
    interpreter = resolve_interpreter(
        python_spec(config), target, cache, reporter,
        requires_python=declared_python(options.root) & metadata.requires_python,
        root=options.root, offline=options.offline,
    )  # fmt: skip
    if not is_pure(wheel):  # compiled for the interpreter that ran the back-end: once more, for ours
        wheel = build_wheel(
            options.root, cache, reporter, python=interpreter.minor, epoch=epoch, offline=options.offline
        )
    spec = wheel_spec(config, options.root, metadata, interpreter, target)
    return Prepared(target, epoch, wheel, metadata, interpreter, spec)


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
    return PythonSpec(table.source, table.sha256, table.mirror, table.keep)


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
