"""The commands about interpreters: python list, fetch, harvest, check."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import click

from pkggen.cli.boundary import boundary, default_cache, terminal
from pkggen.terminal.display import one_line, show

_arch = click.option("--arch", default="", metavar="ARCH", help="Another machine than this: x86_64 or aarch64.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_keep = click.option("--keep", multiple=True, metavar="NAME", help="A trim profile whose files stay; repeatable.")


@click.group("python")
def python() -> None:
    """Interpreters: what can be embedded, and getting it ready."""


@python.command("list")
@click.argument("versions", default="")
@_arch
@click.option("--all", "every", is_flag=True, help="Every published build, not only the newest of each 3.X.")
@click.option("--trim", is_flag=True, help="Show instead what interpreters are trimmed of, and python.keep can keep.")
@_json
@boundary
def list_offers(*, versions: str, arch: str, every: bool, trim: bool, as_json: bool) -> None:
    """Show interpreters that python.source could name: this machine's, cached and published standalone builds.

    VERSIONS is such as 3.12 or ">=3.11,<3.13". No network is asked.
    """
    from packaging.specifiers import SpecifierSet

    from pkggen.interpreter import offers, versions_of
    from pkggen.targets.distributions import resolve_target

    if trim:
        _tell_profiles(as_json=as_json)
        return
    wanted = versions_of(versions) if versions else SpecifierSet(">=3.10")
    found = offers(wanted, resolve_target((), arch).arch, default_cache(), every=every)
    if as_json:
        show(json.dumps([asdict(offer) for offer in found], indent=2))
        return
    for offer in found:
        about = f"can't be embedded: {offer.obstacle}" if offer.obstacle else offer.name
        show(f"{offer.kind:<10}{offer.version or '-':<9}{offer.source:<32} {about}")


@python.command()
@click.argument("version")
@_arch
@click.option("--mirror", default="", metavar="URL", help="Where to get it instead of from the publisher.")
@click.option("--sha256", default="", metavar="HEX", help="Its digest, where the index has none.")
@click.option("--offline", is_flag=True, help="Tell whether it is in the cache, never ask a network.")
@_json
@boundary
def fetch(*, version: str, arch: str, mirror: str, sha256: str, offline: bool, as_json: bool) -> None:
    """Bring the newest standalone build of VERSION into the cache, and print what it is.

    VERSION is such as 3.12, 3.12.4 or ">=3.11,<3.13". Builds then need no network for it.
    """
    from pkggen.interpreter import fetch_standalone
    from pkggen.model import PythonSpec
    from pkggen.targets.distributions import resolve_target

    machine = resolve_target((), arch).arch
    cache = default_cache()
    spec = PythonSpec(version, sha256, mirror)
    release = fetch_standalone(spec, machine, cache, terminal(), offline=offline)
    _tell(
        {
            "version": release.version,
            "url": release.origin,
            "sha256": release.sha256,
            "path": os.fspath(cache.blob_path(release.sha256)),
        },
        as_json=as_json,
    )


@python.command("harvest")
@click.argument("path", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="Such as python.tar.gz.")
@_keep
@_json
@boundary
def harvest_python(*, path: Path | None, output: Path, keep: tuple[str, ...], as_json: bool) -> None:
    """Write the interpreter at PATH, made relocatable, to an archive that --python can name.

    Without PATH it is the one that runs pkggen. The same interpreter gives the same archive.
    """
    from pkggen.interpreter import harvest
    from pkggen.targets.runs_on import systems

    reporter = terminal()
    made = harvest(path.absolute() if path else None, output, keep, default_cache(), reporter)
    _tell(
        {
            "path": os.fspath(output),
            "version": made.version,
            "size": str(output.stat().st_size),
            "sha256": made.digest,
            "runs-on": _runs_on(made.tree.needs.glibc, systems(made.tree.needs)),
        },
        as_json=as_json,
    )


@python.command("check")
@click.argument("source")
@_arch
@click.option("--sha256", default="", metavar="HEX", help="The archive's digest.")
@_keep
@click.option("--offline", is_flag=True, help="Use the cache alone, never a network.")
@_json
@boundary
def check_python(
    *,
    source: str,
    arch: str,
    sha256: str,
    keep: tuple[str, ...],
    offline: bool,
    as_json: bool,
) -> None:
    """Make the interpreter that SOURCE names ready as a build would, prove it, and tell what it runs on."""
    from packaging.specifiers import SpecifierSet

    from pkggen.interpreter import prove, resolve_interpreter
    from pkggen.model import PythonSpec
    from pkggen.targets.distributions import resolve_target
    from pkggen.targets.runs_on import systems

    cache, target = default_cache(), resolve_target((), arch)
    made = resolve_interpreter(
        PythonSpec(source, sha256, keep=keep), target, cache, terminal(),
        requires_python=SpecifierSet(), root=Path(), offline=offline,
    )  # fmt: skip
    needs = made.tree.needs
    if made.system:
        _tell({"version": made.minor, "origin": made.origin, "executable": made.executable}, as_json=as_json)
        return
    missing = prove(made, cache) if made.runs_here else ()
    _tell(
        {
            "version": made.version,
            "origin": made.origin,
            "digest": made.digest,
            "machine": target.arch,
            "size": str(sum(entry.size for entry in made.tree.entries)),
            "self-test": "passed" if made.runs_here else f"not run: {target.arch} programs don't run here",
            "lacks": ", ".join(missing) or "nothing common",
            "runs-on": _runs_on(needs.glibc, systems(needs)),
        },
        as_json=as_json,
    )


def _tell_profiles(*, as_json: bool) -> None:
    from pkggen.interpreter import PROFILES

    if as_json:
        show(json.dumps(PROFILES, indent=2))
        return
    for name, patterns in PROFILES.items():
        show(f"{name:<15}{' '.join(patterns)}")


def _runs_on(glibc: tuple[int, ...], where: str) -> str:
    return f"{where} (glibc {'.'.join(map(str, glibc))})"


def _tell(findings: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        show(json.dumps(findings, indent=2))
        return
    for key, value in findings.items():
        show(one_line(f"{key + ':':<11}{value}"))
