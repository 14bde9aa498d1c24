"""The command that prints the completion of pkggen's own command line for a shell: completion."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from pkggen.cli.boundary import boundary
from pkggen.terminal.display import show

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@boundary
def completion(*, shell: str) -> None:
    """Print the completion of pkggen's commands for SHELL: bash, zsh or fish.

    Where bash-completion is, bash reads it from ~/.local/share/bash-completion/completions/pkggen; fish reads it from
    ~/.config/fish/completions/pkggen.fish, zsh from a file _pkggen in a directory of its fpath.
    """
    top = click.get_current_context().find_root()
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click has had these three since its version 8
    name = "pkggen"  # python -m pkggen.cli has another, which no shell can complete
    show(kind(top.command, {}, name, f"_{name.upper()}_COMPLETE").source().rstrip("\n"))
