"""What a Debian root holds, by the package that owns it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .additions import FILES, GENERATED, LINKS, RELEASE

FILESYSTEM = "filesystem"
"""The package that owns the directories, as on Fedora."""

DROPPED = re.compile(r"(apt|dpkg|debconf|debian-archive-keyring|libapt-pkg.*|init-system-helpers|usrmerge)")
"""Debian's own package management is no part of the new root."""

UNTRACKED = re.compile(
    r"/(proc|sys|dev|run|tmp|boot|var/(tmp|log|backups|cache/(apt|debconf|ldconfig)|lib/(apt|dpkg|rpm|dnf))"
    r"|usr/share/(doc|man|info|locale|lintian|bug|debconf)|etc/(apt|dpkg|machine-id|.*-))(/.*)?"
    r"|/usr/lib/(.*/)?tc/q_atm\.so|/etc/dnf/libdnf5-plugins/(local|appstream)\.conf"
)
"""What changes without any package, or is Debian's: not packaged. ``etc/…-`` are backups; the
plugin of tc needs a library that iproute2 only recommends, and rpm would miss it. Fedora has those
two plugins of dnf5 in packages of their own that are not installed by default."""

MERGED = re.compile(r"/(bin|sbin|lib\w*)")


@dataclass(frozen=True)
class DebianPackage:
    """One installed package: ``files`` and ``config`` are paths as they are on disk."""

    name: str
    version: str
    files: frozenset[str]
    config: frozenset[str]


@dataclass(frozen=True)
class Member:
    """One path of the new root and the package that will own it."""

    path: str
    package: str
    kind: str
    mode: int
    user: str
    group: str
    config: bool


def read_packages(root: Path) -> tuple[DebianPackage, ...]:
    """Read the database of dpkg in ``root``: deb822(5) paragraphs and its info directory."""
    found = []
    for paragraph in (root / "var/lib/dpkg/status").read_text().split("\n\n"):
        fields = dict(re.findall(r"^(Package|Version|Architecture|Status): (.*)$", paragraph, re.M))
        if fields.get("Status") != "install ok installed":
            continue
        name, version = fields["Package"], fields["Version"]
        stems = (name, f"{name}:{fields['Architecture']}")
        files, config = (_listed(root, stems, suffix) for suffix in ("list", "conffiles"))
        found.append(DebianPackage(name, version, files, config))
    return tuple(found)


def take_inventory(root: Path, packages: tuple[DebianPackage, ...]) -> tuple[Member, ...]:
    """Give every path under ``root`` its owner; what only dropped packages own is left out."""
    owners: dict[str, str] = {path: package.name for package in packages for path in package.files}
    config = frozenset(path for package in packages for path in package.config)
    kept = [package.files for package in packages if not DROPPED.fullmatch(package.name)]
    dropped = frozenset(owners).difference(*kept)
    owners = {**dict.fromkeys(LINKS, RELEASE), **owners, **dict.fromkeys(FILES, RELEASE)}
    users, groups = (_names(root / "etc" / table) for table in ("passwd", "group"))
    members = []
    for path, status in _walk(str(root), ""):
        kind = stat.filemode(status.st_mode)[0]
        aim = os.readlink(f"{root}{path}") if kind == "l" else ""
        # An enabled unit of a dropped package would be a dead link.
        if kind not in "-dl" or path in dropped or _on_disk(root, aim) in dropped:
            continue
        owner = FILESYSTEM if kind == "d" or MERGED.fullmatch(path) else owners.get(path, GENERATED)
        made = owner == GENERATED and path.startswith("/etc/")
        user, group = users.get(status.st_uid, "root"), groups.get(status.st_gid, "root")
        is_config = kind == "-" and (path in config or made)
        members.append(Member(path, owner, kind, stat.S_IMODE(status.st_mode), user, group, is_config))
    return tuple(members)


def accounts(root: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the users and of the groups."""
    return tuple(_names(root / "etc/passwd").values()), tuple(_names(root / "etc/group").values())


def _listed(root: Path, stems: tuple[str, ...], suffix: str) -> frozenset[str]:
    paths: set[str] = set()
    for stem in stems:
        listing = root / f"var/lib/dpkg/info/{stem}.{suffix}"
        if listing.exists():
            paths.update(_on_disk(root, line) for line in listing.read_text().splitlines() if line != "/.")
    return frozenset(paths)


def _on_disk(root: Path, path: str) -> str:
    """Follow the links of a merged /usr, which dpkg's lists ignore: /bin/ls is /usr/bin/ls."""
    top, slash, rest = path.lstrip("/").partition("/")
    if slash and (root / top).is_symlink():
        return f"/usr/{top}/{rest}"
    return path


def _names(table: Path) -> dict[int, str]:
    """Read passwd(5) or group(5): number → name."""
    rows = (line.split(":") for line in table.read_text().splitlines())
    return {int(row[2]): row[0] for row in rows}


def _walk(root: str, directory: str) -> Iterator[tuple[str, os.stat_result]]:
    for entry in sorted(os.scandir(f"{root}{directory}/"), key=lambda entry: entry.name):
        path = f"{directory}/{entry.name}"
        if UNTRACKED.fullmatch(path):
            continue
        yield path, entry.stat(follow_symlinks=False)
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(root, path)
