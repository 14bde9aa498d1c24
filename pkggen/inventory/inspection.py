"""Looking into a package file of either format, in one view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from debian.deb822 import Deb822

from pkggen.archives.deb import read_deb
from pkggen.archives.rpm import read_rpm
from pkggen.errors import ArtefactError
from pkggen.model import Entry
from pkggen.reading import oddity
from pkggen.signing.openpgp import issuer_of

_RELATIONS = (
    "Pre-Depends", "Depends", "Requires", "Recommends", "Suggests", "Conflicts", "Breaks", "Replaces", "Obsoletes",
    "Provides", "Enhances", "Supplements",
)  # fmt: skip
_RPM_TAGS = {
    "name": "name", "epoch": "serial", "version": "version", "release": "release", "architecture": "arch",
    "maintainer": "packager", "licence": "copyright", "homepage": "url", "section": "group", "summary": "summary",
    "description": "description",
}  # fmt: skip
_DEB_FIELDS = {
    "name": "Package", "version": "Version", "architecture": "Architecture", "maintainer": "Maintainer",
    "homepage": "Homepage", "section": "Section",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a package file says and holds.

    ``metadata`` has the same keys for both formats as far as they have the values; ``relations``
    and ``scripts`` go by the names that the format has for them.
    """

    metadata: Mapping[str, str]
    relations: Mapping[str, tuple[str, ...]]
    scripts: Mapping[str, str]
    files: tuple[Entry, ...]

    def to_dict(self) -> dict[str, object]:
        """Return the same as values that JSON has; modes are octal text such as "0644"."""
        return {
            "metadata": dict(self.metadata),
            "relations": {field: list(terms) for field, terms in self.relations.items()},
            "scripts": dict(self.scripts),
            "files": [_row(entry) for entry in self.files],
        }


def inspect(path: Path) -> Inspection:
    """Return what the .deb or .rpm at ``path`` holds, told apart by its first bytes.

    Raises ArtefactError when it can't be read, is truncated or is neither.
    """
    if (why := oddity(path)) and not why.startswith("does not exist"):
        raise ArtefactError(why, where=str(path))
    try:
        with path.open("rb") as stream:
            magic = stream.read(8)
    except OSError as error:
        raise ArtefactError(f"can't be read: {error.strerror}", where=str(path)) from error
    if magic == b"!<arch>\n":
        return _deb(path)
    if magic.startswith(b"\xed\xab\xee\xdb"):
        return _rpm(path)
    raise ArtefactError("is neither a .deb nor an .rpm", where=str(path))


def _deb(path: Path) -> Inspection:
    archive = read_deb(path)
    control = Deb822(archive.control.get("control", ""))
    if "Package" not in control:
        raise ArtefactError("its control file names no package", where=str(path))
    summary, _, description = control.get("Description", "").partition("\n")
    metadata = {"format": "deb"} | {key: control[field] for key, field in _DEB_FIELDS.items() if field in control}
    metadata |= {
        "summary": summary,
        "description": "\n".join("" if row == " ." else row[1:] for row in description.splitlines()),
        "installed-size": f"{control.get('Installed-Size', '?')} KiB",
        "compression": {"zst": "zstd", "gz": "gzip"}.get(archive.compression, archive.compression),
    }
    metadata |= _signed_by(archive.signatures)
    return Inspection(
        metadata=metadata,
        relations={f: tuple(t.strip() for t in control[f].split(",")) for f in _RELATIONS if f in control},
        scripts={n: archive.control[n] for n in ("preinst", "postinst", "prerm", "postrm") if n in archive.control},
        files=archive.members,
    )


def _rpm(path: Path) -> Inspection:
    archive = read_rpm(path)
    metadata = {"format": "rpm"} | {key: archive.tags[tag] for key, tag in _RPM_TAGS.items() if tag in archive.tags}
    metadata |= {
        "installed-size": f"{-(-int(archive.tags.get('size', '0')) // 1024)} KiB",
        "compression": archive.tags.get("archive_compression", ""),
    }
    metadata |= _signed_by(archive.signatures)
    relations = {f: tuple(dict.fromkeys(archive.relations[f])) for f in _RELATIONS if archive.relations.get(f)}
    return Inspection(metadata, relations, archive.scripts, archive.members)


def _signed_by(signatures: tuple[bytes, ...]) -> dict[str, str]:
    """Return the keys that the signatures name; whether they hold only a keyring can tell."""
    names = []
    for signature in signatures:
        try:
            names.append(issuer_of(signature))
        except ValueError as error:
            names.append(f"({error})")
    return {"signed-by": " ".join(names)} if names else {}


def _row(entry: Entry) -> dict[str, object]:
    row: dict[str, object] = {
        "path": entry.path,
        "kind": entry.kind.value,
        "mode": f"{entry.mode:04o}",
        "owner": entry.owner,
        "group": entry.group,
        "size": entry.size,
        "sha256": entry.sha256,
        "link": entry.link,
        "config": entry.config.value,
    }
    return {key: value for key, value in row.items() if value != ""}
