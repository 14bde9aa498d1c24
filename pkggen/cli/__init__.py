"""The command line: arguments in, exit codes out; the only click. What a verb does is in ``commands``."""

from __future__ import annotations

import gc
from importlib import import_module
from typing import Any

import click

from pkggen.terminal.display import one_line

COMMANDS = {
    "init": "proposal",
    "build": "packages",
    "render": "packages",
    "inspect": "packages",
    "diff": "insight",
    "sbom": "insight",
    "check": "packages",
    "lint": "lint",
    "publish": "publishing",
    "repository": "repositories",
    "deps": "dependencies",
    "lock": "locks",
    "vendor": "locks",
    "python": "interpreters",
    "templates": "templates",
    "cache": "caches",
    "completion": "completion",
    "manual": "manual",
}
"""Command → the module that has it."""


class Commands(click.Group):
    """Imports the module of a command when it is asked for: a build needs a third of all of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the commands in the order in which help shows them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Return the command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        found = getattr(import_module(f"pkggen.cli.{COMMANDS[cmd_name]}"), cmd_name)
        assert isinstance(found, click.Command)  # noqa: S101 - of our own making
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what click refuses quotes a word of the command line, which may be anybody's file name."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            vars(error)["message"] = one_line(error.message)  # final for type checkers, yet what is shown
            raise


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="pkggen", prog_name="pkggen")
def main() -> None:
    """Turn a Python project into .deb and .rpm packages that carry all they need."""
    # a build is short and holds 100,000 small values without circles: looking for these took a tenth of it
    gc.set_threshold(200_000, 50, 100)
