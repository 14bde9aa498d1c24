"""Turning a project, an interpreter and wheels into a payload: a plan, not a directory.

Nothing is copied here; entries point at files in the cache. Printing a payload debugs a package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pkggen.activation.manifest import PROGRAM, written
from pkggen.config.tables import Config
from pkggen.errors import Key
from pkggen.metadata.licences import components
from pkggen.model import (
    Entry,
    FormatOptions,
    Interpreter,
    Layer,
    Layout,
    Parts,
    Payload,
    Project,
    Target,
)
from pkggen.model.entry import generated_entry
from pkggen.model.service import Service
from pkggen.model.versions import package_name
from pkggen.payload.archived import pip_of
from pkggen.payload.commands import chosen_commands, command_link, python_scripts, script_names
from pkggen.payload.files.writable import refuse_below_services
from pkggen.payload.format_options import declared_options
from pkggen.payload.health import healthcheck_of
from pkggen.payload.hooks import read_hooks
from pkggen.payload.layers import archived_layers, expanded_layers
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
    layout = Layout(config.prefix or f"/opt/{project.name}", config.venv.mode)
    homes = layer_homes(config.split, layout.prefix, parts.interpreter, config.python.keep)
    layers = _placed_layers(config, parts, homes, epoch)
    services = _services(config, project, layout, layers)
    commands = chosen_commands(config, project, layers)
    hooks = read_hooks(config, project.root, parts.interpreter.compiler)
    links = [command_link(layout, c, epoch) for c in commands]
    options = declared_options(config, project, layout.prefix, epoch, taken=links, python=parts.interpreter.system)
    refuse_below_services(services, (e for o in options.values() for e in o.entries))
    if layout.activated:
        options = _admitting_plugins(options, abi_name(project.name, parts.interpreter.minor))
    described = _described(layers, parts, homes, layout.prefix, epoch)
    exact = {layer.name: e.sha256 for layer, e in zip(layers, described, strict=True) if layer.name in _exact(config)}
    manifest = app_manifest(
        project, config, parts, prefix=layout.prefix, layers=layers, commands=commands, services=services,
        hooks=hooks, owned={e.path for o in options.values() for e in o.entries}, exact=exact,
        pip=pip_of(parts) if config.wheels.layout == "archived" else "", unproven=unproven,
    )  # fmt: skip
    entries = [
        *(
            _activated(layout, layers, described, epoch)
            if layout.activated
            else packaged_entries(layout, layers, parts.interpreter, isolated=config.venv.isolated, epoch=epoch)
        ),
        # hooks are always run by the name of a program
        *(generated_entry(f"{layout.prefix}/{h.file}", h.content, epoch) for h in hooks),
        generated_entry(f"{layout.prefix}/manifest.json", manifest, epoch),
        *links,
    ]
    found = components(parts, layers, layout)
    return Payload(
        project=replace(project, commands=commands, licence=found[0].licence), target=target, prefix=layout.prefix,
        release=config.release, layers=layers, entries=tuple(sorted(entries, key=lambda e: e.path)),
        services=services, needs=needs_of(parts, target), epoch=epoch, hooks=hooks,
        interests=_interests(layout, config, homes),
        admission=app_admission(project.name, parts.interpreter.minor, layers) if layout.activated else "",
        python=_interpreter_path(layout, parts.interpreter, homes["python"]),
        options=with_environment(options, services, package_name(project.name), epoch),
        triggers=declared_triggers(config, layout.bin, script_names(layers)), mode=layout.mode, components=found,
        smoke=tuple(smoke_modules(config, parts, layers, commands, services)),
    )  # fmt: skip


def _placed_layers(config: Config, parts: Parts, homes: Mapping[str, str], epoch: int) -> tuple[Layer, ...]:
    """Return the layers, as files or as wheels, each with where it lies."""
    found = archived_layers(parts, epoch) if config.wheels.layout == "archived" else expanded_layers(parts)
    return tuple(replace(layer, home=homes[layer.name]) for layer in found)


def _services(config: Config, project: Project, layout: Layout, layers: Sequence[Layer]) -> tuple[Service, ...]:
    scripts = script_names(layers)
    isolated = python_scripts(layers) if config.venv.isolated else set[str]()
    return tuple(
        planned_service(
            table, project, layout, scripts, healthcheck=healthcheck_of(table, scripts, key), key=key, isolated=isolated
        )
        for table, key in ((table, Key.of("services", i)) for i, table in enumerate(config.services))
    )


def _admitting_plugins(options: Mapping[str, FormatOptions], abi: str) -> Mapping[str, FormatOptions]:
    """Return the options of a package that provides what plugins for its Python need."""
    return {name: replace(o, provides=(*o.provides, abi)) for name, o in options.items()}


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
