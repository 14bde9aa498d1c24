"""Which repository is meant, and opening it: what the commands about repositories share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from pkggen.config.tables import PublishTable
    from pkggen.repository.family import Repository
    from pkggen.repository.generations import Generation
    from pkggen.terminal.console import Terminal

_Command = TypeVar("_Command", bound=Callable[..., Any])
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
channel_option = click.option("--channel", default="", metavar="NAME", help="The first of publish.channels by default.")

_where = (
    click.option("--to", default="", metavar="URL", help="The repository: a directory, s3://, gs:// or az://."),
    click.option(
        "--project", type=click.Path(path_type=Path, exists=True, file_okay=False), default=".", show_default=True,
        help="Whose publish table says the rest.",
    ),
)  # fmt: skip
_how = (
    click.option("-q", "--quiet", is_flag=True, help="Show warnings and errors only."),
    click.option("-v", "--verbose", is_flag=True, help="Show notes and times."),
)


def addressed(function: _Command) -> _Command:
    """Add the options that say which repository is meant."""
    for option in reversed(_where):
        function = option(function)
    return function


def located(function: _Command) -> _Command:
    """Add the same, and how much is told meanwhile."""
    for option in reversed(_how):
        function = option(function)
    return addressed(function)


key_option = click.option(
    "--key", "keys", multiple=True, metavar="KEY", help="Sign with this key of the gpg keyring; repeatable."
)


@contextmanager
def configured(project: Path, **given: Any) -> Iterator[PublishTable]:
    """Yield the publish table with what the command line gave (see Wishes); errors say where a setting stands."""
    from pkggen.config.load import read_config
    from pkggen.config.publishing import Wishes

    config, provenance = read_config(project)
    wishes = Wishes(**given)
    with wishes.placed(provenance).placing():
        yield wishes.applied(config.publish)


@contextmanager
def opened(project: Path, reporter: Terminal, **given: Any) -> Iterator[tuple[Repository, PublishTable]]:
    """Yield the repository, open to be written to, and its table with what the command line gave."""
    from pkggen.repository.opening import open_repository

    with configured(project, **given) as table:
        yield open_repository(table, int(time.time()), reporter), table


def changing(function: _Command) -> _Command:
    """Add the same, and whose keys sign: the options of a command that writes."""
    return key_option(located(function))


def tell_change(channel: str, generation: Generation, reporter: Terminal) -> None:
    """Tell what a channel holds now."""
    reporter.tell(f"{channel}: generation {generation.number}, {generation.note}")
