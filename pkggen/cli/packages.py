"""The commands that make and show packages: build, render, inspect, check."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pkggen.cli.boundary import boundary, default_cache, terminal
from pkggen.terminal.display import one_line, show, show_path

if TYPE_CHECKING:
    from pkggen.config.options import Options
    from pkggen.inventory.inspection import Inspection
    from pkggen.model import BuiltPackage, Rendered

_Command = TypeVar("_Command", bound=Callable[..., Any])
FORMATS = ("deb", "rpm")
"""The names of all formats; help does not load what makes them."""

_formats = click.option(
    "--format", "formats", multiple=True, type=click.Choice(FORMATS), help="Repeatable; all by default."
)


def selection(function: _Command) -> _Command:
    """Add the options that say what is built from what."""
    options = (
        click.argument("path", type=click.Path(path_type=Path), default="."),
        click.option("--package", default="", metavar="NAME", help="The member of the workspace in PATH."),
        click.option("--python", "python", default="", metavar="SOURCE", help="host, system, version, path or URL."),
        click.option("--python-sha256", default="", metavar="HEX", help="The digest of --python's archive."),
        click.option("--release", default="", metavar="N", help="The package's release number."),
        click.option("--target", "targets", multiple=True, metavar="DISTRO", help="Such as debian:12; repeatable."),
        click.option("--arch", default="", metavar="ARCH", help="The machine it is for: x86_64 or aarch64."),
        click.option("--build", multiple=True, metavar="NAME", help="Build this from its source archive; repeatable."),
        click.option("--offline", is_flag=True, help="Use the cache alone, never a network."),
        click.option("--frozen", is_flag=True, help="Never resolve: fail unless everything is locked."),
        click.option("--proof/--no-proof", default=True, help="Try here what the target will try; the default."),
        click.option("-q", "--quiet", is_flag=True, help="Show warnings and errors only."),
        click.option("-v", "--verbose", is_flag=True, help="Show notes and times."),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


_signing = (
    click.option("--sign", default="", metavar="KEY", help="Sign with this key of the gpg keyring."),
    click.option("--no-sign", "sign", flag_value="none", help="Sign nothing, whatever the configuration says."),
)


def signed(function: _Command) -> _Command:
    """Add the options that say by whom packages are signed."""
    for option in reversed(_signing):
        function = option(function)
    return function


def _options(path: Path, formats: tuple[str, ...], *, output: Path = Path("dist"), **rest: Any) -> Options:
    from pkggen.config.options import Options

    return Options(root=path, formats=tuple(dict.fromkeys(formats)) or FORMATS, output=output, **rest)


@click.command()
@selection
@_formats
@signed
@click.option("-o", "--output", type=click.Path(path_type=Path), default="dist", show_default=True)
@click.option("--publish", is_flag=True, help="Put them into the repository of the publish table, too.")
@click.option("--channel", default="", metavar="NAME", help="With --publish: another channel than the usual one.")
@click.option("--changes", default="", metavar="DISTRIBUTION", help="Write a signed .changes for each .deb, too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of paths.")
@boundary
def build(
    *, path: Path, formats: tuple[str, ...], output: Path, publish: bool, channel: str, changes: str, as_json: bool,
    quiet: bool, verbose: bool, **rest: Any,
) -> None:  # fmt: skip
    """Build packages of the project in PATH and print their paths."""
    from pkggen import pipeline

    options, reporter = _options(path, formats, output=output, **rest), terminal(quiet=quiet, verbose=verbose)
    handed_on: tuple[Path, ...] = ()
    if publish or changes:
        from pkggen.commands.release import Wanted, release

        done = release(options, default_cache(), reporter, Wanted(publish, channel, changes))
        built, handed_on = done.built, done.changes
        if done.published:
            reporter.tell(f"{done.published.channel}: generation {done.published.generation}")
    else:
        built = pipeline.build(options, default_cache(), reporter)
    if as_json:
        show(json.dumps({"packages": [_built(b) for b in built], "changes": [str(p) for p in handed_on]}, indent=2))
    else:
        for written in (*(package.path for package in built), *handed_on):
            show_path(written)


def _built(package: BuiltPackage) -> dict[str, str | int | bool]:
    return {
        "format": package.format,
        "path": os.fspath(package.path),
        "size": package.size,
        "sha256": package.sha256,
        "unchanged": package.unchanged,
    }


@click.command()
@selection
@_formats
@click.option("-o", "--output", type=click.Path(path_type=Path), default="rendered", show_default=True)
@boundary
def render(*, path: Path, formats: tuple[str, ...], output: Path, quiet: bool, verbose: bool, **rest: Any) -> None:
    """Write the control file, spec, scripts and file list of PATH's packages, without building."""
    from pkggen import pipeline
    from pkggen.model import Purpose

    options = _options(path, formats, **rest)
    for rendered in pipeline.render(options, default_cache(), terminal(quiet=quiet, verbose=verbose)):
        package = rendered.package
        part = package.name if package.payload.purpose is Purpose.LAYERS else ""
        for written in _write(rendered, output / package.format / part):
            show_path(written)


def _write(rendered: Rendered, directory: Path) -> list[Path]:
    """Write each text by its name; one that is a file of the package lies at its path below ``directory``."""
    texts = {**rendered.texts, "files": _file_list(rendered)}
    written = []
    for name, text in sorted(texts.items()):
        path = directory / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def _file_list(rendered: Rendered) -> str:
    from pkggen import formats

    entries = formats.FORMATS[rendered.package.format].entries(rendered)
    rows = (
        f"{e.mode:04o} {e.owner}:{e.group} {e.size:>10} {e.path}{' -> ' + e.link if e.link else ''}" for e in entries
    )
    return "".join(f"{row}\n" for row in rows)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--files/--no-files", default=True, help="List the package's files.")
@boundary
def inspect(*, file: Path, as_json: bool, files: bool) -> None:
    """Show what a .deb or .rpm FILE holds: metadata, relations, scripts and files."""
    from pkggen.inventory.inspection import inspect as inspect_package

    inspection = inspect_package(file)
    show(json.dumps(inspection.to_dict(), indent=2) if as_json else _view(inspection, files=files))


def _view(inspection: Inspection, *, files: bool) -> str:
    plain = {key: value if key == "description" else one_line(value) for key, value in inspection.metadata.items()}
    lines = [f"{key + ':':<16}{value}" for key, value in plain.items()]
    for field, terms in inspection.relations.items():
        lines += [one_line(f"{field + ':':<16}{', '.join(terms)}")]
    for name, text in inspection.scripts.items():
        lines += ["", f"--- {name}", text.rstrip()]
    if files:
        lines += [
            "",
            *(
                one_line(f"{f.mode:04o} {f.owner}:{f.group} {f.size:>10} {f.path}{' -> ' + f.link if f.link else ''}")
                for f in inspection.files
            ),
        ]
    return "\n".join(lines)


@click.command()
@selection
@_formats
@signed
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@boundary
def check(*, path: Path, formats: tuple[str, ...], as_json: bool, quiet: bool, verbose: bool, **rest: Any) -> None:
    """Validate the project in PATH: configuration, metadata, lock and tools. Build no package."""
    from pkggen.commands.check import check as check_project

    options = _options(path, formats, **rest)
    findings = check_project(options, default_cache(), terminal(quiet=quiet, verbose=verbose))
    if as_json:
        show(json.dumps(findings, indent=2))
    else:
        for key, value in findings.items():
            show(one_line(f"{key + ':':<14}{value}"))
