"""The spec that turns an inventory into packages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from .additions import ACCOUNT_FILES, NAMES, RELEASE, TRIGGERS
from .inventory import FILESYSTEM, Member

HEADER = """\
Name: target-base
Version: 1
Release: 1
Summary: A root converted from Debian packages
License: various

%description
Only its sub-packages are used.

%install
mkdir -p %{buildroot}
tar -C /base --no-recursion --null -T /job/members -cf - | tar -C %{buildroot} -xpf -
"""

PACKAGE = """
%package -n {name}
Version: {version}
Release: {release}
{epoch}Summary: {name}, converted
License: various
{provides}
%description -n {name}
Converted from a Debian package.

%files -n {name} -f /job/files/{name}
"""


def render(
    members: Iterable[Member], versions: Mapping[str, str], users: Iterable[str], groups: Iterable[str]
) -> tuple[str, dict[str, str]]:
    """Return the spec and, for each package, the text of its list of files.

    ``versions`` maps the names of Debian packages to their versions; others get ``1``.
    """
    by_package: dict[str, list[Member]] = {}
    for member in members:
        by_package.setdefault(member.package, []).append(member)
    sections = [HEADER]
    for name, owned in sorted(by_package.items()):
        provides = list(NAMES.get(name, ()))
        provides += _command_paths(owned)
        if name == RELEASE:
            provides += ["system-release = 9", "system-release(releasever) = 9"]
        if name == FILESYSTEM:
            provides += [f"user({user})" for user in users] + [f"group({group})" for group in groups]
        sections.append(_package(name, versions.get(name, "1"), provides))
    files = {name: "\n".join(map(file_line, owned)) + "\n" for name, owned in by_package.items()}
    return "".join(sections) + "\n" + TRIGGERS, files


def file_line(member: Member) -> str:
    """Return the line of ``%files`` for ``member``."""
    words = []
    if member.config:
        words.append("%config(noreplace)")
    if member.path in ACCOUNT_FILES:
        words.append("%verify(not md5 size mtime)")
    if member.kind == "d":
        words.append("%dir")
    if member.kind != "l":
        words.append(f"%attr({member.mode:04o}, {member.user}, {member.group})")
    return " ".join([*words, escape(member.path)])


def escape(path: str) -> str:
    """Write ``path`` so that ``%files`` takes it neither for a pattern nor for a macro.

    By classes of one, glob(7), not by quotes: between quotes rpm 4.20 takes patterns literally
    and older ones do not. A blank can only be matched, since no version reads it unquoted.
    """
    classes = re.sub(r"[][*?{}]", lambda match: f"[{match[0]}]", path)
    return re.sub(r"\s", "?", classes).replace("%", "%%")


def _package(name: str, version: str, provides: Iterable[str]) -> str:
    epoch, colon, rest = version.rpartition(":")
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "1")
    return PACKAGE.format(
        name=name,
        # A hyphen separates version from release in rpm and may be in neither.
        version=upstream.replace("-", "_"),
        release=revision,
        epoch=f"Epoch: {epoch}\n" if colon else "",
        provides="".join(f"Provides: {provide}\n" for provide in provides),
    )


def _command_paths(members: Iterable[Member]) -> Iterator[str]:
    """Yield /bin/x for /usr/bin/x: packages may require a command under either name.

    On Fedora, dnf looks through the links of a merged /usr with such provides too.
    """
    for member in members:
        match = re.fullmatch(r"/usr(/s?bin/[\w.+-]+)", member.path)
        if match and member.kind != "d":
            yield match[1]
