"""What is wrong with a package: our own rules everywhere, lintian and rpmlint where they are installed."""

from __future__ import annotations

from pkggen.lint.finding import Finding, Report
from pkggen.lint.report import lint_package

__all__ = ["Finding", "Report", "lint_package"]
