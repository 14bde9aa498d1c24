"""The command that writes pkggen's man pages: manual. One for each command, from the same text as its help."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

import pkggen
from pkggen.cli.boundary import boundary
from pkggen.errors import PkggenError
from pkggen.terminal.display import show_path

SECTION = "1"
_FILES = (
    ("pyproject.toml, pkggen.toml", "The configuration: the table tool.pkggen of the first, or all of the second."),
    ("pylock.toml", "The dependencies, locked; written where the project has no lock."),
    ("pkggen.lock", "Which build of a standalone interpreter was taken."),
)
_ENVIRONMENT = (
    ("PKGGEN_CACHE_DIR", "The cache, instead of pkggen below XDG_CACHE_HOME or ~/.cache."),
    ("SOURCE_DATE_EPOCH", "The time of the build, in seconds since 1970, instead of that of the last commit."),
)


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@boundary
def manual(*, directory: Path) -> None:
    """Write pkggen's man pages into DIRECTORY and print their paths.

    That is one for each command. man finds them in ~/.local/share/man/man1, for instance.
    """
    top = click.get_current_context().find_root()
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in pages(top.command, top.info_name or "pkggen"):
        path = directory / f"{name}.{SECTION}"
        path.write_text(text, encoding="utf-8")
        show_path(path)


def roff(value: str) -> str:
    """Return ``value`` as templates write it into manual pages."""
    from pkggen.templating import roff

    return roff.roff(value)


def pages(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[tuple[str, str]]:
    """Yield the pages of ``command`` and of all commands below it: name and source, in the language of man(7).

    Nothing but the commands and pkggen's version decides what they hold: the same give the same bytes.
    """
    context = command.context_class(command, info_name=name, parent=parent, **command.context_settings)
    yield _page_name(context), "\n".join(_page(command, context)) + "\n"
    for child in _children(command, context):
        yield from pages(child, child.name or "", context)


def _children(command: click.Command, context: click.Context) -> list[click.Command]:
    if not isinstance(command, click.Group):
        return []
    found = (command.get_command(context, name) for name in command.list_commands(context))
    return [child for child in found if child is not None and not child.hidden]


def _page_name(context: click.Context) -> str:
    return context.command_path.replace(" ", "-")


def _page(command: click.Command, context: click.Context) -> Iterator[str]:
    """Yield the lines of a page, its sections in the order of man-pages(7). No date: none is the page's own."""
    name = _page_name(context)
    yield f'.TH "{roff(name.upper())}" "{SECTION}" "" "pkggen {pkggen.__version__}" "pkggen manual"'
    # no hyphenation, no filling up of lines: options are copied from here
    yield from (".nh", ".ad l", ".SH NAME", rf"{roff(name)} \- {roff(_summary(command))}")
    yield from (".SH SYNOPSIS", rf"\fB{roff(context.command_path)}\fR {_usage(command, context)}")
    yield ".SH DESCRIPTION"
    for number, paragraph in enumerate((command.help or "").strip().split("\n\n")):
        yield from ([".PP"] if number else [])
        yield _line(" ".join(paragraph.split()))
    options = (p for p in command.get_params(context) if isinstance(p, click.Option))
    records = [record for option in options if (record := option.get_help_record(context))]
    yield from _listed("OPTIONS", [(_option(left), right) for left, right in records])
    below = [(rf"\fB{roff(f'{name}-{c.name}')}\fR({SECTION})", _summary(c) + ".") for c in _children(command, context)]
    yield from _listed("COMMANDS", below)
    if context.parent is None:
        codes = [("0", "Done."), ("1", "Interrupted; or, with a traceback, a bug of pkggen.")]
        codes += [(str(kind.exit_code), (kind.__doc__ or "").strip()) for kind in PkggenError.__subclasses__()]
        yield from _listed("EXIT STATUS", codes)
        yield from _listed("ENVIRONMENT", [(rf"\fB{name}\fR", text) for name, text in _ENVIRONMENT])
        yield from _listed("FILES", [(rf"\fI{roff(name)}\fR", text) for name, text in _FILES])
    else:
        yield from (".SH EXIT STATUS", rf"See \fBpkggen\fR({SECTION}).")
        yield from (".SH SEE ALSO", rf"\fB{roff(_page_name(context.parent))}\fR({SECTION})")


def _summary(command: click.Command) -> str:
    return command.get_short_help_str(limit=1000).rstrip(".")


def _usage(command: click.Command, context: click.Context) -> str:
    """Return the words after the command: ``[OPTIONS]`` is any of the options, all others are arguments."""
    return " ".join(re.sub(r"\w+", r"\\fI\g<0>\\fR", roff(word)) for word in command.collect_usage_pieces(context))


def _option(names: str) -> str:
    r"""Return ``-o, --output PATH`` with its names in bold and what they take in italics."""
    words = names.split()
    return " ".join(
        rf"\fB{roff(word.rstrip(','))}\fR{',' if word.endswith(',') else ''}"
        if word.startswith("-")
        else word
        if word == "/"
        else rf"\fI{roff(word)}\fR"
        for word in words
    )


def _listed(heading: str, items: Sequence[tuple[str, str]]) -> Iterator[str]:
    if items:
        yield f".SH {heading}"
    for term, text in items:
        yield from (".TP", term, _line(text))


def _line(value: str) -> str:
    """Return a line of text; one that begins with a dot or a quote would be a request."""
    return rf"\&{roff(value)}" if value.startswith((".", "'")) else roff(value)
