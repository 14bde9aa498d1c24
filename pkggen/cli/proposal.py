"""The command that proposes a configuration: init."""

from __future__ import annotations

from pathlib import Path

import click

from pkggen.cli.boundary import boundary, default_cache, terminal
from pkggen.terminal.display import show, show_path


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--write", is_flag=True, help="Add it to pyproject.toml, or write pkggen.toml where there is none.")
@click.option("-q", "--quiet", is_flag=True, help="Show errors only.")
@boundary
def init(*, path: Path, write: bool, quiet: bool) -> None:
    """Propose a configuration for what is in PATH and print it.

    What is a choice, such as a service, is a comment. An existing configuration is never changed.
    """
    from pkggen.commands.init import propose, write_proposal

    proposal = propose(path, default_cache(), terminal(quiet=quiet))
    if write:
        write_proposal(proposal)
        show_path(proposal.file)
    else:
        show(proposal.text, end="")
