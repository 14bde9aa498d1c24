"""Makes, switches and removes the releases of one application under its prefix, such as /opt/<app>.

Shipped verbatim as ``<prefix>/lib/activate.py`` and run as root by the package's maintainer
scripts and by administrators. One file, standard library only, syntax of Python 3.8.

argv
    ``<prefix>/layers/python/bin/python3.X -I -B <prefix>/lib/activate.py VERB [--json]``, or with the
    system's ``/usr/bin/python3.X`` where the package has no interpreter of its own

    configure      make the package's release from its layers and switch ``current`` to it. With
                   ``--reason install|upgrade|refresh --format deb|rpm``, and where the manifest asks
                   for hooks or health checks, ``rollout.py before`` runs just before the switch; the
                   caller ends it with ``rollout.py settle``. With ``refresh`` (a layer changed), and
                   without a reason (an upgrade was called off), nothing is done while a release of another
                   version is current and has its Python: a hook, a health check or an administrator
                   decided against the package's, and install and upgrade alone ask again; nor
                   with ``refresh`` where none is current and the manifest has a hook that must be asked first
    rollback [ID]  switch back to the release that was current before, or to release ID
    status         list the releases
    verify         compare the current release, byte by byte, with what was installed; with
                   ``--package``, it has to be the package's own, not one that was gone back to
    deactivate     remove ``current``; the releases stay
    remove         remove ``current`` and ``releases/``; may be run twice
    purge          the same as remove
    admit          tell whether a package that is about to be unpacked fits what is installed; stdin has
                   its description: that of a plugin, or ``name``, ``abi``, ``distributions`` of the application

environment
    None is read, the working directory neither; the prefix is that of this file. Children get a
    fixed environment. The umask is set to 022. Root imports nothing of the application: the smoke
    import runs as the manifest's ``user``, else as nobody, with a HOME that is removed afterwards
    (as root only where that user may not run programs below the prefix).

input
    ``manifest.json`` and ``layers/<name>.json`` (schema 1). A layer with ``"compile": true``
    came without byte code, which is then made here; one with ``"archived": true`` holds wheels and a
    list of their digests, which pip, from the wheel that the manifest's ``pip`` names, installs in a venv
    of its own before what it wrote becomes part of the release. ``user`` is who imports the smoke
    modules; ``hooks`` and ``health`` are for rollout.py. The manifest's ``python`` names a layer and the
    program in it or, with ``"system": true``, the absolute path of the system's own. Its optional
    ``places`` says for a layer that another package owns which directory holds it, ``exact`` which bytes
    its description must have. ``plugins/<name>.json`` are layers that other packages bring, with ``extends``,
    ``abi`` ("3.13") and ``smoke``. The manifest's optional ``owned`` lists further paths of the package
    under the prefix, so that ``remove`` does not take them for someone's own.

output
    Lines for people on stdout, errors on stderr, each starting ``<app>: ``. With ``--json`` all
    lines go to stderr and stdout gets one object: ``ok``, ``verb``, and ``error`` and ``code``, or
    configure, rollback  ``release``, ``previous``, ``changed``; configure also ``files``, ``copied``, ``seconds``
    status               ``current``, ``package``, ``releases``: [``id``, ``version``, ``complete``, ``current``,
                         ``activated`` (UTC, ISO 8601)]
    verify               ``release``, ``differences``: [text]
    remove, purge, deactivate   ``left``: [path]

exit status
    0 done; 1 failed; 2 usage; 3 the package's or the release's files are damaged; 4 no space,
    read-only, noexec or unsafe ownership; 5 another run holds the lock; 6 the release does not
    start; 7 a hook failed before the switch; 8 verify --package: another release is current; 9 two
    packages do not fit together. Whatever
    the status but 0, ``current`` is as it was before and nothing half-made is left.

How a release comes to be: ``releases/.new-*`` is filled with hard links (copies where links can't
be had), renamed to ``releases/<id>``, tried, synced to disk, marked complete by ``release.json``,
and only then does one rename(2) switch ``current``. What a killed run leaves, the next one clears.
The order of activation is the mtime of ``release.json``: a full disk can't stop a rollback.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import errno
import fcntl
import hashlib
import io
import json
import os
import pwd
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple, NoReturn, Union

FAILED, DAMAGED, UNFIT, LOCKED, BROKEN, HOOK, OTHER, UNFIT_LAYER = 1, 3, 4, 5, 6, 7, 8, 9
LOCK_DIRECTORIES = ["/run", "/run/lock"]  # /run first: anyone may write to /run/lock
LOCK_WAIT = 120.0  # seconds
SMOKE_LIMIT, COMPILE_LIMIT = 120.0, 1800.0  # seconds
MARGIN = 16 << 20  # bytes that must stay free
SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
FICLONE = 0x40049409  # ioctl_ficlone(2): copies that share blocks, also where link(2) says EXDEV
LINKLESS = {errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
IMPORT = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
# pip runs from its wheel, as ensurepip does it
PIP = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module('pip', None, '__main__', True)"
PIP_OPTIONS = [
    "install", "--quiet", "--isolated", "--no-input", "--disable-pip-version-check", "--no-cache-dir", "--no-index",
    "--no-deps", "--require-hashes", "--only-binary", ":all:", "--no-compile", "--no-warn-script-location",
]  # fmt: skip
LOADER = "import sys\nfrom {module} import {name}\nif __name__ == '__main__':\n    sys.exit({attr}())\n"


class Failure(Exception):  # noqa: N818 - to its reader it is a sentence, not a programming error
    """What stops the program, in words for an administrator, and the exit status."""

    def __init__(self, text: str, code: int = FAILED) -> None:
        """Take the sentence and the status."""
        super().__init__(text)
        self.code = code


def damaged(what: object) -> Failure:
    """Return the failure of a package whose files are not as they were shipped."""
    return Failure(f"{what}: the package's files are damaged, reinstall the package", DAMAGED)


class File(NamedTuple):
    """A member that is linked from a layer."""

    source: str
    size: int
    digest: str


class Link(NamedTuple):
    """A symbolic link."""

    target: str


class Text(NamedTuple):
    """A member that is written here, because it holds the release's path."""

    data: bytes
    mode: int


Member = Union[File, Link, Text]


class Place:
    """Where things are: the prefix as it is on disk, never as the caller spelled it."""

    def __init__(self, root: Path) -> None:
        """Take the prefix; ``app`` names messages and locks until a manifest is read."""
        self.root = root
        self.releases = root / "releases"
        self.current = root / "current"
        self.app = root.name
        self.out = sys.stdout

    def say(self, text: str, error: bool = False) -> None:
        """Tell the administrator, and the system's log when there is one."""
        with contextlib.suppress(OSError):  # a closed pipe must not stop an activation
            print(f"{self.app}: {text}", file=sys.stderr if error else self.out, flush=True)
        if os.path.exists("/dev/log"):
            with contextlib.suppress(ImportError, OSError):
                import syslog  # noqa: PLC0415

                syslog.openlog(self.app, syslog.LOG_PID, syslog.LOG_DAEMON)
                syslog.syslog(syslog.LOG_ERR if error else syslog.LOG_INFO, text)

    def active(self) -> str | None:
        """Return the id that ``current`` names, None when there is none."""
        try:
            parent, name = os.path.split(os.readlink(self.current))
        except OSError:
            return None
        return name if parent == "releases" and name[0] != "." and (self.releases / name).is_dir() else None

    def complete(self) -> list[str]:
        """Return the ids of all complete releases, the one activated last first."""
        if self.releases.is_symlink() or not self.releases.is_dir():
            return []
        stamps = []
        for name in os.listdir(self.releases):
            with contextlib.suppress(OSError):
                if name[0] != "." and not os.path.islink(self.releases / name):
                    stamps.append((os.lstat(self.releases / name / "release.json").st_mtime_ns, name))
        return [name for _, name in sorted(stamps, reverse=True)]


# ---- what a release consists of


def read_json(path: Path) -> tuple[bytes, dict[str, Any]]:
    """Return a description's bytes and value; raise Failure that names the file."""
    try:
        data = path.read_bytes()
        value = json.loads(data.decode())
        if value["schema"] != 1:
            raise ValueError(f"schema {value['schema']}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"not as expected ({error})"
        raise damaged(f"{path}: {reason}") from None
    return data, dict(value)


class Plan:
    """A release as data: its id and its members by their path within the release."""

    def __init__(self, base: Path, without: str = "") -> None:
        """Read ``manifest.json``, ``layers/*.json`` and ``plugins/*.json`` of the prefix, or a release's copies.

        The plugin ``without`` is left out.
        """
        self.base = base
        data, self.manifest = read_json(base / "manifest.json")
        self.members: dict[str, Member] = {}
        self.expanded: set[str] = set()  # members that pip made
        self.layers: dict[str, dict[str, Any]] = {}
        digest = hashlib.sha256(data)
        try:
            python = self.manifest["python"]
            # within the release, or absolute where it is the system's own: join() then drops what stands before it
            self.python = os.path.join("" if python.get("system") else "python", python["executable"])
            self.layer = python.get("layer")
            self.interpreter = os.path.join(self.home(self.layer), self.layer or "", python["executable"])
            self.descriptions: dict[str, Path] = {}  # by their path within a release's own copies
            for name in self.manifest["layers"]:
                path = self.descriptions[f"layers/{name}.json"] = Path(f"{self.home(name)}/{name}.json")
                data, layer = read_json(path)
                if self.manifest.get("exact", {}).get(name) not in {None, hashlib.sha256(data).hexdigest()}:
                    raise Failure(f"{path} is not the one that this version of the package was made for", DAMAGED)
                digest.update(data)
                self._add_layer(layer)
            plugins = self._add_plugins(without, digest)
            with contextlib.suppress(FileNotFoundError):
                digest.update((base / "lib/activate.py").read_bytes())
            name = "{version}-{release}-{0}".format(digest.hexdigest()[:12], **self.manifest)
            self.id = re.sub(r"[^A-Za-z0-9.+~_-]", "_", name)
            self.app, self.keep = str(self.manifest["app"]), int(self.manifest["keep"])
            self.smoke, self.commands = list(self.manifest["smoke"]), list(self.manifest["commands"])
            self.smoke += [module for plugin in plugins for module in plugin["smoke"]]
            self.user = str(self.manifest.get("user") or "nobody")
            self.watched = bool(self.manifest.get("hooks") or self.manifest.get("health"))
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(f"{base / 'manifest.json'} or layers/*.json: {error!r}") from None

    def home(self, name: str | None) -> str:
        """Return the directory that holds a layer and its description: maybe another package's."""
        place = self.manifest.get("places", {}).get(name)
        copied = self.base.parent.parent.name == "releases"  # a release keeps a copy of all descriptions
        return str(place) if place and not copied else f"{self.base}/layers"

    def _add_plugins(self, without: str, digest: Any) -> list[dict[str, Any]]:
        """Add the layers that other packages bring to this application; raise Failure where two do not fit."""
        self.abi = ".".join(self.manifest["python"]["version"].split(".")[:2])
        self.owners = {name: str(self.manifest["app"]) for name in self.layers}  # packages, by their layers
        self.plugins: list[dict[str, Any]] = []
        for path in sorted((self.base / "plugins").glob("*.json")):
            data, plugin = read_json(path)
            if plugin["name"] != without:
                digest.update(data)
                self.descriptions[f"plugins/{path.name}"] = path
                self.add_plugin(plugin)
        return self.plugins

    def add_plugin(self, plugin: dict[str, Any]) -> None:
        """Add one plugin's layer; raise Failure, which names both packages, where it does not fit."""
        name, app = str(plugin["name"]), str(self.manifest["app"])
        if name in self.layers or "/" in name:
            raise ValueError(f"a plugin named {name!r}")
        if (plugin["extends"], plugin["abi"]) != (app, self.abi):
            made = "{extends} with Python {abi}".format(**plugin)
            raise Failure(f"{name} was made for {made}, this is {app} with Python {self.abi}", UNFIT_LAYER)
        for layer in self.layers.values():
            differ(name, plugin["distributions"], self.owners[layer["name"]], layer["distributions"])
            taken = {row[0]: tuple(row[1:]) for row in layer["scripts"]}
            for row in plugin["scripts"]:
                if taken.get(row[0], tuple(row[1:])) != tuple(row[1:]):
                    both = f"{name} and {self.owners[layer['name']]}"
                    raise Failure(f"{both} bring different commands {row[0]}", UNFIT_LAYER)
        self._check_paths(name, plugin)
        mine = {"venv/" + row[0] for row in plugin["files"]}
        shared = {path: member for path, member in self.members.items() if path in mine}
        self.owners[name] = name
        self.plugins.append(plugin)
        self._add_layer(plugin)
        self.members.update(shared)

    def _check_paths(self, name: str, plugin: dict[str, Any]) -> None:
        rows = [(row[0], row[2]) for row in plugin["files"] if not row[0].endswith(".pyc")]
        for path, digest in rows + [(row[0], "") for row in plugin["links"]]:
            member = self.members.get("venv/" + path)
            if member is not None and not (isinstance(member, File) and member.digest == digest):
                layers = [layer for layer in self.layers.values() if path in {row[0] for row in layer["files"]}]
                other = self.owners[layers[0]["name"]] if layers else self.manifest["app"]
                raise Failure(f"{name} and {other} both bring {path}, with different contents", UNFIT_LAYER)

    def _add_layer(self, layer: dict[str, Any]) -> None:
        name = layer["name"]
        top = "python/" if name == self.layer else "" if layer.get("archived") else "venv/"
        source = f"{self.home(name)}/{name}/"
        for path, size, digest, _mode in layer["files"]:
            self.members[top + path] = File(source + path, size, digest)
        for path, target in layer["links"]:
            self.members[top + path] = Link(target)
        for path in [row[0] for row in layer["files"]] + [row[0] for row in layer["links"]]:
            if path[:1] == "/" or (".." in path and ".." in path.split("/")):
                raise ValueError(f"path {path!r}")
        self.layers[name] = layer

    def finish(self) -> Plan:
        """Add what depends on the release's final path; raise Failure."""
        try:
            self._add_venv()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise damaged(f"{self.base / 'manifest.json'} or layers/*.json: {error!r}") from None
        programs = {"venv/" + path for layer in self.archived for path in layer["programs"]} | set(self.members)
        missing = [name for name in self.commands if "venv/bin/" + name not in programs]
        if missing:
            raise damaged(f"no layer brings the command {', '.join(missing)}")
        return self

    def _add_venv(self) -> None:
        final = f"{self.manifest['prefix']}/releases/{self.id}"
        self.head = head = shebang(final + "/venv/bin/python", "-I" if self.manifest["isolated"] else "")
        for layer in self.layers.values():
            for path in [] if layer.get("archived") else layer["rewrite"]:
                self.members["venv/" + path] = rewritten(self.members["venv/" + path], head)
            for name, module, attr in layer["scripts"]:
                self.members["venv/bin/" + name] = script(name, module, attr, head)
        python = self.manifest["python"]
        shared = self.layers.get(self.layer or "", {}).get("python")
        self.members.update(scaffold(final, self.python, {**python, "version": shared} if shared else python))
        for path, source in {"manifest.json": self.base / "manifest.json", **self.descriptions}.items():
            data = source.read_bytes()
            self.members["manifest/" + path] = File(str(source), len(data), hashlib.sha256(data).hexdigest())

    @property
    def archived(self) -> list[dict[str, Any]]:
        """Return the layers whose wheels pip has to install."""
        return [layer for layer in self.layers.values() if layer.get("archived")]

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
        for layer in [layer for layer in self.layers.values() if layer.get("compile")]:
            top = "python/" if layer["name"] == self.layer else "venv/"
            names = [row[0] for row in layer["files"]]
            found += [top + name for name in names if name.endswith(".py") and "tests" not in name.split("/")]
        return found


def scaffold(home: str, python: str, about: dict[str, Any]) -> dict[str, Member]:
    """Return what makes ``home/venv`` a venv (PEP 405) of the interpreter ``home/python``: settings and links.

    ``python`` may be absolute; ``about`` is what the manifest says of it.
    """
    config = f"home = {os.path.join(home, os.path.dirname(python))}\n"
    config += f"include-system-site-packages = {'true' if about.get('site-packages') else 'false'}\n"
    config += f"version = {about['version']}\n"
    members: dict[str, Member] = {"venv/pyvenv.cfg": Text(config.encode(), 0o644)}
    members["venv/bin/python"] = Link(os.path.join("../../", python))
    for name in {"python3", os.path.basename(python)} - {"python"}:
        members["venv/bin/" + name] = Link("python")
    return members


def shebang(python: str, option: str) -> bytes:
    """Return a script's first line or lines; kernels before 5.1 read 127 bytes and none allows spaces."""
    line = f"#!{python} {option}".rstrip() + "\n"
    if len(line.encode()) <= 127 and " " not in python:
        return line.encode()
    # sh runs the second line; for Python lines two and three are one string: as pip writes it
    words = f"{shlex.quote(python)} {option}".rstrip()
    return f"#!/bin/sh\n'''exec' {words} \"$0\" \"$@\"\n' '''\n".encode()


def script(name: str, module: str, attr: str, head: bytes) -> Text:
    """Return a console script, as pip writes it (entry points specification, "Use for scripts")."""
    parts = [*module.split("."), *attr.split(".")]
    if "/" in name or name in {"", ".", ".."} or not all(part.isidentifier() for part in parts):
        raise damaged(f"console script {name!r} = {module!r}:{attr!r}")
    return Text(head + LOADER.format(module=module, name=attr.partition(".")[0], attr=attr).encode(), 0o755)


def rewritten(member: Member, head: bytes) -> Text:
    """Return a data script whose ``#!python`` line is ours (binary distribution format, "Scripts")."""
    if not isinstance(member, File):
        raise damaged("a script to rewrite is no file")
    check_source(member)
    data = Path(member.source).read_bytes()
    if hashlib.sha256(data).hexdigest() != member.digest:
        raise damaged(member.source)
    first, _, rest = data.partition(b"\n")
    return Text(head + rest if first.startswith(b"#!python") else data, 0o755)


# ---- making a release


def check_source(file: File) -> os.stat_result:
    """Return a layer file's status; raise Failure when it is missing or of another size."""
    try:
        info = os.lstat(file.source)
    except FileNotFoundError:
        raise damaged(f"{file.source} is missing") from None
    if not stat.S_ISREG(info.st_mode) or info.st_size != file.size:
        raise damaged(f"{file.source} is not the file that was shipped ({file.size} bytes)")
    return info


def digest_of(path: str) -> str:
    """Return a file's sha256, in hex."""
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


class Builder:
    """Fills a directory with members; what is right already stays, what is wrong is replaced by rename(2)."""

    def __init__(self, plan: Plan, target: Path) -> None:
        """Take the plan and the directory to fill."""
        self.plan, self.target = plan, str(target)
        self.scratch = str(target.parent / f".new-file-{os.getpid()}")
        self.copying: set[int] = set()  # devices that can't be linked from
        self.linked = self.copied = self.written = 0

    def fill(self) -> Builder:
        """Place every member; raise Failure or OSError."""
        for name in self.plan.directories():
            path = f"{self.target}/{name}" if name else self.target
            try:
                os.mkdir(path, 0o755)
            except FileExistsError:
                if not stat.S_ISDIR(os.lstat(path).st_mode):
                    raise Failure(f"{path} is not a directory; remove it and try again") from None
        for name, member in self.plan.members.items():
            path = f"{self.target}/{name}"
            if isinstance(member, File):
                self._place(member, path)
            elif not self._is_right(member, path):
                self._put(lambda m=member: self._write(m), path)  # type: ignore[misc]
                self.written += 1
        return self

    def _place(self, file: File, path: str) -> None:
        info = check_source(file)
        if info.st_dev not in self.copying:
            try:
                os.link(file.source, path)
                self.linked += 1
                return
            except FileExistsError:
                if os.path.samestat(info, os.lstat(path)):
                    return  # not a byte was moved since it was linked
                if self._relink(file, path, info):
                    return
            except OSError as error:
                self._give_up_links(error, info)
        if not same_file(path, file):
            self._put(lambda: self._copy(file, info), path)
            self.copied += 1

    def _relink(self, file: File, path: str, info: os.stat_result) -> bool:
        """Replace by a link: after a reinstallation this heals the release and gives the space back."""
        try:
            self._put(lambda: os.link(file.source, self.scratch), path)
        except OSError as error:
            self._give_up_links(error, info)
            return False
        self.linked += 1
        return True

    def _give_up_links(self, error: OSError, info: os.stat_result) -> None:
        if error.errno not in LINKLESS:
            raise error
        if error.errno != errno.EMLINK and info.st_dev not in self.copying:  # that one is about a single file
            self.copying.add(info.st_dev)
            files = [member for member in self.plan.members.values() if isinstance(member, File)]
            check_space(self.target, sum(file.size for file in files), len(files))

    def _put(self, make: Callable[[], None], path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.scratch)
        make()
        os.rename(self.scratch, path)

    def _copy(self, file: File, info: os.stat_result) -> None:
        digest = hashlib.sha256()
        with open(file.source, "rb") as source, open(self.scratch, "xb") as copy:
            try:
                fcntl.ioctl(copy.fileno(), FICLONE, source.fileno())
                cloned = True
            except OSError:
                cloned = False
            for block in iter(lambda: source.read(1 << 20), b""):
                digest.update(block)
                if not cloned:
                    copy.write(block)
            os.fchmod(copy.fileno(), stat.S_IMODE(info.st_mode))
        if digest.hexdigest() != file.digest:
            raise damaged(file.source)
        os.utime(self.scratch, ns=(info.st_atime_ns, info.st_mtime_ns))

    def _write(self, member: Link | Text) -> None:
        if isinstance(member, Link):
            os.symlink(member.target, self.scratch)
        else:
            write(self.scratch, member.data, member.mode)

    @staticmethod
    def _is_right(member: Member, path: str) -> bool:
        try:
            info = os.lstat(path)
            if isinstance(member, Link):
                return stat.S_ISLNK(info.st_mode) and os.readlink(path) == member.target
            right = stat.S_ISREG(info.st_mode) and isinstance(member, Text)
            return right and (Path(path).read_bytes(), stat.S_IMODE(info.st_mode)) == member
        except FileNotFoundError:
            return False


def same_file(path: str, file: File) -> bool:
    """Return whether a regular file holds what ``file`` says, byte by byte."""
    try:
        info = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return stat.S_ISREG(info.st_mode) and info.st_size == file.size and digest_of(path) == file.digest


def write(path: str, data: bytes, mode: int) -> None:
    """Write a new file; never through a link that waits there."""
    with open(path, "xb") as stream:  # x is O_EXCL
        stream.write(data)
        os.fchmod(stream.fileno(), mode)


def sync(directory: Path, filesystem: bool = False) -> None:
    """Bring a directory, or its whole file system (other ones may be slow, or hang), to the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if not filesystem:
            os.fsync(descriptor)
            return
        try:
            import ctypes  # noqa: PLC0415 - an interpreter may lack it

            if ctypes.CDLL(None).syncfs(descriptor) == 0:
                return
        except (ImportError, OSError, AttributeError):
            pass
        os.sync()
    finally:
        os.close(descriptor)


def check_space(directory: str | Path, size: int, inodes: int) -> None:
    """Raise Failure unless ``size`` bytes and ``inodes`` can be written below ``directory``."""
    info = os.statvfs(directory)
    free = info.f_bavail * info.f_frsize
    if free < size + MARGIN:
        raise Failure(f"{directory}: {(size + MARGIN) >> 20} MB are needed, {free >> 20} MB are free", UNFIT)
    if info.f_files and info.f_favail < inodes:  # file systems without a fixed number say 0
        raise Failure(f"{directory}: {inodes} inodes are needed, {info.f_favail} are free", UNFIT)


def check_place(place: Place, plan: Plan) -> None:
    """Raise Failure when the prefix is not where, whose or what it must be."""
    prefix = plan.manifest["prefix"]
    if not os.path.isabs(prefix) or not os.path.isdir(prefix) or not os.path.samefile(prefix, place.root):
        raise Failure(f"{place.root} was made for {prefix} and can't be moved; reinstall the package", DAMAGED)
    for path in [place.root, place.releases, *sorted({Path(plan.home(name)) for name in plan.layers})]:
        info = os.lstat(path)
        if not stat.S_ISDIR(info.st_mode):
            raise Failure(f"{path} is not a directory of its own; remove it and try again", UNFIT)
        if info.st_mode & 0o022 or (os.geteuid() == 0 and info.st_uid != 0):
            raise Failure(f"{path} may be changed by others: chown root {path}; chmod go-w {path}", UNFIT)
    flags = os.statvfs(place.releases).f_flag
    for flag, text in [(os.ST_RDONLY, "read-only"), (os.ST_NOEXEC, "mounted noexec")]:
        if flags & flag:
            raise Failure(f"{place.releases} is {text}", UNFIT)
    texts = sum(len(member.data) for member in plan.members.values() if isinstance(member, Text))
    code = sum(member.size for member in map(plan.members.get, plan.sources()) if isinstance(member, File))
    wheels = [layer["space"] for layer in plan.archived]  # [bytes, files]
    folders = len(plan.directories())
    size = folders * 4096 + texts + code + sum(row[0] for row in wheels)
    check_space(place.releases, size, folders + len(plan.layers) + sum(row[1] for row in wheels))


def run(
    argv: list[str], limit: float, stdin: str = "", environment: dict[str, str] = ENVIRONMENT, *,
    become: Callable[[], None] | None = None, cwd: str = "/", meanwhile: Callable[[], None] = lambda: None,
) -> tuple[int | None, str]:  # fmt: skip
    """Run a program to its end, in a fixed environment; return its status and last words.

    ``become`` runs in the new process, to make it another user's; ``meanwhile`` here, while that
    one runs. None, no status a program could end with: it could not be started.
    """
    try:
        process = subprocess.Popen(
            argv, cwd=cwd, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True, universal_newlines=True, encoding="utf-8", errors="replace", preexec_fn=become,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        return None, str(error)
    try:
        meanwhile()
        output, _ = process.communicate(stdin, timeout=limit)
    except subprocess.TimeoutExpired:
        return 124, f"no end after {limit:.0f} s"
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return process.returncode, "\n".join(output.strip().splitlines()[-8:])


def check_interpreter(plan: Plan) -> None:
    """Raise Failure when the interpreter that the release gets does not run here; that we run on it is proof."""
    with contextlib.suppress(OSError):
        if os.path.samefile(plan.interpreter, sys.executable or os.devnull):
            return
    status, words = run([plan.interpreter, "-I", "-B", "-c", ""], SMOKE_LIMIT)
    if status != 0:
        raise Failure(f"the interpreter does not run on this machine ({ending(status)}): {words}", BROKEN)


def ending(status: int | None) -> str:
    """Return in words what ``run`` gave as the status."""
    return "could not be started" if status is None else f"status {status}"


@contextlib.contextmanager
def scratch_home(releases: str, user: tuple[int, int]) -> Iterator[str]:
    """Yield a directory that is the user's and goes afterwards; one that is not there where none can be made."""
    home = f"{releases}/.new-home-{os.getpid()}"  # a killed run's goes with the next sweep
    try:
        os.mkdir(home, 0o700)
        os.chown(home, *user)
    except OSError:
        yield ENVIRONMENT["HOME"]
        return
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def ids_of(user: str) -> tuple[int, int]:
    """Return a user's number and group, nobody's for one that is not there; our own unless we are root."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    with contextlib.suppress(KeyError):
        entry = pwd.getpwnam(user)
        return entry.pw_uid, entry.pw_gid
    return 65534, 65534


def becoming(user: str, ids: tuple[int, int]) -> Callable[[], None] | None:
    """Return what makes a new process the user's, None when it is already."""
    if ids == (os.geteuid(), os.getegid()):
        return None

    def become() -> None:
        try:
            os.initgroups(user, ids[1])
        except OSError:
            os.setgroups([])
        os.setgid(ids[1])
        os.setuid(ids[0])

    return become


def expand(place: Place, plan: Plan) -> Path:
    """Let pip install the wheels of archived layers in a venv of its own; what it writes becomes members.

    Return that venv's directory, which can go once the release is filled. Raises Failure.
    """
    scratch = place.releases / f".new-wheels-{os.getpid()}"
    for name, member in scaffold(str(scratch), plan.interpreter, plan.manifest["python"]).items():
        os.makedirs(os.path.dirname(scratch / name), exist_ok=True)
        if isinstance(member, Link):
            os.symlink(member.target, scratch / name)
        elif isinstance(member, Text):
            write(str(scratch / name), member.data, member.mode)
    os.mkdir(scratch / "work")
    install_wheels(plan, scratch)
    for path in [path for layer in plan.archived for path in layer["rewrite"]]:
        rest = (scratch / "venv" / path).read_bytes().partition(b"\n")[2]
        plan.members["venv/" + path] = Text(plan.head + rest, 0o755)
    for record in (scratch / "venv").glob("lib/python*/site-packages/*.dist-info/RECORD"):
        forget_scripts(record, plan)
    sources = [name for name in below(scratch / "venv") if name.endswith(".py") and "tests" not in name.split("/")]
    # by relative names: byte code then does not tell where it was made
    words = ["-I", "-m", "compileall", "-qq", "-j1", "--invalidation-mode", "unchecked-hash", "-i", "-"]
    names = "".join(name + "\n" for name in sources)
    run([plan.interpreter, *words], COMPILE_LIMIT, names, become=mortal(), cwd=str(scratch / "venv"))
    for name in below(scratch / "venv"):
        path = f"{scratch}/venv/{name}"
        if "venv/" + name not in plan.members:
            plan.members["venv/" + name] = File(path, os.lstat(path).st_size, digest_of(path))
            plan.expanded.add("venv/" + name)
    return scratch


def mortal() -> Callable[[], None] | None:
    """Return what makes a new process end with us (prctl(2)): an orphan would write where the next run clears up."""
    try:
        import ctypes  # noqa: PLC0415 - an interpreter may lack it

        prctl = ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError):
        return None

    parent = os.getpid()

    def become() -> None:
        prctl(1, int(signal.SIGKILL))  # PR_SET_PDEATHSIG
        if os.getppid() != parent:  # it died before: no signal will come
            os._exit(1)

    return become


def install_wheels(plan: Plan, scratch: Path) -> None:
    """Run pip on the archived wheels, offline, by digest; no setting but what stands here reaches it."""
    files = [member for path, member in plan.members.items() if path.startswith("wheels/") and isinstance(member, File)]
    for file in files:
        check_source(file)
        if digest_of(file.source) != file.digest:
            raise damaged(file.source)
    pip = plan.members.get(str(plan.manifest.get("pip")))
    if not isinstance(pip, File):
        raise damaged(f"{plan.base / 'manifest.json'}: no file is the pip {plan.manifest.get('pip')}")
    argv = [f"{scratch}/venv/bin/python", "-I", "-B", "-c", PIP, pip.source, *PIP_OPTIONS]
    for folder in sorted({os.path.dirname(file.source) for file in files}):
        argv += ["--find-links", folder]
    for file in files:
        argv += ["-r", file.source] if file.source.endswith(".txt") else []
    # /dev/null says that no configuration file counts, not even the machine's, which --isolated would read
    environment = {**ENVIRONMENT, "PIP_CONFIG_FILE": os.devnull, "TMPDIR": f"{scratch}/work"}
    status, words = run(argv, COMPILE_LIMIT, environment=environment, become=mortal())
    if status != 0:
        full = any(os.strerror(number) in words for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS))
        raise Failure(f"pip could not install the wheels ({ending(status)}):\n{words}", UNFIT if full else FAILED)


def forget_scripts(record: Path, plan: Plan) -> None:
    """Take the digests of scripts that got our first line out of a RECORD (its specification lets them be empty)."""
    rows = list(csv.reader(record.read_text("utf-8").splitlines()))
    ours = {f"../../../{path[5:]}" for path in plan.members if path.startswith("venv/bin/")}
    fresh = [[row[0], "", ""] if row and row[0] in ours else row for row in rows]
    if fresh != rows:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(fresh)
        record.write_bytes(text.getvalue().encode())


def below(top: Path) -> Iterator[str]:
    """Yield the regular files below a directory by their relative names."""
    for folder, _folders, files in os.walk(top):
        for name in sorted(files):
            if not os.path.islink(os.path.join(folder, name)):
                yield os.path.relpath(os.path.join(folder, name), top)


def remembered(plan: Plan, release: Path) -> bool:
    """Tell whether all that pip wrote is there still, as it was: its files are members then, without a second run."""
    try:
        rows = read_json(release / "release.json")[1]["written"]
        files = {path: File(f"{release}/{path}", size, digest) for path, size, digest in rows}
    except (Failure, KeyError, TypeError, ValueError):
        return False
    files = {path: file for path, file in files.items() if path not in plan.members}
    if not files or not all(same_file(file.source, file) for file in files.values()):
        return False
    plan.members.update(files)
    plan.expanded.update(files)
    return True


def try_release(plan: Plan, release: str, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Import what must work, with the release's own interpreter at its final path; raise Failure.

    ``meanwhile`` is done while it imports, before this returns.
    """
    argv = [release + "/venv/bin/python", "-I", "-B", "-c", IMPORT, *plan.smoke]
    ids = ids_of(plan.user)
    become = becoming(plan.user, ids)
    with scratch_home(os.path.dirname(release), ids) as home:
        environment = {**ENVIRONMENT, "HOME": home}
        status, words = run(argv, SMOKE_LIMIT, environment=environment, become=become, meanwhile=meanwhile)
    if status is None and become:  # a parent directory is closed to others, or there is no such user id
        with scratch_home(os.path.dirname(release), (0, 0)) as home:
            status, words = run(argv, SMOKE_LIMIT, environment={**ENVIRONMENT, "HOME": home}, meanwhile=meanwhile)
    if status != 0:
        names = ", ".join(plan.smoke) or "the interpreter"
        raise Failure(
            f"release {os.path.basename(release)} does not start ({names}, {ending(status)}):\n{words}", BROKEN
        )


def prepare(plan: Plan, release: Path) -> None:
    """Do what can only be done at the final path: byte code, labels, the first start; meanwhile all goes to the disk.

    The two take about as long, one the disk, one a processor; what is tried writes nothing to the release.
    """
    sources = "".join(f"{release}/{name}\n" for name in plan.sources())
    if sources:  # a module that can't be compiled is no reason to stop: test data often can't
        words = ["-I", "-m", "compileall", "-qq", "-j0", "--invalidation-mode", "unchecked-hash", "-i", "-"]
        run([os.path.join(release, plan.python), *words], COMPILE_LIMIT, sources)
    if os.path.exists("/sys/fs/selinux/enforce"):
        for tool in [path for path in ("/usr/sbin/restorecon", "/sbin/restorecon") if os.path.exists(path)][:1]:
            run([tool, "-R", str(release)], COMPILE_LIMIT)
    final = f"{plan.manifest['prefix']}/releases/{plan.id}"
    try_release(plan, final, meanwhile=lambda: sync(release, filesystem=True))


def seal(place: Place, plan: Plan, built: Builder) -> None:
    """Mark a release complete, that is prepared: all of it is on the disk."""
    release = place.releases / plan.id
    texts = [(path, text) for path, text in plan.members.items() if isinstance(text, Text)]
    record = {
        "schema": 1, "id": plan.id, "version": f"{plan.manifest['version']}-{plan.manifest['release']}",
        "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "copied": built.copied,
        "written": [[path, len(text.data), hashlib.sha256(text.data).hexdigest()] for path, text in texts]
        + [[path, *member[1:]] for path, member in sorted(plan.members.items()) if path in plan.expanded],
        "links": [[path, link.target] for path, link in plan.members.items() if isinstance(link, Link)],
    }  # fmt: skip
    with contextlib.suppress(FileNotFoundError):
        os.unlink(built.scratch)
    with open(built.scratch, "x", encoding="utf-8") as stream:
        json.dump(record, stream, sort_keys=True)
        stream.flush()
        os.fsync(stream.fileno())
    os.rename(built.scratch, release / "release.json")
    sync(release)
    sync(place.releases)


def switch(place: Place, name: str) -> None:
    """Point ``current`` at a release: one rename(2), so that every moment sees the old or the new one."""
    if place.current.exists() and not place.current.is_symlink():
        raise Failure(f"{place.current} is not a symbolic link; move it away and try again")
    fresh = place.root / ".current.new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(fresh)
    os.symlink(f"releases/{name}", fresh)
    try:
        os.rename(fresh, place.current)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(fresh)
        raise
    with contextlib.suppress(OSError):  # done is done: from here on nothing may fail
        sync(place.root)
        newest = max(os.lstat(place.releases / other / "release.json").st_mtime_ns for other in place.complete())
        stamp = max(time.time_ns(), newest + 1)  # the clock may have been set back
        os.utime(place.releases / name / "release.json", ns=(stamp, stamp))


# ---- taking away


def discard(place: Place, name: str) -> None:
    """Remove an entry of ``releases/``: by one rename for the eye, then for good. Links are never followed."""
    path = place.releases / name
    if path.is_symlink() or not path.is_dir():
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        return
    if name[0] != ".":
        hidden = place.releases / f".old-{name}-{os.getpid()}"
        try:
            os.rename(path, hidden)
            path = hidden
        except OSError:  # then at least no longer complete, before it goes piece by piece
            with contextlib.suppress(OSError):
                os.unlink(path / "release.json")
    shutil.rmtree(path)


def sweep(place: Place) -> None:
    """Remove what killed runs left: scratch names, and releases that never became complete."""
    good = {*place.complete(), place.active()}
    for name in sorted(os.listdir(place.releases)):
        if name.startswith((".new-", ".old-")) or (name[0] != "." and name not in good):
            try:
                discard(place, name)
            except OSError as error:  # NFS keeps what a process has open; the next run tries again
                place.say(f"could not be removed yet: {explain(error, place.releases / name)}", error=True)
    if (place.root / ".current.new").is_symlink():
        os.unlink(place.root / ".current.new")


def retire(place: Place, keep: int, previous: str | None) -> list[str]:
    """Drop releases beyond ``keep``; return the kept.

    Never the last ``current`` nor any other from which processes still run, nor the one to which the services'
    health check may have to go back. Where any stay, so does the newest of another version: each change of a
    layer (a plugin, a runtime) makes a release, and going back has to lead past it.
    """
    active = place.active()
    others, spared = [name for name in place.complete() if name != active], {previous, *in_use(place)}
    with contextlib.suppress(OSError, ValueError, KeyError):
        spared.add(json.loads((place.releases / ".pending.json").read_text("utf-8"))["previous"])
    if keep:
        spared.update([name for name in others if version_of(name) != version_of(active or "")][:1])
    kept = [name for index, name in enumerate(others) if index < keep or name in spared]
    for name in set(others) - set(kept):
        try:
            discard(place, name)
        except OSError as error:
            place.say(f"release {name} could not be removed: {explain(error, place.releases)}", error=True)
    return kept


def version_of(release: str) -> str:
    """Return the version, with its release number, that a release's id begins with."""
    return release.rpartition("-")[0]


def in_use(place: Place) -> set[str]:
    """Return the releases whose interpreter a process runs: one that nobody restarts yet imports from there."""
    top, found = f"{place.root}/releases/", set()
    with contextlib.suppress(OSError):
        for entry in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):  # it has ended, or is another's
                program = os.readlink(f"/proc/{entry}/exe")
                if program.startswith(top):
                    found.add(program[len(top) :].partition("/")[0])
    return found


def strangers(place: Place) -> list[str]:
    """Return paths below the prefix that no layer and no part of ours accounts for; they are someone's own."""
    try:
        plan = Plan(place.root)
    except Failure:
        return []  # the package's files are half gone: nobody can tell
    known = {"manifest.json", "lib/activate.py", "lib/rollout.py", f"bin/{plan.app}-releases"}
    known.update(plan.descriptions)
    known.update(plan.manifest.get("owned", []), (hook["file"] for hook in plan.manifest.get("hooks", {}).values()))
    for name, layer in plan.layers.items():
        known.add(f"layers/{name}.json")
        known.update(f"layers/{name}/{row[0]}" for kind in ("files", "links") for row in layer[kind])
    found = []
    for folder, folders, files in os.walk(place.root):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in files + links:
            path = os.path.relpath(os.path.join(folder, name), place.root)
            if path not in known:
                found.append(path)
    return sorted(found)


# ---- the verbs


def configure(place: Place, reason: str = "upgrade", kind: str = "") -> dict[str, Any]:
    """Make the package's release, try it, switch to it, drop old ones."""
    start = time.monotonic()
    plan = Plan(place.root).finish()
    with locked(place) as lock:
        previous = place.active()
        if reason == "refresh" and not previous and unborn(place, plan):
            return {"release": None, "previous": None, "changed": False, "files": 0, "copied": 0, "seconds": 0.0}
        if reason in {"", "refresh"} and previous and preferred(place, plan, previous):
            return {"release": previous, "previous": previous, "changed": False, "files": 0, "copied": 0,
                    "seconds": round(time.monotonic() - start, 3)}  # fmt: skip
        with contextlib.suppress(FileExistsError):
            os.mkdir(place.releases, 0o755)
        check_place(place, plan)
        check_interpreter(plan)
        sweep(place)
        known = plan.id in place.complete() or plan.id == previous
        try:
            built = make(place, plan, known)
            announce(place, plan, reason, kind, lock)
        except BaseException:
            undo(place, plan.id, known)
            raise
        with uninterrupted():
            if previous != plan.id:
                try:
                    switch(place, plan.id)
                except OSError:
                    undo(place, plan.id, known)
                    raise
            kept = retire(place, plan.keep, previous)
    seconds = time.monotonic() - start
    changed = previous != plan.id
    place.say(told(plan.id, built, changed, seconds) + (f"; {', '.join(kept)} kept for rollback" if kept else ""))
    return {"release": plan.id, "previous": previous, "changed": changed, "files": len(plan.members),
            "copied": built.copied, "seconds": round(seconds, 3)}  # fmt: skip


def unborn(place: Place, plan: Plan) -> bool:
    """Tell, and say, that a layer changed where nothing is current, and a hook has to be asked before anything is."""
    asked = {"before-install", "before-upgrade"} & set(plan.manifest.get("hooks", {}))
    if asked:
        place.say("no release is current: the installation was not finished, install the package again", error=True)
    return bool(asked)


def preferred(place: Place, plan: Plan, active: str) -> bool:
    """Tell, and say, that a release of another version than the package's is current and can run."""
    release = place.releases / active
    try:
        manifest = read_json(release / "manifest/manifest.json")[1]
    except Failure:
        return False
    own, found = ([str(about.get(key)) for key in ("version", "release")] for about in (plan.manifest, manifest))
    if own == found or not os.access(release / "venv/bin/python", os.X_OK):
        return False
    place.say(f"release {active} stays current: it is not of the package's version, {'-'.join(own)}")
    void(place, active)
    return True


def void(place: Place, active: str | None) -> None:
    """Remove the record of a switch that has not come to pass."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        path = place.releases / ".pending.json"
        if json.loads(path.read_text("utf-8")).get("release") != active:
            os.unlink(path)


def make(place: Place, plan: Plan, known: bool) -> Builder:
    """Build the release, or mend the one of the same id in place, file by file."""
    release = place.releases / plan.id
    aside = expand(place, plan) if plan.archived and not (known and remembered(plan, release)) else None
    if known:
        built = Builder(plan, release).fill()
        if not built.linked + built.copied + built.written and (release / "release.json").exists():
            return built
    else:
        fresh = place.releases / f".new-{plan.id}-{os.getpid()}"
        built = Builder(plan, fresh).fill()
        os.rename(fresh, release)
    if aside:
        discard(place, aside.name)
    try:
        prepare(plan, release)
    except Failure:  # only now: it may be current, and a killed run must leave it as complete as it was
        with contextlib.suppress(OSError):
            os.unlink(release / "release.json")
        raise
    seal(place, plan, built)
    return built


def announce(place: Place, plan: Plan, reason: str, kind: str, lock: int) -> None:
    """Tell what carries the switch through; without a reason nobody will, and what a killed run left is void.

    The child has the lock as well: should we be killed, the next run waits until the hook has ended.
    """
    if reason == "refresh" and place.active() == plan.id:  # no switch, and the caller ends here
        void(place, plan.id)
        return
    if not reason or not plan.watched:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(place.releases / ".pending.json")
        return
    argv = [plan.interpreter, "-I", "-B", f"{place.root}/lib/rollout.py"]
    argv += ["before", reason, kind, plan.id]
    process = subprocess.Popen(argv, cwd="/", env=ENVIRONMENT, stdout=place.out, pass_fds=[lock])
    try:
        status = process.wait()
    finally:
        if process.returncode is None:
            process.terminate()  # it ends the hook
            process.wait()
    if status:
        raise Failure(f"release {plan.id} is not switched to", status if status > 0 else HOOK)


def undo(place: Place, name: str, known: bool) -> None:
    """Remove what a failed run made: half a release would keep a full disk full."""
    with contextlib.suppress(OSError):
        if place.active() != name and not known and (place.releases / name).exists():
            discard(place, name)
    with contextlib.suppress(OSError):
        sweep(place)


def told(release: str, built: Builder, changed: bool, seconds: float) -> str:
    """Return what configure did, in words."""
    work = [f"{built.linked:,} files linked"] if built.linked else []
    work += [f"{built.copied:,} files copied"] if built.copied else []
    state = "activated" if changed else "mended" if work or built.written else "is active already"
    return f"release {release} {state} ({', '.join([*work, f'{seconds:.1f} s'])})"


def rollback(place: Place, wanted: str | None, drop: str | None = None) -> dict[str, Any]:
    """Switch to the release that was current before, or to ``wanted``.

    ``drop`` names the current release and has it deleted; when another one is current by now, nothing is done.
    """
    with locked(place):
        previous, complete = place.active(), place.complete()
        if drop not in {None, previous}:
            return {"release": previous, "previous": previous, "changed": False}
        names = [name for name in complete if name != previous] if wanted is None else [wanted]
        if not names or names[0] not in complete:
            raise Failure(f"there is no release {wanted or ''} to go back to".replace("  ", " "))
        with contextlib.suppress(OSError):  # a killed run's; going back does not depend on it
            sweep(place)
        if names[0] != previous:
            plan = Plan(place.releases / names[0] / "manifest")
            try_release(plan, f"{plan.manifest['prefix']}/releases/{names[0]}")
            with uninterrupted():
                switch(place, names[0])
                if drop and previous:
                    with contextlib.suppress(OSError):  # the next run sweeps
                        discard(place, previous)
    place.say(f"release {names[0]} is current (before: {previous})")
    return {"release": names[0], "previous": previous, "changed": names[0] != previous}


def status(place: Place) -> dict[str, Any]:
    """List the releases."""
    active, complete = place.active(), place.complete()
    try:
        package = Plan(place.root).id
    except Failure as failure:
        place.say(str(failure), error=True)
        package = None
    rows = []
    entries = os.listdir(place.releases) if place.releases.is_dir() else []
    for name in complete + sorted(entry for entry in entries if entry[0] != "." and entry not in complete):
        row: dict[str, Any] = {"id": name, "complete": name in complete, "current": name == active}
        row["version"] = row["activated"] = None
        with contextlib.suppress(OSError, ValueError, KeyError):
            path = place.releases / name / "release.json"
            row["version"] = json.loads(path.read_text("utf-8"))["version"]
            row["activated"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(path.stat().st_mtime))
        rows.append(row)
        notes = [word for word, true in [("current", row["current"]), ("of the package", name == package)] if true]
        notes += [] if row["complete"] else ["incomplete"]
        place.say(f"{name}  {row['activated'] or '-'}  {', '.join(notes)}".rstrip())
    if active is None:
        place.say("no release is current")
    return {"current": active, "package": package, "releases": rows}


def verify(place: Place, package: bool = False) -> dict[str, Any]:
    """Compare the current release with its own record; say each difference; raise Failure when there is one."""
    active = place.active()
    if active is None:
        raise Failure("no release is current")
    if package and active != Plan(place.root).id:
        raise Failure(f"release {active} is current, not the package's, {Plan(place.root).id}", OTHER)
    release = place.releases / active
    plan = Plan(release / "manifest")
    _, record = read_json(release / "release.json")
    try:
        expected: dict[str, Member] = {**plan.members, **{path: Link(target) for path, target in record["links"]}}
        expected.update({path: File("", size, digest) for path, size, digest in record["written"]})
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(f"{release}/release.json: {error!r}") from None
    differences = []
    for name, member in sorted(expected.items()):
        path = f"{release}/{name}"
        if not os.path.lexists(path):
            differences.append(f"missing {path}")
        elif isinstance(member, Link):
            if not os.path.islink(path) or os.readlink(path) != member.target:
                differences.append(f"changed {path}")
        elif isinstance(member, File) and not same_file(path, member):
            differences.append(f"changed {path}")
    for text in differences:
        place.say(text)
    if differences:
        raise Failure(f"release {active}: {len(differences)} files differ, reinstall the package", DAMAGED)
    try_release(plan, str(release))
    place.say(f"release {active}: {len(expected):,} files are as installed, and it starts")
    return {"release": active, "differences": differences}


def admit(place: Place) -> dict[str, Any]:
    """Tell whether a package that is about to be unpacked, described on stdin, fits what is installed."""
    try:
        wanted = json.loads(sys.stdin.read())
        name = str(wanted["name"])
        if "extends" in wanted:
            Plan(place.root, without=name).add_plugin({"links": [], "compile": False, **wanted})
        else:
            for path in sorted((place.root / "plugins").glob("*.json")):
                plugin = read_json(path)[1]
                if plugin["abi"] != wanted["abi"]:
                    what = f"{plugin['name']} was made for {name} with Python {plugin['abi']}, this has {wanted['abi']}"
                    raise Failure(f"{what}; remove {plugin['name']} first", UNFIT_LAYER)
                differ(plugin["name"], plugin["distributions"], name, wanted["distributions"])
    except (KeyError, TypeError, ValueError) as error:
        raise Failure(f"what is to be admitted is not described as expected: {error!r}") from None
    return {"admitted": name}


def differ(one: str, ours: list[list[str]], other: str, theirs: list[list[str]]) -> None:
    """Raise Failure where two packages bring different versions of one distribution."""
    known = {row[0]: row[1] for row in theirs}
    for name, version in ours:
        if known.get(name, version) != version:
            raise Failure(f"{one} brings {name} {version}, and {other} {name} {known[name]}", UNFIT_LAYER)


def deactivate(place: Place) -> dict[str, Any]:
    """Remove ``current``; the releases stay."""
    with locked(place):
        drop_current(place)
    return {"left": ["current"] if place.current.exists() else []}


def drop_current(place: Place) -> None:
    """Remove ``current``, if it is a link as we make it, and what a killed switch left."""
    for path in (place.root / ".current.new", place.current):
        if path.is_symlink():
            os.unlink(path)
    sync(place.root)


def remove(place: Place) -> dict[str, Any]:
    """Remove ``current`` and the releases; name what else there is below the prefix and stays."""
    with locked(place):
        drop_current(place)
        if place.releases.is_dir() and not place.releases.is_symlink():
            try:
                shutil.rmtree(place.releases)
            except OSError as error:
                if error.errno != errno.EBUSY or os.listdir(place.releases):  # a mount point may stay, empty
                    raise
    left = strangers(place)
    for path in left[:20]:
        place.say(f"{place.root / path} is not the package's and stays")
    if len(left) > 20:
        place.say(f"and {len(left) - 20} more below {place.root}")
    return {"left": left}


# ---- the program


@contextlib.contextmanager
def locked(place: Place) -> Iterator[int]:
    """Hold the application's lock, yield its descriptor; raise Failure after ``LOCK_WAIT`` seconds."""
    key = hashlib.sha256(os.fsencode(os.path.realpath(place.root))).hexdigest()[:12]
    name = "pkggen-" + re.sub(r"[^A-Za-z0-9.+_-]", "_", place.root.name) + f"-{key}.lock"
    deadline, told_once = time.monotonic() + LOCK_WAIT, False
    while True:
        descriptor, path = open_lock(place, name)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # the last holder removes the file: only the lock on the file that is there now counts
            if os.path.lexists(path) and os.path.samestat(os.fstat(descriptor), os.lstat(path)):
                break
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Failure(f"another run has held {path} for {LOCK_WAIT:.0f} s; try again", LOCKED) from None
            if not told_once:
                place.say("waiting for another run to end")
            told_once = True
            time.sleep(0.1)
        os.close(descriptor)
    try:
        yield descriptor
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)
        os.close(descriptor)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold signals off: from the switch on there is nothing to undo, and soon nothing to end."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        while signal.sigtimedwait(SIGNALS, 0):
            pass
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def open_lock(place: Place, name: str) -> tuple[int, str]:
    """Open the lock file where that is possible; a file or link that someone else planted does not count."""
    for directory in [*LOCK_DIRECTORIES, str(place.root)]:
        path = f"{directory}/{name}"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError:
            continue
        if os.fstat(descriptor).st_uid == os.geteuid():
            return descriptor, path
        os.close(descriptor)
    raise Failure(f"no lock file can be made in {', '.join(LOCK_DIRECTORIES)} or {place.root}; are you root?", UNFIT)


def explain(error: OSError, where: Path) -> str:
    """Return an error of the system as one sentence; ``where`` it came from, should it not say itself."""
    return f"{error.filename or where}: {error.strerror or error}"


def interrupt(number: int, _frame: object) -> NoReturn:
    """End in order on a signal, once: cleaning up must not be interrupted."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt(signal.Signals(number).name)


VERBS: dict[str, Callable[[Place], dict[str, Any]]] = {
    "configure": configure, "deactivate": deactivate, "remove": remove, "purge": remove, "status": status,
    "verify": verify, "admit": admit,
}  # fmt: skip


def guarded(place: Place, work: Callable[[], dict[str, Any]]) -> tuple[int, dict[str, Any]]:
    """Do the work; return the exit status and the object for ``--json``. The one boundary for errors."""
    try:
        return 0, {"ok": True, **work()}
    except Failure as failure:
        code, text = failure.code, str(failure)
    except OSError as error:
        unfit = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
        code, text = UNFIT if unfit else FAILED, explain(error, place.root)
    except KeyboardInterrupt as signalled:
        code, text = FAILED, f"ended by {signalled}"
    place.say(text, error=True)
    return code, {"ok": False, "error": text, "code": code}


def main(argv: list[str]) -> int:
    """Run one verb; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="activate.py", description="Releases of one application.")
    parser.add_argument("verb", choices=[*VERBS, "rollback"])
    parser.add_argument("release", nargs="?", help="the release to roll back to")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--package", action="store_true", help="verify: the package's own release has to be current")
    parser.add_argument("--reason", choices=["install", "upgrade", "refresh"], default="", help="of configure")
    parser.add_argument("--format", choices=["deb", "rpm"], default="", help="of the package that is configured")
    options = parser.parse_args(argv)
    if options.release and options.verb != "rollback":
        parser.error(f"{options.verb} takes no release")
    if bool(options.reason) != bool(options.format) or (options.reason and options.verb != "configure"):
        parser.error("--reason and --format go together, with configure")
    os.umask(0o022)
    os.chdir("/")
    for number in SIGNALS:
        signal.signal(number, interrupt)
    place = Place(Path(__file__).resolve().parent.parent)
    with contextlib.suppress(Failure, KeyError):
        place.app = str(read_json(place.root / "manifest.json")[1]["app"])
    if options.json:
        place.out = sys.stderr
    work: dict[str, Callable[[], dict[str, Any]]] = {
        "rollback": lambda: rollback(place, options.release),
        "configure": lambda: configure(place, options.reason, options.format),
        "verify": lambda: verify(place, options.package),
    }
    code, answer = guarded(place, work.get(options.verb, lambda: VERBS[options.verb](place)))
    if options.json:
        sys.stdout.write(json.dumps({"verb": options.verb, **answer}, sort_keys=True) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
