"""Our own rules, which need no tool: each is a function from a package's contents to findings."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator

from pkggen.commands.lint.contents import Contents
from pkggen.commands.lint.finding import Finding
from pkggen.model import ConfigKind, Kind

ERROR, WARNING = "error", "warning"
_PLACES = ("/opt/", "/usr/", "/etc/", "/var/", "/srv/", "/lib/")  # FHS 3.0 for packages
_FORBIDDEN = ("/usr/local/", "/var/run/", "/var/lock/", "/var/tmp/")  # noqa: S108 - the administrator's, or volatile
# importlib's MAGIC_NUMBER of each release
_MAGIC = {"38": 3413, "39": 3425, "310": 3439, "311": 3495, "312": 3531, "313": 3571, "314": 3627}
_BUILD_PATH = re.compile(rb"(?<![\w.~-])(/home/[\w.-]+|/root|/tmp|/builds?)/[\w./-]+|file:///[\w./-]+")
_PLACED = (".pth", "direct_url.json", "pyvenv.cfg", "manifest.json", ".service", ".socket", ".timer")


def world_writable(package: Contents) -> Iterator[Finding]:
    """Nothing that is not a link may be written to by everyone."""
    for entry in package.members:
        if entry.kind is not Kind.SYMLINK and entry.mode & 0o002:
            yield Finding("pkggen", ERROR, "world-writable", entry.path, f"{entry.mode:04o}")


def special_mode(package: Contents) -> Iterator[Finding]:
    """Nothing runs as another user than its caller's because of its mode."""
    for entry in package.members:
        if entry.kind is Kind.FILE and entry.mode & 0o6000:
            yield Finding("pkggen", ERROR, "setuid", entry.path, f"{entry.mode:04o}")


def misplaced(package: Contents) -> Iterator[Finding]:
    """Files lie where the Filesystem Hierarchy Standard lets packages put them."""
    for entry in package.members:
        path = f"{entry.path}/" if entry.kind is Kind.DIRECTORY else entry.path
        allowed = path.startswith(_PLACES) or any(place.startswith(path) for place in _PLACES)
        if not allowed or path.startswith(_FORBIDDEN):
            yield Finding("pkggen", ERROR, "outside-fhs", entry.path)


def misplaced_configuration(package: Contents) -> Iterator[Finding]:
    """Find what an administrator edits elsewhere than below /etc (policy 10.7.2)."""
    for entry in package.members:
        if entry.config is not ConfigKind.NONE and not entry.path.startswith("/etc/"):
            yield Finding("pkggen", WARNING, "configuration-outside-etc", entry.path)


def broken_link(package: Contents) -> Iterator[Finding]:
    """Find links that lead to nothing in the package, nothing that activation makes, and no other package's place."""
    paths = {e.path for e in package.members}
    paths |= {parent for path in paths for parent in _parents(path)}
    own = {e.path for e in package.members if e.kind is Kind.DIRECTORY and e.path.startswith("/opt/")}
    made = tuple(f"{path}/{name}" for path in own for name in ("current", "releases"))
    for entry in package.members:
        if entry.kind is Kind.SYMLINK:
            target = posixpath.normpath(posixpath.join(posixpath.dirname(entry.path), entry.link))
            ours = not entry.link.startswith("/") or any(target.startswith(f"{path}/") for path in own)
            if ours and target not in paths and not target.startswith(made) and entry.path not in made:
                yield Finding("pkggen", ERROR, "broken-link", entry.path, f"-> {entry.link}")


def _parents(path: str) -> Iterator[str]:
    while (path := posixpath.dirname(path)) != "/":
        yield path


def foreign_bytecode(package: Contents) -> Iterator[Finding]:
    """Byte code is of the Python that its name says; another is recompiled at every start, or crashes."""
    for path, data in package.data.items():
        match = re.fullmatch(r".*/__pycache__/[^/]+\.cpython-(\d+)(\.opt-\d)?\.pyc", path)
        wanted = _MAGIC.get(match[1]) if match else None
        if wanted and data[:4] != wanted.to_bytes(2, "little") + b"\r\n":
            yield Finding("pkggen", ERROR, "foreign-bytecode", path, "its magic number is another Python's")


def build_path(package: Contents) -> Iterator[Finding]:
    """Nothing that is read on the target names a place of the build host."""
    texts = {p: d for p, d in package.data.items() if p.endswith(_PLACED)}
    texts |= {name: text.encode() for name, text in package.scripts.items()}
    for path, data in texts.items():
        match = _BUILD_PATH.search(data)
        if match:
            yield Finding("pkggen", WARNING, "build-path", path, match[0].decode("utf-8", "replace"))


def missing_licence(package: Contents) -> Iterator[Finding]:
    """Find packages that say nothing of their licence (policy 12.5; Fedora's licensing guidelines)."""
    name, paths = package.metadata.get("name", ""), {e.path for e in package.members}
    if package.format == "deb" and f"/usr/share/doc/{name}/copyright" not in paths:
        yield Finding("pkggen", ERROR, "missing-licence", f"/usr/share/doc/{name}/copyright")
    if package.format == "rpm" and package.metadata.get("licence", "") in ("", "LicenseRef-Unspecified"):
        yield Finding("pkggen", ERROR, "missing-licence", "License")


def poor_description(package: Contents) -> Iterator[Finding]:
    """There is a summary of one line, a longer description that says more, and somebody to write to."""
    summary, text = (package.metadata.get(key, "").strip() for key in ("summary", "description"))
    if not summary:
        yield Finding("pkggen", ERROR, "empty-summary")
    if not text or text == summary:
        yield Finding("pkggen", ERROR, "empty-description")
    if not re.search(r"<[^<>@\s]+@[^<>@\s]+>", package.metadata.get("maintainer", "")):
        yield Finding("pkggen", WARNING, "no-maintainer-address", what=package.metadata.get("maintainer", ""))


RULES: tuple[Callable[[Contents], Iterator[Finding]], ...] = (
    world_writable,
    special_mode,
    misplaced,
    misplaced_configuration,
    broken_link,
    foreign_bytecode,
    build_path,
    missing_licence,
    poor_description,
)
