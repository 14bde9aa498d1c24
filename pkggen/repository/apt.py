"""What apt reads: Packages in several forms, and the Release files that vouch for them.

Source: https://wiki.debian.org/DebianRepository/Format, deb822(5), apt-secure(8).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from email.utils import formatdate
from functools import partial
from pathlib import Path

from debian.deb822 import Deb822

from pkggen.archives.deb import read_control
from pkggen.errors import ArtefactError
from pkggen.repository.family import Channel, Settings
from pkggen.repository.generations import Generation
from pkggen.repository.index import Files, show
from pkggen.repository.package import Record, pool_path
from pkggen.repository.shards import Entries, Entry
from pkggen.signing.strength import DAY
from pkggen.signing.texts import clear_signed, detached
from pkggen.store.cache import sha256_of

_ALL = "all"
# offered whatever the channel holds: a host of the other kind can then install packages for all, too
_ARCHITECTURES = {"amd64", "arm64"}
# of an index, not of a package: a package that has them would speak for the repository
_OURS = {"filename", "size", "md5sum", "sha1", "sha256", "sha512", "phased-update-percentage", "status", "conffiles"}
_RULES = {  # Debian Policy 5.6.1, 5.6.12, 5.6.8
    "Package": re.compile(r"[a-z0-9][a-z0-9+.-]+"),
    "Version": re.compile(r"([0-9]+:)?[A-Za-z0-9][A-Za-z0-9.+~-]*"),
    "Architecture": re.compile(r"[a-z0-9][a-z0-9-]*"),
}
_GENERATION = "Pkggen-Generation"


class Apt:
    """The family of .deb."""

    format = "deb"

    def record(self, path: Path, *, apart: bool = False) -> Record:
        """Read a package; raise ArtefactError when it is damaged or holds what no index may say."""
        found = list(Deb822.iter_paragraphs(read_control(path), use_apt_pkg=False))
        if len(found) != 1:
            raise ArtefactError("its control file is not one paragraph", where=str(path))
        fields = found[0]
        for name, rule in _RULES.items():
            if not rule.fullmatch(fields.get(name, "")):
                raise ArtefactError(f"{fields.get(name, '')!r} can't be a package's {name}", where=str(path))
        name, version, arch = (fields[field] for field in _RULES)
        digest, size = sha256_of(path), path.stat().st_size
        filename = f"{name}_{version}_{arch}.deb"
        pool = pool_path(name, filename, digest, apart=apart)
        for field in [field for field in fields if field.lower() in _OURS]:
            del fields[field]
        fields.update({"Filename": pool, "Size": str(size), "SHA256": digest})
        summary = fields.get("Description", "").split("\n")[0]
        about = {"summary": summary, "homepage": fields.get("Homepage", ""), "needs": fields.get("Depends", "")}
        texts = {"control": fields.dump() or ""}
        return Record(self.format, name, version, arch, pool, size, digest, texts, digest, about)

    def is_signed(self, path: Path) -> bool:  # noqa: ARG002 - apt trusts the index alone
        """Return True: what apt checks is the signature of the index."""
        return True

    def indexes(self, known: Iterable[str], entries: Entries) -> set[str]:
        """Return an index for each component and architecture."""
        pairs = [name.split("/") for name in known]
        components = {component for component, _ in pairs} | {e.component for e in entries}
        machines = {arch for _, arch in pairs} | {e.record.arch for e in entries} | _ARCHITECTURES
        return {f"{component}/{arch}" for component in components for arch in machines - {_ALL}}

    def text(self, name: str, entries: Entries) -> bytes:
        """Return the stanzas of those packages that are for this component and architecture, or for all."""
        component, arch = name.split("/")
        wanted = (e for e in entries if e.component == component and e.record.arch in (arch, _ALL))
        return "".join(map(_stanza, wanted)).encode()

    def frame(self, name: str, count: int) -> Mapping[int, bytes]:  # noqa: ARG002
        """Return nothing: stanzas follow each other."""
        return {}

    def suffixes(self, settings: Settings) -> tuple[str, ...]:  # noqa: ARG002
        """Return all forms that some apt, or tool beside it, asks for."""
        return "", "gz", "xz", "zst"

    def key(self, channel: str, name: str, suffix: str, digest: str) -> str:  # noqa: ARG002
        """Return where apt looks for a digest (Acquire-By-Hash)."""
        return f"{_folder(channel, name)}/by-hash/SHA256/{digest}"

    def pointer(self, channel: str) -> str:
        """Return the key of InRelease."""
        return f"dists/{channel}/InRelease"

    def shown(self, pointer: bytes) -> int:
        """Return the number that an InRelease tells."""
        found = re.search(rf"(?m)^{_GENERATION}: ([0-9]+)$", pointer.decode("utf-8", "replace"))
        return int(found[1]) if found else 0

    def signed(self, channel: str) -> tuple[tuple[str, str], ...]:
        """Return both forms in which apt may ask for it."""
        folder = f"dists/{channel}"
        return (f"{folder}/InRelease", ""), (f"{folder}/Release", f"{folder}/Release.gpg")

    def project(self, channel: Channel, generation: Generation, tag: str | None) -> bool:
        """Write the names without digests, then Release and its signature, then InRelease."""
        store, keys, name = channel.store, channel.repository.keys, channel.name
        suffixes = self.suffixes(channel.repository.settings)
        for index, found in generation.indexes[self.format].items():
            show(Files(store, suffixes, partial(self.key, name, index)), found, partial(_plain_key, name, index))
        release = "\n".join(_release(channel, generation)) + "\n"
        store.write(f"dists/{name}/Release.gpg", detached(release, keys).encode())
        store.write(f"dists/{name}/Release", release.encode())
        return store.replace(self.pointer(name), clear_signed(release, keys).encode(), tag)


def _folder(channel: str, name: str) -> str:
    component, arch = name.split("/")
    return f"dists/{channel}/{component}/binary-{arch}"


def _plain_key(channel: str, name: str, suffix: str) -> str:
    return f"{_folder(channel, name)}/{_file(suffix)}"


def _file(suffix: str) -> str:
    return f"Packages.{suffix}" if suffix else "Packages"


def _stanza(entry: Entry) -> str:
    phase = f"Phased-Update-Percentage: {entry.phase}\n" if entry.phase is not None else ""
    return f"{entry.record.texts['control']}{phase}\n"


def _release(channel: Channel, generation: Generation) -> Iterator[str]:
    settings, now, indexes = channel.repository.settings, channel.repository.now, generation.indexes[Apt.format]
    pairs = [name.split("/") for name in indexes]
    yield f"Origin: {settings.origin}"
    yield f"Label: {settings.origin}"
    yield f"Suite: {channel.name}"
    yield f"Codename: {channel.name}"
    yield f"Date: {_date(now)}"
    if settings.valid_days:
        yield f"Valid-Until: {_date(now + settings.valid_days * DAY)}"
    yield "Acquire-By-Hash: yes"
    yield f"Architectures: {' '.join(sorted({arch for _, arch in pairs}))}"
    yield f"Components: {' '.join(sorted({component for component, _ in pairs}))}"
    yield f"Description: {channel.name} of {settings.origin}"
    yield f"{_GENERATION}: {generation.number}"
    yield "SHA256:"
    for name, index in sorted(indexes.items()):
        folder = _folder(channel.name, name).removeprefix(f"dists/{channel.name}/")
        for suffix, form in sorted(index.forms.items()):
            yield f" {form.sha256} {form.size} {folder}/{_file(suffix)}"


def _date(time: int) -> str:
    return formatdate(time, usegmt=True).replace("GMT", "UTC")
