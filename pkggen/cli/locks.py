"""The commands about dependencies: lock, vendor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pkggen.cli.boundary import boundary, default_cache, terminal
from pkggen.cli.packages import selection
from pkggen.terminal.display import show_path


@click.command()
@selection
@click.option("-U", "--upgrade", is_flag=True, help="Let every version rise.")
@click.option("-P", "--upgrade-package", "packages", multiple=True, metavar="NAME", help="Let this one rise.")
@boundary
def lock(*, path: Path, upgrade: bool, packages: tuple[str, ...], quiet: bool, verbose: bool, **rest: Any) -> None:
    """Write or refresh pylock.toml of the project in PATH and print its path.

    What is locked stays as far as it fits. With --frozen, nothing is written: it is an error
    when the lock is missing or older than the requirements.
    """
    from pkggen.commands import lock as locking
    from pkggen.config.options import Options
    from pkggen.wheels import Renewal

    told = terminal(quiet=quiet, verbose=verbose)
    path_of_lock = locking.lock(Options(root=path, **rest), Renewal(upgrade, packages), default_cache(), told)
    if path_of_lock:
        show_path(path_of_lock)
    else:
        told.tell("no dependencies: nothing to lock")


@click.command()
@selection
@click.argument("directory", type=click.Path(path_type=Path), required=False, metavar="DIRECTORY")
@boundary
def vendor(*, path: Path, directory: Path | None, quiet: bool, verbose: bool, **rest: Any) -> None:
    """Copy the locked wheels of the project in PATH into DIRECTORY, for builds without a network."""
    from pkggen.commands import lock as locking
    from pkggen.config.options import Options

    if directory is None:  # the first of the two may be left out, which click can't tell
        path, directory = Path(), path
    told = terminal(quiet=quiet, verbose=verbose)
    vendored = locking.vendor(Options(root=path, **rest), directory, default_cache(), told)
    for file in vendored.files:
        show_path(file)
    for need in vendored.further:
        told.tell(f"an offline build needs, too: {need}")
