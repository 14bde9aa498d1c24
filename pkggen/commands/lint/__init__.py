"""What is wrong with a package, by our own rules and by the system's programs; nothing is mended."""

from __future__ import annotations

from pkggen.commands.lint.finding import Finding, Report
from pkggen.commands.lint.report import lint_package

__all__ = ["Finding", "Report", "lint_package"]
