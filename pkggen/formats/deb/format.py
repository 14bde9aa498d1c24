"""The Debian format: a control file, four maintainer scripts and ``dpkg-deb`` around the payload."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from email.utils import format_datetime
from pathlib import Path

from pkggen.archives.deb import DebArchive, read_deb
from pkggen.errors import ConfigurationError, IntegrityError, Key, Problem
from pkggen.formats.buildroot import write_buildroot
from pkggen.formats.compression import Compression, parse_compression
from pkggen.formats.context import changes_of, common_entries, common_texts, template_context
from pkggen.formats.deb.control import debian_relations, installed_size
from pkggen.formats.deb.lintian import lintian_overrides
from pkggen.formats.deb.signature import sign_deb
from pkggen.formats.members import (
    complete,
    differences,
    directories,
    is_owned,
    name_of,
    options_of,
)  # fmt: skip
from pkggen.formats.replacement import replacement_context
from pkggen.formats.units import recorded_units
from pkggen.metadata.copyright import copyright_of
from pkggen.model import ConfigKind, Entry, Kind, Package, Payload, Purpose, Rendered, Role
from pkggen.model.entry import generated_entry
from pkggen.model.versions import debian_version
from pkggen.payload.files.places import gzipped
from pkggen.run import find_tool, run, version_of
from pkggen.signing.keys import SigningKey, find_key
from pkggen.templating.templates import Templates

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_SCRIPTS = ("preinst", "postinst", "prerm", "postrm")
_OLD = {"debian:10", "debian:11"}  # their dpkg can't read zstd; Ubuntu's can since 18.04
_REMEDY = "install dpkg (apt-get install dpkg, dnf install dpkg)"


class Deb:
    """Makes .deb files."""

    name = "deb"
    installer = "apt install"

    def check_tools(self) -> None:
        """Raise ToolError when what :meth:`assemble` runs is not installed."""
        find_tool("dpkg-deb", _REMEDY)

    def signing_key(self, wanted: str, where: Key) -> SigningKey:
        """Return the key that ``wanted`` names; raise ConfigurationError or ToolError."""
        return find_key(wanted, where)

    def packer(self) -> str:
        """Return dpkg-deb's name and version."""
        return version_of("dpkg-deb")

    def describe(self, payload: Payload) -> Package:
        """Return the payload as Debian names it; raise ConfigurationError or ArtefactError for what can't be."""
        options = options_of(payload, self.name)
        name, arch = name_of(payload), "all" if payload.is_meta else _ARCHITECTURES[payload.target.arch]
        version = debian_version(payload.project.version, payload.release)
        old = bool(_OLD.intersection(payload.target.distros))
        compression = parse_compression(options.compression, Key.of("deb", "compression"), old_target=old)
        return Package(
            format=self.name,
            name=name,
            version=version,
            release=payload.release,
            arch=arch,
            filename=f"{name}_{version.split(':')[-1]}_{arch}.deb",
            payload=payload,
            relations=debian_relations(payload),
            compression=str(compression),
        )

    def render(self, package: Package, templates: Templates) -> Rendered:
        """Return the control files and the files that Debian asks for, as text by their names or paths."""
        payload, share = package.payload, "/usr/share"
        context = template_context(package) | {
            "section": options_of(payload, self.name).section or "misc",
            "priority": options_of(payload, self.name).priority or "optional",
            "changes": tuple(_changes(payload)),
            "rights": copyright_of(payload, common=True),
            "vendored": tuple(f"{c.name} (= {c.version})" for c in payload.vendored),
            "overrides": tuple(lintian_overrides(package)),
        }
        texts = common_texts(templates, context, package)
        context["recorded"] = recorded_units(package, texts)
        texts |= {
            f"{share}/doc/{package.name}/copyright": templates.render("common/copyright.j2", **context),
            f"{share}/doc/{package.name}/changelog.Debian": templates.render("deb/changelog.j2", **context),
            f"{share}/lintian/overrides/{package.name}": templates.render("deb/overrides.j2", **context),
        }
        entries = _members(package, texts)
        context |= {
            "installed_size": installed_size(entries),
            "removed_conffiles": _removed_conffiles(payload, entries),
            "emptied": _emptied(package, entries),
            "owned": [e for e in entries if (e.owner, e.group) != ("root", "root")],
            **replacement_context(payload, entries),
        }
        texts["control"] = templates.render("deb/control.j2", **context)
        texts |= {s: templates.render(f"deb/{template}.j2", **context) for s, template in _scripts(context, payload)}
        # noawait: the package that brought the files does not wait for us (deb-triggers(5))
        if paths := dict.fromkeys([*payload.interests, *(p for t in payload.triggers for p in t.paths)]):
            texts["triggers"] = "".join(f"interest-noawait {p}\n" for p in paths)
        conffiles = "".join(f"{e.path}\n" for e in entries if e.config is not ConfigKind.NONE)
        return Rendered(package, texts | ({"conffiles": conffiles} if conffiles else {}), entries)

    def entries(self, rendered: Rendered) -> tuple[Entry, ...]:
        """Return everything that the package will hold, sorted by path."""
        return rendered.members

    def assemble(self, rendered: Rendered, directory: Path) -> Path:
        """Pack in ``directory``, which is private to us; return the package's path.

        Raises ToolError and StorageError. Bytes depend on the rendered package and dpkg's version alone.
        """
        payload, root = rendered.package.payload, directory / "root"
        entries = rendered.members
        write_buildroot((*_control_files(rendered, entries), *entries), root, payload.epoch)
        path = directory / rendered.package.filename
        compression = parse_compression(rendered.package.compression, Key.of("deb", "compression"), old_target=False)
        run(
            ["dpkg-deb", "--root-owner-group", *_flags(compression), "--build", root, path],
            env={"SOURCE_DATE_EPOCH": str(payload.epoch), "HOME": str(directory)},
            timeout=3600,
        )
        return path

    def sign(self, path: Path, key: SigningKey, directory: Path) -> None:
        """Add the key's signature to the file; raise ToolError or IntegrityError."""
        sign_deb(path, key, directory)

    def verify(self, path: Path, rendered: Rendered) -> None:
        """Read the package back; raise IntegrityError that lists all that is not as rendered."""
        archive = read_deb(path)
        found = list(differences(_as_packed(rendered), archive.members, path.name))
        found += _control_differences(rendered, archive, path.name)
        IntegrityError.raise_all(found)


def _removed_conffiles(payload: Payload, entries: tuple[Entry, ...]) -> tuple[str, ...]:
    """Return the paths; raise ConfigurationError for those that the package still has."""
    paths = () if payload.purpose is not Purpose.APPLICATION else options_of(payload, "deb").removed_conffiles
    present = {e.path for e in entries}
    where, remedy = Key.of("deb", "removed-conffiles"), "remove it from one of the two"
    ConfigurationError.raise_all(Problem(f"{p} is still in the package", where, remedy) for p in paths if p in present)
    return paths


def _emptied(package: Package, entries: tuple[Entry, ...]) -> list[str]:
    """Return the package's own directories that were there for removed conffiles alone, deepest first."""
    payload = package.payload
    present = {e.path for e in entries} | directories(entries)
    paths = [Entry(p) for p in options_of(payload, "deb").removed_conffiles]
    gone = directories(paths) - present
    return sorted((d for d in gone if is_owned(d, payload.prefix, package.name)), reverse=True)


def _scripts(context: Mapping[str, object], payload: Payload) -> Iterator[tuple[str, str]]:
    """Yield the maintainer scripts that the package has, each with its template."""
    if payload.purpose is not Purpose.APPLICATION:
        yield "preinst", "preinst"
        yield "postinst", "layers_postinst"
        yield "prerm", "layers_prerm"
        yield "postrm", "layers_postrm"
        return
    if not payload.is_meta:
        yield from zip(_SCRIPTS, _SCRIPTS, strict=True)
        return
    if context["removed_conffiles"]:
        yield "preinst", "meta_preinst"
    if context["owned"] or context["tmpfiles"] or context["triggers"] or context["removed_conffiles"]:
        yield "postinst", "meta_postinst"
    if context["ghosts"] or context["removed_conffiles"]:
        yield "postrm", "meta_postrm"


def _changes(payload: Payload) -> Iterator[dict[str, object]]:
    """Yield what changelog.j2 shows: versions and dates as Debian has them."""
    for change in changes_of(payload):
        release = payload.release if change.version == payload.project.version else "1"
        date = format_datetime(datetime.fromtimestamp(change.time, timezone.utc))
        yield {"version": debian_version(change.version, release), "date": date, "lines": change.items}


def _members(package: Package, texts: Mapping[str, str]) -> tuple[Entry, ...]:
    payload = package.payload
    own = (_compressed(e) if e.path.endswith("/changelog.Debian") else e for e in common_entries(package, texts))
    extra = (e for e in options_of(payload, "deb").entries if e.role is not Role.GHOST)
    return complete((*payload.entries, *extra, *own), payload, package.name)


def _compressed(entry: Entry) -> Entry:
    """Return the entry as ``gzip -9n`` packs it (Debian policy 12.7)."""
    return generated_entry(f"{entry.path}.gz", gzipped(entry.content or b""), entry.mtime)


def _control_files(rendered: Rendered, entries: tuple[Entry, ...]) -> Iterator[Entry]:
    """Yield what goes to DEBIAN/ in the build directory."""
    epoch = rendered.package.payload.epoch
    texts = {n: t for n, t in rendered.texts.items() if not n.startswith("/")}
    digests = {e.path: _md5(e) for e in entries if e.kind is Kind.FILE and e.config is ConfigKind.NONE}
    texts["md5sums"] = _md5sums(digests)
    for name, text in sorted(texts.items()):
        yield generated_entry(f"/DEBIAN/{name}", text.encode(), epoch, 0o755 if name in _SCRIPTS else 0o644)


def _md5sums(digests: dict[str, str]) -> str:
    return "".join(f"{digest}  {path[1:]}\n" for path, digest in sorted(digests.items()))


def _md5(entry: Entry) -> str:
    """Return the digest that ``dpkg --verify`` compares (deb-md5sums(5))."""
    data = entry.source.read_bytes() if entry.source else entry.content or b""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _flags(compression: Compression) -> tuple[str, ...]:
    if compression.kind == "none":
        return ("-Znone",)
    # zstd's bytes depend on whether threads are used, xz's do not
    threads = ("--threads-max=1",) if compression.kind == "zstd" else ()
    return (f"-Z{compression.kind}", f"-z{compression.level}", *threads)


def _as_packed(rendered: Rendered) -> Iterator[Entry]:
    """Yield what the archive should list: everything is root's (postinst gives files away), parents included."""
    entries = rendered.members
    known = {e.path for e in entries}
    for path in directories(entries) - known:
        yield Entry(path, Kind.DIRECTORY, 0o755, mtime=rendered.package.payload.epoch)
    for entry in entries:
        config = ConfigKind.NONE if entry.config is ConfigKind.NONE else ConfigKind.NOREPLACE
        yield replace(entry, owner="root", group="root", config=config, role=Role.NONE)


def _control_differences(rendered: Rendered, archive: DebArchive, path: str) -> Iterator[Problem]:
    wanted = {n: t for n, t in rendered.texts.items() if not n.startswith("/")}
    config = {e.path for e in archive.members if e.config is not ConfigKind.NONE}
    wanted["md5sums"] = _md5sums({p: d for p, d in archive.md5.items() if p not in config})
    for name in sorted(wanted.keys() | archive.control.keys()):
        if wanted.get(name) != archive.control.get(name):
            yield Problem(f"control file {name} is not what was rendered", path)
