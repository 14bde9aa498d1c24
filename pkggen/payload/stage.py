"""Turning a project, an interpreter and wheels into a payload: a plan, not a directory.

Nothing is copied here; entries point at files in the cache. Printing a payload debugs a package.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from packaging.utils import canonicalize_name

from pkggen.activation.manifest import PROGRAM, written
from pkggen.config.tables import Config, FormatTable
from pkggen.errors import ArtefactError, ConfigurationError, Key, Problem
from pkggen.metadata.licences import components
from pkggen.model import (
    Distribution,
    Entry,
    FormatOptions,
    Interpreter,
    Kind,
    Layer,
    Layout,
    Parts,
    Payload,
    Project,
    SystemPython,
    Target,
)
from pkggen.model.entry import generated_entry
from pkggen.model.relations import KINDS, relations_for
from pkggen.model.shebang import is_python_script
from pkggen.model.versions import package_name
from pkggen.payload.archived import archived_layer, pip_of
from pkggen.payload.files import extra_entries, place_recommends
from pkggen.payload.files.writable import refuse_below_services
from pkggen.payload.health import healthcheck_of
from pkggen.payload.hooks import read_hooks
from pkggen.payload.manifest import abi_name, app_admission, app_manifest, layer_manifest, smoke_modules
from pkggen.payload.packaged import packaged_entries
from pkggen.payload.program import activation_program
from pkggen.payload.services import planned_service, with_environment
from pkggen.payload.split import DEPS, RUNTIME, Division, layer_homes, layers_of, runtime_name
from pkggen.payload.triggers import declared_triggers
from pkggen.targets.runs_on import needs_of, needs_of_layers


def stage(
    project: Project, config: Config, target: Target, parts: Parts, epoch: int, *, unproven: bool = False
) -> Payload:
    """Plan the package's contents; ``unproven``: they will not be tried here.

    Raises ConfigurationError for commands, services and files that can't be, and ArtefactError
    when a wheel or the interpreter asks for more than the declared targets have.
    """
    prefix = config.prefix or f"/opt/{project.name}"
    layout = Layout(prefix, config.venv.mode)
    homes = layer_homes(config.split, prefix, parts.interpreter, config.python.keep)
    archived = config.wheels.layout == "archived"
    unplaced = _archived_layers(parts, epoch) if archived else _layers(parts)
    layers = tuple(replace(layer, home=homes[layer.name]) for layer in unplaced)
    scripts = _script_names(layers)
    isolated = _python_scripts(layers) if config.venv.isolated else set[str]()
    services = tuple(
        planned_service(
            s, project, layout, scripts, healthcheck=healthcheck_of(s, scripts, key), key=key, isolated=isolated
        )
        for s, key in ((s, Key.of("services", i)) for i, s in enumerate(config.services))
    )
    commands = chosen_commands(config, project, layers)
    needs = needs_of(parts, target)
    hooks = read_hooks(config, project.root, parts.interpreter.compiler)
    links = [command_link(layout, c, epoch) for c in commands]
    options = declared_options(config, project, prefix, epoch, taken=links, python=parts.interpreter.system)
    refuse_below_services(services, (e for o in options.values() for e in o.entries))
    if layout.activated:
        abi = abi_name(project.name, parts.interpreter.minor)
        options = {name: replace(o, provides=(*o.provides, abi)) for name, o in options.items()}
    described = _described(layers, parts, homes, prefix, epoch)
    exact = {layer.name: e.sha256 for layer, e in zip(layers, described, strict=True) if layer.name in _exact(config)}
    manifest = app_manifest(
        project, config, parts, prefix=prefix, layers=layers, commands=commands, services=services,
        hooks=hooks, owned={e.path for o in options.values() for e in o.entries}, exact=exact,
        pip=pip_of(parts) if archived else "", unproven=unproven,
    )  # fmt: skip
    entries = [
        *(
            _activated(layout, layers, described, epoch)
            if layout.activated
            else packaged_entries(layout, layers, parts.interpreter, isolated=config.venv.isolated, epoch=epoch)
        ),
        *(generated_entry(f"{prefix}/{h.file}", h.content, epoch) for h in hooks),  # always run by name of a program
        generated_entry(f"{prefix}/manifest.json", manifest, epoch),
        *links,
    ]
    found = components(parts, layers, layout)
    return Payload(
        project=replace(project, commands=commands, licence=found[0].licence),
        target=target,
        prefix=prefix,
        release=config.release,
        layers=layers,
        entries=tuple(sorted(entries, key=lambda e: e.path)),
        services=services,
        needs=needs,
        epoch=epoch,
        hooks=hooks,
        interests=_interests(layout, config, homes),
        admission=app_admission(project.name, parts.interpreter.minor, layers) if layout.activated else "",
        python=_interpreter_path(layout, parts.interpreter, homes["python"]),
        options=with_environment(options, services, package_name(project.name), epoch),
        triggers=declared_triggers(config, layout.bin, scripts),
        mode=layout.mode,
        components=found,
        smoke=tuple(smoke_modules(config, parts, layers, commands, services)),
    )


def _interpreter_path(layout: Layout, interpreter: Interpreter, home: str) -> str:
    """Return where the interpreter lies on the target; the system's own is in no layer."""
    if not layout.activated:
        return f"{layout.bin}/python"
    return interpreter.system.executable if interpreter.system else f"{home}/python/{interpreter.executable}"


def _activated(layout: Layout, layers: Sequence[Layer], described: Sequence[Entry], epoch: int) -> Iterator[Entry]:
    """Yield the layers, their descriptions and the program that makes a release of them on the target."""
    for layer in layers:
        yield from (e.below(f"{layer.home}/{layer.name}") for e in layer.entries)
    yield from described
    yield generated_entry(f"{layout.prefix}/{PROGRAM}", activation_program(), epoch)


def declared_options(
    config: Config,
    project: Project,
    prefix: str,
    epoch: int,
    *,
    taken: Sequence[Entry] = (),
    python: SystemPython | None = None,
) -> Mapping[str, FormatOptions]:
    """Return what the user declares for each format; ``taken`` are entries that a declared file could meet.

    Raises ConfigurationError for files that can't be.
    """
    return {
        name: _options(name, config, table, extra_entries(config, project, prefix, name, epoch, taken=taken), python)
        for name, table in (("deb", config.deb), ("rpm", config.rpm))
    }


def _interests(layout: Layout, config: Config, homes: Mapping[str, str]) -> tuple[str, ...]:
    """Return the directories in which other packages put layers of the application."""
    shared = (homes["python"],) if RUNTIME in config.split else ()
    return (*shared, f"{layout.prefix}/plugins") if layout.activated else ()


def _described(layers: Sequence[Layer], parts: Parts, homes: Mapping[str, str], prefix: str, epoch: int) -> list[Entry]:
    """Return the description of each layer; that of a shared interpreter says which version it is."""
    compiled = parts.interpreter.compiler is not None
    shared = {"python": parts.interpreter.version} if homes["python"] != f"{prefix}/layers" else {}
    texts = {
        layer: written(layer_manifest(layer, compiled=compiled, python=shared.get(layer.name, ""))) for layer in layers
    }
    return [generated_entry(f"{layer.home}/{layer.name}.json", text, epoch) for layer, text in texts.items()]


def _exact(config: Config) -> tuple[str, ...]:
    """Return the layers of which only the very same bytes will do; a shared interpreter may be newer."""
    return layers_of(DEPS, config.split) if DEPS in config.split else ()


def divide(
    whole: Payload, config: Config, parts: Parts, locks: Path, packed: Callable[[Payload], str]
) -> tuple[Payload, ...]:
    """Return a payload for each package that ``split`` asks for, the application's first.

    Which dependencies these are is counted in ``pkggen.lock`` in ``locks``; ``packed`` digests what a
    payload's packages are made of. Raises IntegrityError,
    ConfigurationError and StorageError.
    """
    names = ("app", *config.split) if config.split else ()
    needs = {name: needs_of_layers(parts, whole.needs, layers_of(name, config.split)) for name in names}
    division = Division(whole, config.split, needs, runtime_name(parts.interpreter, config.python.keep))
    return division.payloads(parts.interpreter.version, locks, packed, frozen=config.wheels.frozen)


def _layers(parts: Parts) -> tuple[Layer, ...]:
    tree = parts.interpreter.tree
    seen: dict[str, str] = {}
    deps = [_contents(d, seen) for d in parts.dependencies]
    own = () if parts.interpreter.system else (Layer("python", tree.entries),)
    return (
        *own,
        Layer(
            "deps",
            tuple(sorted((e for entries in deps for e in entries), key=lambda e: e.path)),
            tuple(sorted({s for d in parts.dependencies for s in d.scripts}, key=lambda s: s.name)),
            tuple((d.wheel.name, d.wheel.version) for d in parts.dependencies),
        ),
        Layer(
            "app",
            _contents(parts.app, seen),
            tuple(sorted(parts.app.scripts, key=lambda s: s.name)),
            ((parts.app.wheel.name, parts.app.wheel.version),),
        ),
    )


def _archived_layers(parts: Parts, epoch: int) -> tuple[Layer, ...]:
    python, *_ = _layers(parts)  # wheels that clash do so on the target, too
    return python, archived_layer("deps", parts.dependencies, epoch), archived_layer("app", (parts.app,), epoch)


def single_layer(name: str, parts: Parts) -> Layer:
    """Return the project and what it depends on as one layer."""
    seen: dict[str, str] = {}
    entries = [e for d in parts.distributions for e in _contents(d, seen)]
    return Layer(
        name,
        tuple(sorted(entries, key=lambda e: e.path)),
        tuple(sorted({s for d in parts.distributions for s in d.scripts}, key=lambda s: s.name)),
        tuple((d.wheel.name, d.wheel.version) for d in parts.distributions),
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


def chosen_commands(config: Config, project: Project, layers: Sequence[Layer]) -> tuple[str, ...]:
    """Return the commands that are linked into /usr/bin; raise ConfigurationError for those that no layer has."""
    if config.commands is None:
        return project.commands
    known = _script_names(layers)
    ConfigurationError.raise_all(
        Problem(
            f"no wheel has a command {c!r}",
            Key.of("commands", i),
            f"use one of: {', '.join(_nearest(c, known))}",
        )
        for i, c in enumerate(config.commands)
        if c not in known
    )
    return config.commands


def _script_names(layers: Sequence[Layer]) -> set[str]:
    names = {s.name for layer in layers for s in layer.scripts}
    files = {e.path for layer in layers if layer.name != "python" for e in layer.entries}
    files |= {path for layer in layers if layer.archive for path in layer.archive.programs}
    return names | {p.removeprefix("bin/") for p in files if p.startswith("bin/")}


def _python_scripts(layers: Sequence[Layer]) -> set[str]:
    """Return those of the commands that get our first line, and so run isolated where that is wanted."""
    files = {e.path for layer in layers if layer.name != "python" for e in layer.entries if e.path.startswith("bin/")}
    rewritten = {e.path for layer in layers for e in layer.entries if e.path in files and is_python_script(e)}
    rewritten |= {path for layer in layers if layer.archive for path in layer.archive.rewrite}
    return {s.name for layer in layers for s in layer.scripts} | {p.removeprefix("bin/") for p in rewritten}


def _nearest(name: str, known: set[str]) -> list[str]:
    return difflib.get_close_matches(name, known, 3, 0.4) or sorted(known)[:8]


def own_commands(app: Distribution, dependencies: Iterable[Distribution], direct: Collection[str]) -> tuple[str, ...]:
    """Return the commands that a project offers: its entry points and ``.data/scripts``.

    A project that holds no file of its own only names what it wants together; its commands are
    those of the distributions it names, ``direct`` (normalised names).
    """
    offering = [d for d in dependencies if canonicalize_name(d.wheel.name) in direct] if app.is_bundle else [app]
    scripts = {s.name for d in offering for s in d.scripts}
    files = {e.path.removeprefix("bin/") for d in offering for e in d.tree.entries if e.path.startswith("bin/")}
    return tuple(sorted(scripts | files))


def _options(
    name: str, config: Config, table: FormatTable, extra: tuple[Entry, ...], python: SystemPython | None
) -> FormatOptions:
    computed = {"depends": python.depends[name] if python else (), "recommends": place_recommends(config, name)}
    relations = {
        kind: (*computed.get(kind, ()), *relations_for(name, getattr(config, kind)), *getattr(table, kind))
        for kind in KINDS
    }
    return FormatOptions(
        **relations,
        libraries=table.libraries,
        ignore_libraries=table.ignore_libraries,
        compression=table.compression,
        section=table.section,
        priority=table.priority,
        removed_conffiles=table.removed_conffiles,
        group=table.group,
        vendor=table.vendor,
        entries=extra,
    )


def command_link(layout: Layout, command: str, epoch: int) -> Entry:
    """Return the link in /usr/bin to a command of the venv."""
    return Entry(f"/usr/bin/{command}", Kind.SYMLINK, 0o777, mtime=epoch, link=f"{layout.bin}/{command}")
