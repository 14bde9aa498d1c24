"""What ``build --publish`` does: the packages of a project, built and then published as its own table says."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from pkggen.commands.publish import Published, publish_packages
from pkggen.config.options import Options
from pkggen.model import BuiltPackage
from pkggen.pipeline import build
from pkggen.project import opened
from pkggen.repository.opening import channel_name, open_repository
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Reporter


def release(
    options: Options, cache: Cache, reporter: Reporter, channel: str
) -> tuple[tuple[BuiltPackage, ...], Published]:
    """Build the packages and publish them in ``channel``, or the usual one; what publishing needs is seen to before."""
    with tempfile.TemporaryDirectory(prefix="pkggen-release-") as scratch, opened(options, Path(scratch)) as project:
        table = project.config.publish
        channel_name(table, channel)
        repository = open_repository(table, int(time.time()), reporter)
        built = build(options, cache, reporter)
        return built, publish_packages([package.path for package in built], repository, table, channel, reporter)
