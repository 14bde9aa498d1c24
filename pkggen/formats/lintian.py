"""Which lintian tags a package of ours can't avoid, and why: an override that matches nothing is a tag itself."""

from __future__ import annotations

from pkggen.model import Payload


def lintian_overrides(payload: Payload) -> tuple[tuple[str, str], ...]:
    """Return (tag, reason) pairs that apply to ``payload``."""
    found = [("dir-or-file-in-opt *", "An application with its own interpreter and libraries lives below /opt.")]
    if not payload.prefix.startswith("/opt/"):
        found.clear()
    found.append(("initial-upload-closes-no-bugs *", "The package is not part of Debian and closes none of its bugs."))
    if payload.project.commands:
        found.append(
            ("no-manual-page *", "The commands are those of Python distributions, which bring no manual pages.")
        )
    if payload.services:
        found.append(
            ("package-supports-alternative-init-but-no-init.d-script *", "The services are made for systemd alone.")
        )
    return tuple(found)
