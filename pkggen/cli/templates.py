"""The commands about templates: templates list, copy, diff."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pkggen.cli.boundary import boundary, terminal
from pkggen.terminal.display import show, show_path

if TYPE_CHECKING:
    from pkggen.templating.overrides import Template

_DEFAULT_FOLDER = "packaging"
_project = click.option(
    "--project", type=click.Path(path_type=Path, exists=True, file_okay=False), default=".", help="Its folder."
)


@click.group()
def templates() -> None:
    """Templates of control files, scripts and units: what there is, and the project's own."""


@templates.command("list")
@_project
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@boundary
def list_templates(*, project: Path, as_json: bool) -> None:
    """Show each template, the file it becomes, its blocks, and whether the project overrides it (*)."""
    from pkggen.templating.overrides import catalogue, check_overrides

    folder = _folder(project)
    found = catalogue(folder)
    if as_json:
        show(json.dumps([t.to_dict() for t in found], indent=2))
    else:
        for template in found:
            show(_row(template))
    if folder:
        check_overrides(folder)


def _row(template: Template) -> str:
    mark = "*" if template.override else " "
    return f"{mark} {template.name:<26} {template.becomes}\n{'':<29}blocks: {', '.join(template.blocks)}"


@templates.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_project
@click.option("--all", "every", is_flag=True, help="Every template there is.")
@click.option("--whole", is_flag=True, help="All of it, instead of a template that extends ours.")
@boundary
def copy(*, names: tuple[str, ...], project: Path, every: bool, whole: bool) -> None:
    """Write templates into the project's folder of templates, to be changed there; print their paths."""
    from pkggen.config.load import load_config
    from pkggen.templating import overrides

    if bool(names) == every:
        raise click.UsageError("name templates, or say --all")
    configured = load_config(project).templates
    folder = project / (configured or _DEFAULT_FOLDER)
    for path in overrides.copy(overrides.chosen(names, folder), folder, whole=whole):
        show_path(path)
    if not configured:
        terminal().warn(f'they count once the configuration says templates = "{_DEFAULT_FOLDER}"')


@templates.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_project
@boundary
def diff(*, names: tuple[str, ...], project: Path) -> None:
    """Show what the project's templates change in ours, as a unified diff."""
    from pkggen.templating.overrides import chosen, difference

    for template in chosen(names, _folder(project)):
        show(difference(template), end="")


def _folder(project: Path) -> Path | None:
    from pkggen.config.load import load_config

    configured = load_config(project).templates
    return project / configured if configured else None
