"""A plugin: a project whose package adds a layer to an application that another package installed.

The application's own package says what is there: its interpreter, the versions of its distributions
and its files. The plugin's dependencies are resolved with these versions as constraints, and only
what the application lacks goes into the layer.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from pkggen.activation.manifest import Extension, Layer, Manifest, written
from pkggen.activation.records import read
from pkggen.archives import deb, rpm
from pkggen.config.tables import Config
from pkggen.errors import ArtefactError, ConfigurationError, Key, Problem
from pkggen.model import Interpreter, Layout, Parts, Payload, Project, Purpose, Target
from pkggen.model.entry import generated_entry
from pkggen.model.relations import parse_relation
from pkggen.payload.commands import chosen_commands, command_link
from pkggen.payload.format_options import declared_options
from pkggen.payload.layers import single_layer
from pkggen.payload.manifest import abi_name, layer_manifest, plugin_admission
from pkggen.targets.runs_on import needs_of

_WANTED = re.compile(r"/.*/(manifest|layers/[^/]+)\.json")
_OPERATORS = {"<": operator.lt, "<=": operator.le, "=": operator.eq, ">=": operator.ge, ">": operator.gt}
_RESERVED = {"python", "deps", "app"}


@dataclass(frozen=True, slots=True)
class Host:
    """The application that a plugin is added to, as its packages tell.

    ``distributions`` maps normalised names to versions, ``files`` paths within the venv to digests.
    """

    name: str
    version: str
    prefix: str
    minor: str
    distributions: Mapping[str, str]
    files: Mapping[str, str]

    @property
    def abi(self) -> str:
        """Return the name that the application provides for what a plugin is compiled against."""
        return abi_name(self.name, self.minor)


def read_host(config: Config, root: Path) -> Host:
    """Return what ``extends-package`` says of the application that ``extends`` names.

    Raises ConfigurationError when they disagree or something is missing, ArtefactError for a file
    that is no package.
    """
    where = Key.of("extends-package")
    found: dict[str, bytes] = {}
    for name in config.extends_package:
        found |= _read(root / name, where)
    try:
        host = _host({path: json.loads(text) for path, text in found.items()}, where)
    except (ValueError, LookupError) as error:
        names = ", ".join(config.extends_package)
        remedy = "name the package that pkggen built of the application"
        raise ConfigurationError(f"{names} holds no application of pkggen's", where=where, remedy=remedy) from error
    _check_name(config, host)
    return host


def _host(contents: Mapping[str, object], where: Key) -> Host:
    """Return what the descriptions among ``contents`` say; other programs' files may have the same names."""
    manifest = read(
        Manifest, next((value for path, value in contents.items() if path.endswith("/manifest.json")), None)
    )
    prefix, python = manifest.prefix, manifest.python
    names = [name for name in manifest.layers if name != python.layer]
    paths = [f"{manifest.places.get(name, prefix + '/layers')}/{name}.json" for name in names]
    if lacking := sorted(set(paths) - set(contents)):
        raise ConfigurationError(
            f"{lacking[0]} is in another package of {manifest.app}", where=where, remedy="name that as well"
        )
    layers = [read(Layer, contents[path]) for path in paths]
    if any(layer.archived for layer in layers):
        raise ConfigurationError(f"{manifest.app} keeps its wheels archived, and takes no plugins", where=where)
    return Host(
        name=manifest.app,
        version=str(Version(manifest.version)),
        prefix=prefix,
        minor=".".join(python.version.split(".")[:2]),
        distributions={canonicalize_name(name): version for layer in layers for name, version in layer.distributions},
        files={row.path: row.sha256 for layer in layers for row in layer.files if not row.path.endswith(".pyc")},
    )


def _read(path: Path, where: Key) -> dict[str, bytes]:
    if not path.is_file():
        raise ConfigurationError(f"there is no package {path}", where=where, remedy="build the application first")
    read = rpm.read_contents if path.suffix == ".rpm" else deb.read_contents
    return read(path, lambda name: _WANTED.fullmatch(name) is not None)


def _check_name(config: Config, host: Host) -> None:
    where = Key.of("extends")
    terms = parse_relation(config.extends)
    if len(terms) != 1 or terms[0].name != host.name:
        raise ConfigurationError(f"{config.extends!r} is not {host.name}, which extends-package holds", where=where)
    (term,) = terms
    if term.operator and not _OPERATORS[term.operator](Version(host.version), Version(term.version)):
        raise ConfigurationError(f"extends-package holds {host.name} {host.version}", where=where)


def with_host(config: Config, host: Host) -> Config:
    """Return the configuration with the application's versions as constraints."""
    pins = tuple(f"{name}=={version}" for name, version in sorted(host.distributions.items()))
    wheels = config.wheels.model_copy(update={"constraints": (*config.wheels.constraints, *pins)})
    return config.model_copy(update={"wheels": wheels, "prefix": host.prefix})


def check_interpreter(interpreter: Interpreter, host: Host) -> None:
    """Raise ConfigurationError for an interpreter that is not like the application's."""
    if interpreter.minor != host.minor:
        raise ConfigurationError(
            f"the plugin is built with Python {interpreter.minor}, {host.name} runs on {host.minor}",
            where=Key.of("python", "source"), remedy=f'set it to "{host.minor}", or to the application\'s own source',
        )  # fmt: skip


def check_fit(host: Host, parts: Parts, requires: Mapping[str, Sequence[Requirement]]) -> None:
    """Raise ArtefactError, with all of them, for wants that the application's versions do not meet.

    ``requires`` are what each wheel, by its file's name, wants on the target.
    """
    ArtefactError.raise_all([*_unmet(host, requires), *_clashes(host, parts)])


def _unmet(host: Host, requires: Mapping[str, Sequence[Requirement]]) -> Iterator[Problem]:
    for filename, wants in requires.items():
        for want in wants:
            there = host.distributions.get(canonicalize_name(want.name))
            if there is not None and not want.specifier.contains(there, prereleases=True):
                yield Problem(f"wants {want}, and {host.name} has {there}", filename, "choose another version of it")


def _clashes(host: Host, parts: Parts) -> Iterator[Problem]:
    for distribution in parts.distributions:
        for e in distribution.tree.entries:
            if host.files.get(e.path, e.sha256) != e.sha256:
                yield Problem(f"{e.path} is in {host.name}, too, with other bytes", distribution.wheel.filename)


def stage_plugin(project: Project, config: Config, target: Target, parts: Parts, *, host: Host, epoch: int) -> Payload:
    """Plan the package of a plugin; raise ConfigurationError and ArtefactError, as ``stage`` does."""
    if project.name in {*_RESERVED, host.name}:
        raise ConfigurationError(f"{project.name!r} can't be a plugin's name", where=Key.of("name"))
    about = project.description or f"A plugin of {host.name}: its layer becomes part of the application's releases."
    project = replace(project, description=about)
    layout = Layout(host.prefix)
    layer = replace(single_layer(project.name, parts), home=f"{host.prefix}/layers")
    commands = chosen_commands(config, project, (layer,))
    smoke = config.smoke if config.smoke is not None else [m for m in parts.app.top_level if not m.startswith("_")]
    described = layer_manifest(layer, compiled=parts.interpreter.compiler is not None)
    extension = Extension(host.name, host.minor, tuple(smoke))
    links = [command_link(layout, c, epoch) for c in commands]
    entries = [
        *(e.below(f"{layer.home}/{layer.name}") for e in layer.entries),
        generated_entry(f"{host.prefix}/plugins/{layer.name}.json", written(described, extension), epoch),
        *links,
    ]
    options = declared_options(config, project, host.prefix, epoch, taken=links)
    needed = (config.extends, host.abi)  # there and configured before anything is unpacked: preinst asks it
    return Payload(
        project=replace(project, commands=commands), target=target, prefix=host.prefix, release=config.release,
        layers=(layer,), entries=tuple(sorted(entries, key=lambda e: e.path)), services=(),
        needs=needs_of(parts, target), epoch=epoch, purpose=Purpose.PLUGIN,
        admission=plugin_admission(described, extension),
        options={n: replace(o, pre_depends=(*needed, *o.pre_depends)) for n, o in options.items()},
    )  # fmt: skip
