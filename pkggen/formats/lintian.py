"""Which lintian tags a package of ours can't avoid, and why: an override that matches nothing is a tag itself."""

from __future__ import annotations

from collections.abc import Iterator

from pkggen.model import Payload

_VENDORED = "The interpreter and the wheels are shipped as their makers built them."
_OF_ELF_FILES = (
    (
        "embedded-library",
        "What the interpreter and the wheels need comes with them: no other version is the tested one.",
    ),
    ("library-not-linked-against-libc", _VENDORED),
    ("shared-library-lacks-prerequisites", "Extension modules find the interpreter's symbols in the running process."),
    ("hardening-no-pie", _VENDORED),
    ("hardening-no-fortify-functions", _VENDORED),
    ("binary-has-unneeded-section", _VENDORED),
    ("spelling-error-in-binary", _VENDORED),
)
_DOCUMENTS = (".rst", ".md", ".txt", ".html")


def lintian_overrides(payload: Payload) -> Iterator[tuple[str, str]]:
    """Yield (tag, reason) pairs that apply to ``payload``, as far as that can be told without reading files."""
    if payload.prefix.startswith("/opt/"):
        yield "dir-or-file-in-opt", "An application with its own interpreter and libraries lives below /opt."
    yield "initial-upload-closes-no-bugs", "The package is not part of Debian and closes none of its bugs."
    if payload.project.commands:
        yield "no-manual-page", "The commands are those of Python distributions, which bring no manual pages."
    if payload.services:
        yield "package-supports-alternative-init-but-no-init.d-script", "The services are made for systemd alone."
    if payload.needs.machine:
        yield from _OF_ELF_FILES
    names = [e.path.rsplit("/", 1)[-1].lower() for e in payload.files()]
    if any(n.startswith(("license", "licence", "copying")) for n in names):
        yield "extra-license-file", "Licences stay beside the code they are of, where their makers put them."
    if any(n.endswith(_DOCUMENTS) for n in names):
        yield "package-contains-documentation-outside-usr-share-doc", _VENDORED
