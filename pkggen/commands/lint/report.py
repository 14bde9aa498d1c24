"""One package, looked at by all that can."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pkggen.commands.lint.contents import read_contents
from pkggen.commands.lint.finding import Finding, Report
from pkggen.commands.lint.programs import installed, lintian, rpmlint, shell, units
from pkggen.commands.lint.rules import RULES


def lint_package(path: Path) -> Report:
    """Return what is wrong with the .deb or .rpm at ``path``.

    Raises ArtefactError when it can't be read, ToolError when a tool itself fails.
    """
    package = read_contents(path)
    tool = "lintian" if package.format == "deb" else "rpmlint"
    found: list[Finding] = [finding for rule in RULES for finding in rule(package)]
    present = [name for name in ("systemd-analyze", tool) if installed(name)]
    with tempfile.TemporaryDirectory(prefix="pkggen-lint-") as directory:
        scratch = Path(directory)
        found += shell(package, scratch)
        if "systemd-analyze" in present:
            found += units(package, scratch)
        if tool in present:
            found += lintian(path) if tool == "lintian" else rpmlint(path, package, scratch)
    absent = tuple(name for name in ("systemd-analyze", tool) if name not in present)
    return Report(str(path), tuple(found), ("pkggen", "sh", *present), absent)
