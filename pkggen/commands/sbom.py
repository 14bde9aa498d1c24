"""The bill of materials of a package file, or of the package that a project makes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from packaging.utils import canonicalize_name

from pkggen.config.options import Options
from pkggen.errors import ConfigurationError
from pkggen.gather import gather
from pkggen.inventory.bill import Bill, bill_of
from pkggen.inventory.package_inventory import read_inventory
from pkggen.pipeline import build_opened
from pkggen.project import opened
from pkggen.store.cache import Cache
from pkggen.store.writing import looking
from pkggen.terminal.reporter import Reporter


def bill_of_package(path: Path) -> Bill:
    """Return the bill of a .deb or .rpm; raises ArtefactError when it can't be read."""
    return bill_of(read_inventory(path))


def bill_of_project(options: Options, cache: Cache, reporter: Reporter) -> Bill:
    """Return the bill of the package that the project makes in the one format of ``options``; errors as for a build.

    The package is built in a scratch directory. What comes with it is the digests of the wheels that
    were fetched, which the package itself does not hold.
    """
    with (
        looking(),
        cache.scratch() as scratch,
        opened(replace(options, output=scratch / "dist"), scratch) as project,
    ):
        built = build_opened(project, cache, reporter)
        if len(built) > 1:
            raise ConfigurationError(
                f"the project makes {len(built)} packages",
                where=str(options.root),
                remedy="build them, and give the file of the one that is meant",
            )
        parts = gather(project, cache, reporter).parts
        digests = {str(canonicalize_name(d.wheel.name)): d.wheel.sha256 for d in parts.dependencies}
        return bill_of(read_inventory(built[0].path), digests)
