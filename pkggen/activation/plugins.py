"""Layers that other packages bring, and whether packages fit together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Iterable, Iterator, Mapping, NamedTuple

from .manifest import Admission, Distribution, Extension, Layer, load_json, understood
from .protocol import UNFIT_LAYER, Failure
from .records import read


class Plugin(NamedTuple):
    """One ``plugins/<name>.json``."""

    layer: Layer
    extension: Extension


def read_plugins(base: Path) -> Iterator[tuple[Path, bytes, Plugin]]:
    """Yield the files that describe an application's plugins, with their bytes; raise Failure."""
    for path in sorted((base / "plugins").glob("*.json")):
        data, value = load_json(path)
        yield path, data, Plugin(understood(Layer, value, path), understood(Extension, value, path))


def check_plugin(plugin: Plugin, app: str, abi: str, layers: Mapping[str, Layer], owners: Mapping[str, str]) -> None:
    """Raise Failure, which names both packages, where a plugin does not fit an application and its ``layers``."""
    name, made = plugin.layer.name, plugin.extension
    if (made.extends, made.abi) != (app, abi):
        what = f"{name} was made for {made.extends} with Python {made.abi}"
        raise Failure(f"{what}, this is {app} with Python {abi}", UNFIT_LAYER)
    for layer in layers.values():
        compare(name, plugin.layer.distributions, owners[layer.name], layer.distributions)
        taken = {row.name: row for row in layer.scripts}
        for row in plugin.layer.scripts:
            if taken.get(row.name, row) != row:
                raise Failure(f"{name} and {owners[layer.name]} bring different commands {row.name}", UNFIT_LAYER)


def compare(one: str, ours: Iterable[Distribution], other: str, theirs: Iterable[Distribution]) -> None:
    """Raise Failure where two packages bring different versions of one distribution."""
    known = {row.name: row.version for row in theirs}
    for name, version in ours:
        if known.get(name, version) != version:
            raise Failure(f"{one} brings {name} {version}, and {other} {name} {known[name]}", UNFIT_LAYER)


def read_admission(text: str) -> Admission:
    """Return what a script says of a package that is about to be unpacked; raise Failure."""
    try:
        return read(Admission, json.loads(text))
    except ValueError as error:
        raise Failure(f"what is to be admitted is not described as expected: {error}") from None


def admitted_plugin(wanted: Admission) -> Plugin:
    """Return a plugin as far as it is known before its files are there."""
    layer = Layer(
        name=wanted.name, compile=False, files=wanted.files, links=(), scripts=wanted.scripts, rewrite=(),
        distributions=wanted.distributions,
    )  # fmt: skip
    return Plugin(layer, Extension(wanted.extends, wanted.abi, ()))


def check_application(wanted: Admission, base: Path) -> None:
    """Raise Failure where an application's next version does not fit a plugin that is installed."""
    for _, _, plugin in read_plugins(base):
        name, abi = plugin.layer.name, plugin.extension.abi
        if abi != wanted.abi:
            what = f"{name} was made for {wanted.name} with Python {abi}, this has {wanted.abi}"
            raise Failure(f"{what}; remove {name} first", UNFIT_LAYER)
        compare(name, plugin.layer.distributions, wanted.name, wanted.distributions)
