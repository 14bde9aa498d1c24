"""The rpm format: a spec of our own making, and ``rpmbuild`` in a directory where it finds nothing else."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from email.utils import parseaddr
from pathlib import Path

from pkggen.archives.rpm import read_rpm
from pkggen.errors import IntegrityError, Key, ToolError
from pkggen.formats.buildroot import write_buildroot
from pkggen.formats.compression import Compression, parse_compression
from pkggen.formats.context import changes_of, common_entries, common_texts, template_context
from pkggen.formats.members import complete, differences, name_of, options_of
from pkggen.formats.replacement import can_be_listed, landmark
from pkggen.formats.rpm.files import debris_places, file_lines, ghosts, marked
from pkggen.formats.rpm.header import header_differences, rpm_relations
from pkggen.formats.rpm.signature import sign_rpm
from pkggen.formats.units import recorded_units
from pkggen.metadata.copyright import copyright_of, licence_files
from pkggen.model import Entry, Package, Payload, Purpose, Rendered
from pkggen.model.versions import checked_release, rpm_version
from pkggen.run import find_tool, run, version_of
from pkggen.signing.keys import SigningKey, find_key
from pkggen.templating.templates import Templates, builtin_text

_SCRIPTS = ("pretrans", "pre", "post", "preun", "postun", "posttrans", "verifyscript")
_SCRIPTS_OF = {Purpose.APPLICATION: _SCRIPTS, Purpose.LAYERS: ("pretrans", "pre"), Purpose.PLUGIN: ("pretrans", "pre")}
_OLD = {"el:7"}  # its rpm can't read zstd
_REMEDY = "install rpmbuild (apt-get install rpm, dnf install rpm-build)"
_WITH_THREADS = (4, 18)  # older rpmbuilds read T0 as a level
# build/parseChangelog.c drops an entry of a year before 1990 with a message, and rpmbuild ends well;
# rpmlint takes what is older than rpm itself (1995) for an overflow
_FIRST_DAY = int(datetime(1995, 1, 2, tzinfo=timezone.utc).timestamp())
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Rpm:
    """Makes .rpm files."""

    name = "rpm"
    installer = "dnf install"

    def check_tools(self) -> None:
        """Raise ToolError when what :meth:`assemble` runs is not installed."""
        find_tool("rpmbuild", _REMEDY)

    def signing_key(self, wanted: str, where: Key) -> SigningKey:
        """Return the key that ``wanted`` names; raise ConfigurationError or ToolError."""
        find_tool("rpmsign", "install rpmsign (apt-get install rpm, dnf install rpm-sign)")
        return find_key(wanted, where)

    def packer(self) -> str:
        """Return rpmbuild's name and version."""
        return version_of("rpmbuild")

    def describe(self, payload: Payload) -> Package:
        """Return the payload as rpm names it; raise ConfigurationError for what can't be."""
        options = options_of(payload, self.name)
        name, arch = name_of(payload), "noarch" if payload.is_meta else payload.target.arch
        _, version = rpm_version(payload.project.version)
        release = checked_release(payload.release)
        old = bool(_OLD.intersection(payload.target.distros))
        compression = parse_compression(options.compression, Key.of("rpm", "compression"), old_target=old)
        return Package(
            format=self.name,
            name=name,
            version=version,
            release=release,
            arch=arch,
            filename=f"{name}-{version}-{release}.{arch}.rpm",
            payload=payload,
            relations=rpm_relations(payload),
            compression=str(compression),
        )

    def render(self, package: Package, templates: Templates) -> Rendered:
        """Return the spec, the scriptlets it holds and the files that rpm systems ask for."""
        payload, context = package.payload, template_context(package)
        epoch, _ = rpm_version(payload.project.version)
        evr = f"{package.version}-{package.release}"
        options = options_of(payload, self.name)
        context |= {
            "epoch": epoch,
            "evr": f"{epoch}:{evr}" if epoch else evr,
            "group": options.group or "Applications/System",
            "vendor": options.vendor or parseaddr(str(context["maintainer"]))[0] or package.name,
            "changes": tuple(_changes(payload)),
            "rights": copyright_of(payload, common=False),
            "restart_mark": f"/run/{package.name}.restart",
            "refresh_mark": f"/run/{package.name}.refresh",
        }
        texts = common_texts(templates, context, package)
        context["recorded"] = recorded_units(package, texts)
        licences = f"/usr/share/licenses/{package.name}"
        texts |= {f"{licences}/{name}": text for name, text in licence_files(payload)}
        texts[f"{licences}/copyright"] = templates.render("common/copyright.j2", **context)
        if payload.services:
            preset = f"/usr/lib/systemd/system-preset/80-{package.name}.preset"
            texts[preset] = templates.render("rpm/preset.j2", **context)
        members = _members(package, texts)
        context |= debris_places(members, payload.prefix) | {"landmark": landmark(payload)}
        names = _script_names(payload, members)
        if payload.is_meta:
            names = {"post": "meta_post"} if context["tmpfiles"] else {}
        scripts = {s: templates.render(f"rpm/{t}.j2", **context).strip("\n") + "\n" for s, t in names.items()}
        context |= {
            "scripts": scripts,
            "filetriggers": list(_filetriggers(payload, templates, context)),
            "files": list(file_lines(members, payload)),
        }
        texts[f"{package.name}.spec"] = templates.render("rpm/spec.j2", **context)
        return Rendered(package, texts | scripts, members)

    def entries(self, rendered: Rendered) -> tuple[Entry, ...]:
        """Return everything that the package will hold, sorted by path."""
        return rendered.members

    def assemble(self, rendered: Rendered, directory: Path) -> Path:
        """Pack in ``directory``, which is private to us; return the package's path.

        Raises ToolError and StorageError. Bytes depend on the rendered package and rpm's version alone.
        """
        package = rendered.package
        write_buildroot(rendered.members, directory / "stage", package.payload.epoch)
        (directory / f"{package.name}.spec").write_text(rendered.texts[f"{package.name}.spec"], encoding="utf-8")
        (directory / "magic").write_text(builtin_text("rpm/tiny.magic"), encoding="utf-8")
        with _without_blanks(directory) as home:
            _rpmbuild(package, home)
        path = directory / "rpmbuild" / "RPMS" / package.arch / package.filename
        if not path.is_file():
            raise ToolError(f"rpmbuild wrote no {package.filename}")
        return path

    def sign(self, path: Path, key: SigningKey, directory: Path) -> None:
        """Add the key's signature to the file; raise ToolError or IntegrityError."""
        with _without_blanks(directory) as home:
            sign_rpm(path, key, home)

    def verify(self, path: Path, rendered: Rendered) -> None:
        """Read the package back; raise IntegrityError that lists all that is not as rendered."""
        archive = read_rpm(path)
        found = list(differences(rendered.members, archive.members, path.name))
        found += header_differences(rendered, archive, _SCRIPTS, path.name)
        IntegrityError.raise_all(found)


def _script_names(payload: Payload, members: tuple[Entry, ...]) -> dict[str, str]:
    """Return the scriptlets of a package with a program, each with its template."""
    # posttrans has work only where services or hooks are, or releases may be left of a version that made some
    busy = payload.services or payload.watched
    idle = "verifyscript" if not payload.layout.activated else "" if busy else "posttrans"
    mute = "" if can_be_listed(payload, members) else "pretrans"
    return {s: s for s in _SCRIPTS_OF[payload.purpose] if s not in {idle, mute}}


def _filetriggers(
    payload: Payload, templates: Templates, context: Mapping[str, object]
) -> Iterator[tuple[Sequence[str], Sequence[str], str]]:
    """Yield what is done about other packages' files: directories where they come, where they go, and the script."""
    if payload.interests:
        # an interpreter that goes for good takes nothing along, and one that is replaced has come, too
        own = [path for path in payload.interests if path.startswith(f"{payload.prefix}/")]
        yield payload.interests, own, templates.render("rpm/refresh.j2", **context)
    for trigger in payload.triggers:
        yield trigger.paths, trigger.paths, templates.render("rpm/filetrigger.j2", **context, trigger=trigger)


def _rpmbuild(package: Package, home: Path) -> None:
    """Run rpmbuild on the spec and stage in ``home``, where it finds no one's macros and leaves the result."""
    compression = parse_compression(package.compression, Key.of("rpm", "compression"), old_target=False)
    macros = {
        "_topdir": home / "rpmbuild",
        "_tmppath": home,
        "_dbpath": home / "rpmdb",
        "_binary_payload": _payload_flags(compression),
    }
    spec = home / f"{package.name}.spec"
    run(
        ["rpmbuild", "-bb", "--quiet", "--target", f"{package.arch}-linux", *_defines(macros), spec],
        cwd=home,
        env={
            "SOURCE_DATE_EPOCH": str(package.payload.epoch),
            "HOME": str(home),
            "MAGIC": str(home / "magic"),
            "PKGGEN_STAGE": str(home / "stage"),
        },
        timeout=3600,
    )


@contextmanager
def _without_blanks(directory: Path) -> Iterator[Path]:
    """Yield a path of ``directory`` that rpmbuild can use: it splits its scripts' paths at blanks."""
    if re.fullmatch(r"[\w/.+-]+", str(directory), re.ASCII):
        yield directory
        return
    with tempfile.TemporaryDirectory(prefix="pkggen-", dir="/tmp") as scratch:
        link = Path(scratch, "rpm")
        link.symlink_to(directory.absolute())
        yield link


def _members(package: Package, texts: Mapping[str, str]) -> tuple[Entry, ...]:
    payload = package.payload
    extra = options_of(payload, "rpm").entries
    entries = (*payload.entries, *extra, *common_entries(package, texts), *ghosts(payload))
    return tuple(marked(e) for e in complete(entries, payload, package.name))


def _changes(payload: Payload) -> Iterator[dict[str, object]]:
    """Yield what the spec shows: versions and dates as rpm has them."""
    for change in changes_of(payload):
        epoch, version = rpm_version(change.version)
        release = payload.release if change.version == payload.project.version else "1"
        evr = f"{version}-{release}"
        yield {"version": f"{epoch}:{evr}" if epoch else evr, "date": _date(change.time), "lines": change.items}


def _date(time: int) -> str:
    """Return "Sun Jun 15 2025", in English whatever the locale, and no day that rpm does not know."""
    date = datetime.fromtimestamp(max(time, _FIRST_DAY), timezone.utc)
    return f"{_DAYS[date.weekday()]} {_MONTHS[date.month - 1]} {date.day:02} {date.year}"


def _defines(macros: Mapping[str, object]) -> Iterator[str]:
    for name, value in macros.items():
        yield "--define"
        yield f"{name} {str(value).replace('%', '%%')}"


def _payload_flags(compression: Compression) -> str:
    """Return the value of %_binary_payload; any number of threads but none gives the same bytes, so all cores (T0)."""
    suffix = {"zstd": "zstdio", "xz": "xzdio", "gzip": "gzdio", "none": "ufdio"}[compression.kind]
    if compression.kind == "none":
        return f"w.{suffix}"
    threads = "T0" if compression.kind == "zstd" and _rpm_release() >= _WITH_THREADS else ""
    return f"w{compression.level}{threads}.{suffix}"


def _rpm_release() -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", version_of("rpmbuild"))[:2])
