"""Lays out what a package manager would have unpacked: an application's layers, with a real interpreter."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pkggen.activation.manifest import PROGRAM
from pkggen.activation.place import Place
from pkggen.payload.program import activation_program
from tests.unit.wheelsmith import Smith

REPOSITORY = Path(__file__).resolve().parents[2]
PORTABLE = REPOSITORY.parent / "shared" / "interpreters"
HELLO = "def main():\n    print('hello', __file__)\n\nclass Tool:\n    run = staticmethod(main)\n"
Row = list[object]


@dataclass(frozen=True)
class Base:
    """An interpreter on disk and the rows that describe its files and links; installations link to it."""

    root: Path
    origin: str
    executable: str
    files: tuple[Row, ...]
    links: tuple[Row, ...]

    @property
    def site(self) -> str:
        """Return where packages go within a venv."""
        return f"lib/{Path(self.executable).name}/site-packages"

    @property
    def pip(self) -> str:
        """Return where the interpreter keeps pip's wheel within a release; skip the test where it has none."""
        pattern = f"lib/{Path(self.executable).name}/ensurepip/_bundled/pip-*.whl"
        found = sorted(self.root.glob(pattern))
        if not found:
            pytest.skip("no portable interpreter beside the checkout: the host's own has no pip's wheel")
        return f"python/{found[0].relative_to(self.root)}"


UPGRADE = ("configure", "--reason", "upgrade", "--format", "deb")
"""How a postinst asks for a switch to another version: without a reason what is current stays."""
both_layouts = pytest.mark.parametrize("app", ["expanded", "archived"], indirect=True)
"""For a test that holds whether layers are linked or their wheels installed by pip."""


def describe(root: Path) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """Return the rows of all files and links below a directory, sorted by path."""
    files, links = [], []
    for path in sorted(path for path in root.rglob("*") if path.is_symlink() or path.is_file()):
        name = str(path.relative_to(root))
        if path.is_symlink():
            links.append([name, os.readlink(path)])
        else:
            data = path.read_bytes()
            files.append([name, len(data), hashlib.sha256(data).hexdigest(), path.stat().st_mode & 0o777])
    return tuple(files), tuple(links)


def make_base(root: Path) -> Base:
    """Unpack the portable interpreter, or copy the running one where there is none; compile what is used."""
    root.parent.mkdir()
    archives = sorted(PORTABLE.glob(f"*{os.uname().machine}*.tar.gz"))
    if archives:
        origin = archives[0].name
        with tarfile.open(archives[0]) as archive:
            archive.extractall(root.parent / "unpacked")
        (root.parent / "unpacked" / "python").rename(root)
        executable = next(str(path.relative_to(root)) for path in sorted((root / "bin").glob("python3.[0-9]*")))
    else:
        origin = f"a copy of {sys.base_prefix}"
        name = "python{}.{}".format(*sys.version_info[:2])
        executable = f"bin/{name}"
        drop = shutil.ignore_patterns(
            "test", "tests", "site-packages", "dist-packages", "__pycache__", "idlelib", "config-*"
        )
        shutil.copytree(Path(sys.base_prefix) / "lib" / name, root / "lib" / name, ignore=drop)
        (root / "bin").mkdir()
        shutil.copy2(Path(sys.base_prefix) / "bin" / name, root / "bin" / name)
        for library in (Path(sys.base_prefix) / "lib").glob(f"lib{name}*.so*"):
            shutil.copy2(library, root / "lib" / library.name)
    library = root / "lib" / Path(executable).name
    used = [
        library / name
        for name in ("json", "encodings", "re", "collections", "importlib", "ctypes")
        if (library / name).is_dir()
    ]
    command = [root / executable, "-I", "-m", "compileall", "-qq", "-j2", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([*command, "-l", library, *used], check=False)
    return Base(root, origin, executable, *describe(root))


@dataclass
class Installation:
    """An application under a prefix; ``package`` may be called again, as an upgrade does.

    With ``archived`` its layers hold wheels, which pip installs.
    """

    root: Path
    base: Base
    archived: bool = False
    manifest: dict[str, object] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        """Return a fresh Place, as main() makes it."""
        return Place(self.root)

    def package(
        self, version: str = "1.0", files: Mapping[str, str | bytes] | None = None, *, scripts: Sequence[Row] = (),
        rewrite: Sequence[str] = (), compiled: bool = False, **manifest: object,
    ) -> Installation:  # fmt: skip
        """Unpack a version: the interpreter, a layer ``deps`` and a layer ``app`` with package ``hello``."""
        site = self.base.site
        shutil.rmtree(self.root / "layers", ignore_errors=True)
        shutil.copytree(self.base.root, self.root / "layers/python", symlinks=True, copy_function=os.link)
        if self.archived:
            manifest.setdefault("pip", self.base.pip)
        self.layer("deps", {f"{site}/dep/__init__.py": f"version = {version!r}\n"})
        app = {f"{site}/hello/__init__.py": HELLO, f"{site}/hello/data.txt": version, **(files or {})}
        self.layer("app", app, [["hello", "hello", "main"], *scripts], rewrite, compiled)
        self.write("layers/python.json", {"name": "python", "files": self.base.files, "links": self.base.links})
        self.manifest = {
            "app": "hello", "version": version, "release": "1", "prefix": str(self.root),
            "python": {"layer": "python", "executable": self.base.executable, "version": "3.13.5"},
            "layers": ["python", "deps", "app"], "isolated": True, "commands": ["hello"], "smoke": ["hello", "dep"],
            "keep": 1, "services": [], "user": "", "owned": [], "health": {}, "hooks": {}, **manifest,
        }  # fmt: skip
        self.write("manifest.json", self.manifest)
        (self.root / "lib").mkdir(exist_ok=True)
        (self.root / PROGRAM).unlink(missing_ok=True)
        (self.root / PROGRAM).write_bytes(activation_program())
        return self

    def layer(
        self, name: str, files: Mapping[str, str | bytes], scripts: Sequence[Row] = (), rewrite: Sequence[str] = (),
        compiled: bool = False,
    ) -> None:  # fmt: skip
        """Write a layer's files and its description."""
        more: dict[str, object] = {}
        if self.archived:
            programs = [path for path in files if path.startswith("bin/")]
            more = {"archived": True, "programs": programs, "space": [1 << 20, len(files)]}
            files = self.wheel(name, files, scripts)
        for path, content in files.items():
            target = self.root / "layers" / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        rows, links = describe(self.root / "layers" / name)
        layer = {"name": name, "files": rows, "links": links, "scripts": scripts, "rewrite": rewrite}
        self.write(f"layers/{name}.json", {**layer, "distributions": [], "compile": compiled, **more})

    def wheel(self, name: str, files: Mapping[str, str | bytes], scripts: Sequence[Row]) -> dict[str, bytes]:
        """Return the files of an archived layer: a wheel of ``files`` with its entry points, and its digest."""
        places = {f"{self.base.site}/": "", "bin/": f"{name}-1.data/scripts/", "": f"{name}-1.data/data/"}
        members = {}
        for path, content in files.items():
            start = next(start for start in places if path.startswith(start))
            inner = places[start] + path.removeprefix(start)
            members[inner] = content.encode() if isinstance(content, str) else content
        entries = "[console_scripts]\n" + "".join("{} = {}:{}\n".format(*row) for row in scripts)
        modes = {member: 0o755 for member in members if ".data/scripts/" in member}
        smith = Smith(name, "1", files=members, entry_points=entries, modes=modes)
        digest = hashlib.sha256(smith.bytes()).hexdigest()
        listed = f"{name}==1 --hash=sha256:{digest}\n".encode()
        return {f"wheels/{smith.filename}": smith.bytes(), f"wheels/{name}.txt": listed}

    def write(self, path: str, value: dict[str, object]) -> None:
        """Write one description."""
        layer = {"schema": 1, "scripts": [], "rewrite": [], "distributions": [], "compile": False, **value}
        (self.root / path).unlink(missing_ok=True)  # package managers never write in place: releases link to it
        (self.root / path).write_text(json.dumps(layer, sort_keys=True), "utf-8")

    def command(self, *argv: str) -> list[str]:
        """Return how a maintainer script starts the on-target program."""
        return [f"{self.root}/layers/python/{self.base.executable}", "-I", "-B", f"{self.root}/{PROGRAM}", *argv]

    def run(self, *argv: str, **options: object) -> subprocess.CompletedProcess[str]:
        """Run the on-target program as maintainer scripts do."""
        return subprocess.run(self.command(*argv), text=True, capture_output=True, check=False, timeout=60, **options)  # type: ignore[call-overload, no-any-return]

    def hello(self, name: str = "hello", **options: object) -> str:
        """Run the application's command through ``current``; return what it prints."""
        command = [f"{self.root}/current/venv/bin/{name}"]
        return subprocess.run(command, text=True, capture_output=True, check=True, timeout=60, **options).stdout  # type: ignore[call-overload, no-any-return]

    def leftovers(self) -> list[str]:
        """Return what only a run that did not clean up leaves."""
        found = [path.name for path in self.root.glob(".current*")]
        return found + [path.name for path in (self.root / "releases").glob(".*")]
