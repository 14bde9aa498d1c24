"""Which lintian tags a package of ours can't avoid, and why: an override that matches nothing is a tag itself."""

from __future__ import annotations

from collections.abc import Iterator

from pkggen.formats.members import options_of
from pkggen.model import Kind, Package, Payload, Purpose

_VENDORED = "The interpreter and the wheels are shipped as their makers built them."
_OF_ELF_FILES = (
    (
        "embedded-library",
        "What the interpreter and the wheels need comes with them: no other version is the tested one.",
    ),
    ("library-not-linked-against-libc", _VENDORED),
    ("shared-library-lacks-prerequisites", "Extension modules find the interpreter's symbols in the running process."),
    ("unstripped-binary-or-object", _VENDORED),
    ("statically-linked-binary", _VENDORED),
    ("hardening-no-pie", _VENDORED),
    ("hardening-no-fortify-functions", _VENDORED),
    ("binary-has-unneeded-section", _VENDORED),
    ("spelling-error-in-binary", _VENDORED),
)
_DOCUMENTS = (".rst", ".md", ".txt", ".html")


def _pages(payload: Payload) -> Iterator[str]:
    """Yield the names of the package's own man pages, sections 1 and 8."""
    for entry in options_of(payload, "deb").entries:
        if entry.path.startswith("/usr/share/man/") and entry.path.endswith((".1.gz", ".8.gz")):
            yield entry.path.rsplit("/", 1)[-1][: -len(".1.gz")]


def lintian_overrides(package: Package) -> Iterator[tuple[str, str, str]]:
    """Yield (tag, context, reason) for what applies to ``package``, as far as that can be told without reading files.

    A context is lintian's pattern of where the tag is meant, empty for the package as such.
    """
    payload = package.payload
    if payload.prefix.startswith("/opt/"):
        reason = "An application with its own interpreter and libraries lives below /opt."
        yield "dir-or-file-in-opt", f"[{payload.prefix[1:]}/*]", reason
    if package.compression.startswith("zstd"):
        reason = "Debian 12 and later and Ubuntu read zstd; only Debian's own archive does not take it."
        yield "malformed-deb-archive", "*", reason
    if len(payload.project.changes) < 2:
        yield "initial-upload-closes-no-bugs", "*", "The package is not part of Debian and closes none of its bugs."
    if payload.vendored:
        reason = "It tells what the package brings with it; Debian has no field for that."
        yield "unknown-field", "X-Pkggen-Vendored", reason
    if not payload.is_meta:
        reason = (
            "Only to read which files and digests the version before has, which dpkg-query does not tell with them."
        )
        yield "uses-dpkg-database-directly", "[preinst]", reason
    pages = set(_pages(payload))
    for command in (c for c in payload.project.commands if c not in pages):
        reason = "The commands are those of Python distributions, which bring no manual pages."
        yield "no-manual-page", f"[usr/bin/{command}]", reason
    if payload.services:
        reason = "Only reset-failed, for which deb-systemd-invoke has no word; it is guarded by /run/systemd/system."
        yield "maintainer-script-calls-systemctl", "[prerm:*]", reason
        reason = "The services are made for systemd alone."
        yield "package-supports-alternative-init-but-no-init.d-script", "*", reason
    if payload.purpose is Purpose.APPLICATION and options_of(payload, "deb").removed_conffiles:
        reason = "It is called as debhelper does it, which does not build this package."
        yield "maintainer-script-should-not-use-dpkg-maintscript-helper", "*", reason
    yield from _declared_modes(payload)
    for tree in payload.layout.trees:
        yield from ((tag, f"*[{tree[1:]}/*]", reason) for tag, reason in _below_trees(payload))


def _declared_modes(payload: Payload) -> Iterator[tuple[str, str, str]]:
    reason = "The project asks for it: what lies there is for its own users."
    for entry in options_of(payload, "deb").entries:
        if entry.kind is Kind.DIRECTORY and entry.mode != 0o755:
            yield "non-standard-dir-perm", f"{entry.mode:04o} != 0755 [{entry.path[1:]}/]", reason


def _below_trees(payload: Payload) -> Iterator[tuple[str, str]]:
    if payload.needs.machine:
        yield from _OF_ELF_FILES
    paths = [e.path for e in payload.files()]
    if any("/__pycache__/" in path for path in paths):
        yield (
            "package-installs-python-pycache-dir",
            "Byte code is made and verified with the package; no py3compile runs.",
        )
    names = [path.rsplit("/", 1)[-1].lower() for path in paths]
    if any(n.startswith(("license", "licence", "copying")) for n in names):
        yield "extra-license-file", "Licences stay beside the code they are of, where their makers put them."
    if any(n.endswith(_DOCUMENTS) for n in names):
        yield "package-contains-documentation-outside-usr-share-doc", _VENDORED
    if any(n.endswith(".gz") for n in names):
        yield "package-contains-timestamped-gzip", _VENDORED
    if any(n.endswith(".py") for n in names):
        yield "script-not-executable", "Modules are imported; what is run are the venv's scripts."
        reason = "A module's first line is not used; the venv's scripts name the venv's Python."
        yield "unusual-interpreter", reason
        yield "interpreter-not-absolute", reason
        yield "script-uses-unversioned-python-in-shebang", reason
        yield "python3-script-but-no-python3-dep", reason
    if any(n.endswith(".js") for n in names):
        yield "embedded-javascript-library", "A wheel's pages need the version that came with them."
