"""What dnf and zypper read: primary, filelists and other, and the repomd.xml that vouches for them.

What is said of a package is written by createrepo_c's library; the files around it are ours, so
that one more package does not write all others anew.
Source: createrepo_c(8), dnf.conf(5); https://github.com/rpm-software-management/createrepo_c.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType

from pkggen.archives.rpm import check_size, signatures
from pkggen.errors import ArtefactError, ToolError
from pkggen.repository.family import Channel, Settings
from pkggen.repository.generations import Generation
from pkggen.repository.index import PLAIN
from pkggen.repository.package import Record, pool_path
from pkggen.repository.shards import NUMBER, Entries
from pkggen.signing.texts import detached, public_keys

_NAMESPACES = {
    "primary": 'metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm"',
    "filelists": 'filelists xmlns="http://linux.duke.edu/metadata/filelists"',
    "other": 'otherdata xmlns="http://linux.duke.edu/metadata/other"',
}
"""Index → its outermost element."""
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_FIRST, _LAST = -1, NUMBER
_CHANGES = 10  # entries of a changelog that clients are told
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_VERSION = re.compile(r"[A-Za-z0-9._+~^]+")


class Yum:
    """The family of .rpm."""

    format = "rpm"

    def record(self, path: Path, *, apart: bool = False) -> Record:
        """Read a package; raise ArtefactError when it is damaged or holds what no index may say."""
        check_size(path)
        library = _createrepo()
        try:
            found = library.package_from_rpm(
                str(path), checksum_type=library.SHA256, location_href="", changelog_limit=_CHANGES
            )
        except Exception as error:  # the library has one class for all that librpm says
            raise ArtefactError(f"can't be read as an rpm: {error}", where=str(path)) from error
        parts = {"name": _PLAIN_NAME, "version": _VERSION, "release": _VERSION, "arch": _PLAIN_NAME}
        for part, rule in parts.items():
            if not rule.fullmatch(getattr(found, part) or ""):
                raise ArtefactError(f"{getattr(found, part)!r} can't be a package's {part}", where=str(path))
        epoch = f"{found.epoch}:" if found.epoch not in (None, "", "0") else ""
        version = f"{epoch}{found.version}-{found.release}"
        pool = pool_path(found.name, f"{found.name}-{version}.{found.arch}.rpm", found.pkgId, apart=apart)
        found.location_href = f"../../{pool}"  # of yum/<channel>/
        found.time_file = found.time_build  # the file's own says when it was copied here
        texts = dict(zip(_NAMESPACES, library.xml_dump(found), strict=False))
        size, digest = path.stat().st_size, found.pkgId
        needs = dict.fromkeys(row[0] for row in found.requires if not row[0].startswith("rpmlib("))
        told = {"summary": found.summary, "homepage": found.url, "licence": found.rpm_license}
        about = {**{key: text or "" for key, text in told.items()}, "needs": ", ".join(needs)}
        return Record(self.format, found.name, version, found.arch, pool, size, digest, texts, digest, about)

    def is_signed(self, path: Path) -> bool:
        """Tell whether it has an OpenPGP signature, which gpgcheck=1 wants."""
        with path.open("rb") as stream:
            return bool(signatures(stream))

    def indexes(self, known: Iterable[str], entries: Entries) -> set[str]:  # noqa: ARG002
        """Return the three there are: dnf finds the packages of its architecture itself."""
        return set(_NAMESPACES)

    def text(self, name: str, entries: Entries) -> bytes:
        """Return the elements of the packages."""
        return "".join(entry.record.texts[name] for entry in entries).encode()

    def frame(self, name: str, count: int) -> Mapping[int, bytes]:
        """Return the outermost element's two tags, the first with the number of packages."""
        outer = _NAMESPACES[name]
        return {
            _FIRST: f'{_XML}<{outer} packages="{count}">\n'.encode(),
            _LAST: f"</{outer.split()[0]}>\n".encode(),
        }

    def suffixes(self, settings: Settings) -> tuple[str, ...]:
        """Return the one form that is configured."""
        return (settings.yum_suffix,)

    def key(self, channel: str, name: str, suffix: str, digest: str) -> str:
        """Return the name that repomd.xml tells."""
        return f"yum/{channel}/repodata/{digest}-{name}.xml.{suffix}"

    def pointer(self, channel: str) -> str:
        """Return the key of repomd.xml."""
        return f"yum/{channel}/repodata/repomd.xml"

    def shown(self, pointer: bytes) -> int:
        """Return the number that a repomd.xml tells as its revision."""
        found = re.search(r"<revision>([0-9]+)</revision>", pointer.decode("utf-8", "replace"))
        return int(found[1]) if found else 0

    def signed(self, channel: str) -> tuple[tuple[str, str], ...]:
        """Return repomd.xml, which holds the digests of all else."""
        return ((self.pointer(channel), f"{self.pointer(channel)}.asc"),)

    def project(self, channel: Channel, generation: Generation, tag: str | None) -> bool:
        """Write the signature, then repomd.xml."""
        store, keys, pointer = channel.store, channel.repository.keys, self.pointer(channel.name)
        repomd = "".join(_repomd(self, channel.name, generation))
        store.write(f"{pointer}.key", public_keys(keys).encode())  # zypper asks for it
        store.write(f"{pointer}.asc", detached(repomd, keys).encode())
        return store.replace(pointer, repomd.encode(), tag)


def _repomd(family: Yum, channel: str, generation: Generation) -> Iterator[str]:
    yield f'{_XML}<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">\n'
    yield f"  <revision>{generation.number}</revision>\n"
    for name in _NAMESPACES:
        index = generation.indexes[family.format][name]
        for suffix in (s for s in index.forms if s != PLAIN):
            form, plain = index.forms[suffix], index.forms[PLAIN]
            href = family.key(channel, name, suffix, form.sha256).removeprefix(f"yum/{channel}/")
            yield f'  <data type="{name}">\n'
            yield f'    <checksum type="sha256">{form.sha256}</checksum>\n'
            yield f'    <open-checksum type="sha256">{plain.sha256}</open-checksum>\n'
            yield f'    <location href="{href}"/>\n'
            yield f"    <timestamp>{generation.made}</timestamp>\n"
            yield f"    <size>{form.size}</size>\n"
            yield f"    <open-size>{plain.size}</open-size>\n"
            yield "  </data>\n"
    yield "</repomd>\n"


def _createrepo() -> ModuleType:
    try:
        import createrepo_c  # type: ignore[import-untyped]  # noqa: PLC0415 - only those who publish rpms have it
    except ImportError as error:
        raise ToolError("createrepo_c is not installed", remedy='install "pkggen[publish]"') from error
    return createrepo_c  # type: ignore[no-any-return]
