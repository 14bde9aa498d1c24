"""A release as data: its id and its members by their path within the release."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from .manifest import MANIFEST, PROGRAM, Layer, Manifest, load
from .members import File, Link, Member
from .plugins import Plugin, check_plugin, read_plugins
from .protocol import DAMAGED, UNFIT_LAYER, Failure, damaged
from .scaffold import rewritten, scaffold, script, shebang


class Plan:
    """What a release consists of, from the descriptions of the package's layers and of plugins."""

    def __init__(self, base: Path, without: str = "") -> None:
        """Read ``manifest.json``, ``layers/*.json`` and ``plugins/*.json`` of the prefix, or a release's copies.

        The plugin ``without`` is left out. Raises Failure.
        """
        self.base = base
        data, self.manifest = load(Manifest, base / MANIFEST)
        self.members: dict[str, Member] = {}
        self.expanded: set[str] = set()  # members that pip made
        self.layers: dict[str, Layer] = {}
        python = self.manifest.python
        # within the release, or absolute where it is the system's own: join() then drops what stands before it
        self.python = os.path.join("" if python.system else "python", python.executable)
        self.layer = python.layer
        self.interpreter = os.path.join(self.home(self.layer), self.layer, python.executable)
        self.descriptions: dict[str, Path] = {}  # by their path within a release's own copies
        read = [data, *self._read_layers()]
        self.owners = dict.fromkeys(self.layers, self.manifest.app)  # packages, by their layers
        self.plugins: list[Plugin] = []
        read += self._read_plugins(without)
        self.id = self._id(read)
        self.smoke = [*self.manifest.smoke, *(name for plugin in self.plugins for name in plugin.extension.smoke)]
        self.user = self.manifest.user or "nobody"
        self.watched = bool(self.manifest.hooks or self.manifest.health)
        self.head = b""  # the first line or lines of scripts

    def _id(self, read: list[bytes]) -> str:
        """Return the id: it covers all that decides what the release is, the program that makes it included."""
        digest = hashlib.sha256(b"".join(read))
        if (self.base / PROGRAM).exists():
            digest.update((self.base / PROGRAM).read_bytes())
        name = f"{self.manifest.version}-{self.manifest.release}-{digest.hexdigest()[:12]}"
        return re.sub(r"[^A-Za-z0-9.+~_-]", "_", name)

    @property
    def abi(self) -> str:
        """Return the minor version of Python that plugins have to be made for."""
        return ".".join(self.manifest.python.version.split(".")[:2])

    def home(self, name: str) -> str:
        """Return the directory that holds a layer and its description: maybe another package's."""
        place = self.manifest.places.get(name)
        copied = self.base.parent.parent.name == "releases"  # a release keeps a copy of all descriptions
        return place if place and not copied else f"{self.base}/layers"

    def _read_layers(self) -> list[bytes]:
        """Add the layers in their order; return the bytes of their descriptions."""
        found = []
        for name in self.manifest.layers:
            path = self.descriptions[f"layers/{name}.json"] = Path(f"{self.home(name)}/{name}.json")
            data, layer = load(Layer, path)
            if self.manifest.exact.get(name) not in {None, hashlib.sha256(data).hexdigest()}:
                raise Failure(f"{path} is not the one that this version of the package was made for", DAMAGED)
            found.append(data)
            self._add_layer(layer, path)
        return found

    def _read_plugins(self, without: str) -> list[bytes]:
        """Add the layers that other packages bring to this application; return the bytes of their descriptions."""
        found = []
        for path, data, plugin in read_plugins(self.base):
            if plugin.layer.name != without:
                found.append(data)
                self.descriptions[f"plugins/{path.name}"] = path
                self.add_plugin(plugin, path)
        return found

    def add_plugin(self, plugin: Plugin, path: Path) -> None:
        """Add one plugin's layer, described in ``path``; raise Failure that names both packages if it does not fit."""
        layer = plugin.layer
        if layer.name in self.layers or "/" in layer.name:
            raise damaged(f"{path}: a plugin named {layer.name!r}")
        check_plugin(plugin, self.manifest.app, self.abi, self.layers, self.owners)
        self._check_paths(layer)
        mine = {"venv/" + row.path for row in layer.files}
        shared = {path: member for path, member in self.members.items() if path in mine}
        self.owners[layer.name] = layer.name
        self.plugins.append(plugin)
        self._add_layer(layer, path)
        self.members.update(shared)

    def _check_paths(self, plugin: Layer) -> None:
        rows = [(row.path, row.sha256) for row in plugin.files if not row.path.endswith(".pyc")]
        for path, digest in rows + [(row.path, "") for row in plugin.links]:
            member = self.members.get("venv/" + path)
            if member is not None and not (isinstance(member, File) and member.digest == digest):
                layers = [layer for layer in self.layers.values() if path in {row.path for row in layer.files}]
                other = self.owners[layers[0].name] if layers else self.manifest.app
                raise Failure(f"{plugin.name} and {other} both bring {path}, with different contents", UNFIT_LAYER)

    def _add_layer(self, layer: Layer, described: Path) -> None:
        top = "python/" if layer.name == self.layer else "" if layer.archived else "venv/"
        source = f"{self.home(layer.name)}/{layer.name}/"
        for path, size, digest, _mode in layer.files:
            self.members[top + path] = File(source + path, size, digest)
        for path, target in layer.links:
            self.members[top + path] = Link(target)
        for path in [row.path for row in layer.files] + [row.path for row in layer.links]:
            if path[:1] == "/" or (".." in path and ".." in path.split("/")):
                raise damaged(f"{described}: path {path!r}")
        self.layers[layer.name] = layer

    def finish(self) -> Plan:
        """Add what depends on the release's final path; raise Failure."""
        self._add_venv()
        programs = {"venv/" + path for layer in self.archived for path in layer.programs} | set(self.members)
        missing = [name for name in self.manifest.commands if "venv/bin/" + name not in programs]
        if missing:
            raise damaged(f"no layer brings the command {', '.join(missing)}")
        return self

    def _add_venv(self) -> None:
        final = f"{self.manifest.prefix}/releases/{self.id}"
        self.head = head = shebang(final + "/venv/bin/python", "-I" if self.manifest.isolated else "")
        for layer in self.layers.values():
            for path in () if layer.archived else layer.rewrite:
                if "venv/" + path not in self.members:
                    raise damaged(f"{layer.name}.json: no file is the script {path}")
                self.members["venv/" + path] = rewritten(self.members["venv/" + path], head)
            for name, module, attr in layer.scripts:
                self.members["venv/bin/" + name] = script(name, module, attr, head)
        python = self.manifest.python
        shared = self.layers[self.layer].python if self.layer in self.layers else ""
        self.members.update(scaffold(final, self.python, python.replaced(version=shared) if shared else python))
        for path, source in {MANIFEST: self.base / MANIFEST, **self.descriptions}.items():
            data = source.read_bytes()
            self.members["manifest/" + path] = File(str(source), len(data), hashlib.sha256(data).hexdigest())

    @property
    def archived(self) -> list[Layer]:
        """Return the layers whose wheels pip has to install."""
        return [layer for layer in self.layers.values() if layer.archived]

    def directories(self) -> list[str]:
        """Return every directory of the release, parents first."""
        found = {""}
        for directory in {path.rpartition("/")[0] for path in self.members}:
            while directory not in found:
                found.add(directory)
                directory = directory.rpartition("/")[0]  # noqa: PLW2901
        return sorted(found)

    def sources(self) -> list[str]:
        """Return the modules of layers that came without byte code; tests are never worth it."""
        found = []
        for layer in [layer for layer in self.layers.values() if layer.compile]:
            top = "python/" if layer.name == self.layer else "venv/"
            names = [row.path for row in layer.files]
            found += [top + name for name in names if name.endswith(".py") and "tests" not in name.split("/")]
        return found
