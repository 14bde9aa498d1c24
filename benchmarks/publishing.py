"""One more package in a repository of many, and the first index of all: pkggen against the usual tools, in one run.

    python -m benchmarks.publishing [--packages 1000 --packages 10000] [--rounds 3] [--folder DIR]

``apt-ftparchive`` with its ``--db``, signed by gpg afterwards, and ``reprepro`` with gz alone and with gz and xz
against ``pkggen publish`` of a .deb; ``createrepo_c --update`` signed by gpg against that of an .rpm. What is
missing on this machine is left out and said so. The packages are tiny, so that the indexes are what costs; the
order changes from round to round.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.cost import Cost, cost_of, median_of
from benchmarks.packages import many_debs, many_rpms

KEY = "benchmark@example.invalid"
PKGGEN = str(Path(sys.executable).with_name("pkggen"))
CREATEREPO = shutil.which("createrepo_c") or str(Path(sys.executable).with_name("createrepo_c"))


@dataclass
class Tool:
    """A way to publish: its own copy of the repository, and commands that add files to it."""

    name: str
    program: str
    add: Callable[[Path, Sequence[Path]], None]
    costs: list[Cost] = field(default_factory=list)

    @property
    def missing(self) -> bool:
        """Tell whether there is no such program here."""
        return shutil.which(self.program) is None


def run(*words: str | Path, stdout: Path | None = None) -> None:
    """Run a program to its end; raise SystemExit with what it says when it fails."""
    with stdout.open("wb") if stdout else open(os.devnull, "wb") as stream:
        done = subprocess.run(list(map(os.fspath, words)), stdout=stream, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{words[0]}: {done.stderr}")


def gpg(*words: str | Path) -> None:
    """Sign with the benchmark's key."""
    run("gpg", "--batch", "--yes", "--quiet", "--local-user", KEY, *words)


def by_pkggen(root: Path, files: Sequence[Path]) -> None:
    """Publish with the installed command."""
    run(PKGGEN, "publish", "-q", "--to", root, "--key", KEY, *files)


def by_apt_ftparchive(root: Path, files: Sequence[Path]) -> None:
    """Copy the files, scan all of them through the database, compress and sign."""
    _into(root / "pool", files)
    folder = root / "dists/stable/main/binary-amd64"
    folder.mkdir(parents=True, exist_ok=True)
    packages = ("apt-ftparchive", "--db", root / "db", "packages", root / "pool")
    run(*packages, stdout=folder / "Packages")
    for program in ("gzip", "xz"):
        run(program, "--keep", "--force", folder / "Packages")
    run("apt-ftparchive", "release", root / "dists/stable", stdout=root / "Release")
    gpg("--clear-sign", "--output", root / "dists/stable/InRelease", root / "Release")


def by_reprepro(indexes: str) -> Callable[[Path, Sequence[Path]], None]:
    """Return the way of reprepro with these compressed indexes."""

    def add(root: Path, files: Sequence[Path]) -> None:
        settings = root / "conf/distributions"
        if not settings.exists():
            settings.parent.mkdir(parents=True)
            lines = ("Codename: stable", "Architectures: amd64", "Components: main", f"SignWith: {KEY}")
            settings.write_text("\n".join((*lines, f"DebIndices: Packages Release {indexes}", "")))
        run("reprepro", "--silent", "-b", root, "includedeb", "stable", *files)

    return add


def by_createrepo(root: Path, files: Sequence[Path]) -> None:
    """Copy the files, read those that are new, write all indexes and sign."""
    _into(root, files)
    run(CREATEREPO, "--quiet", "--update", root)
    gpg("--armor", "--detach-sign", "--output", root / "repodata/repomd.xml.asc", root / "repodata/repomd.xml")


def _into(folder: Path, files: Sequence[Path]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy2(file, folder)


def tools() -> Mapping[str, Sequence[Tool]]:
    """Return the tools by format, pkggen first."""
    return {
        "deb": (
            Tool("pkggen (gz, xz, zst)", PKGGEN, by_pkggen),
            Tool("reprepro (gz)", "reprepro", by_reprepro(".gz")),
            Tool("reprepro (gz, xz)", "reprepro", by_reprepro(".gz .xz")),
            Tool("apt-ftparchive (gz, xz)", "apt-ftparchive", by_apt_ftparchive),
        ),
        "rpm": (Tool("pkggen (gz)", PKGGEN, by_pkggen), Tool("createrepo_c --update", CREATEREPO, by_createrepo)),
    }


def compared(kind: str, number: int, rounds: int, folder: Path) -> None:
    """Print a table: the first index of so many packages, then one more, by each tool."""
    made = {"deb": many_debs, "rpm": many_rpms}[kind](folder / kind, number + rounds)
    there = [tool for tool in tools()[kind] if not tool.missing]
    print(f"\n{number} .{kind}, missing: {', '.join(t.name for t in tools()[kind] if t.missing) or 'nothing'}")
    first = {}
    for place, tool in enumerate(there):
        root = folder / f"{kind}-{place}"
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir()
        first[tool.name] = cost_of(lambda tool=tool, root=root: _in_parts(tool, root, made[:number]))  # type: ignore[misc]
    for round_ in range(rounds):
        for place in sorted(range(len(there)), key=lambda place: (place + round_) % len(there)):
            root, one = folder / f"{kind}-{place}", made[number + round_]
            there[place].costs.append(cost_of(lambda place=place, root=root, one=one: there[place].add(root, [one])))  # type: ignore[misc]
    own = median_of(there[0].costs)
    print(f"{'':26}{'first: wall s':>14}{'CPU s':>8}{'+1: wall s':>12}{'CPU s':>8}{'pkggen /':>10}")
    for tool in there:
        more, start = median_of(tool.costs), first[tool.name]
        ratio = own.cpu / more.cpu
        print(f"{tool.name:26}{start.wall:14.1f}{start.cpu:8.1f}{more.wall:12.2f}{more.cpu:8.2f}{ratio:10.2f}")


def _in_parts(tool: Tool, root: Path, files: Sequence[Path]) -> None:
    """Add files, as many at a time as a command line holds."""
    for start in range(0, len(files), 5000):
        tool.add(root, files[start : start + 5000])


def main() -> None:
    """Compare for each number of packages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=int, action="append")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--format", choices=("deb", "rpm"), action="append")
    parser.add_argument("--folder", type=Path, help="where all of it is written, and stays")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pkggen-", dir="/tmp") as home, tempfile.TemporaryDirectory() as scratch:
        os.environ["GNUPGHOME"] = home
        words = ("--passphrase", "", "--quick-generate-key", KEY, "ed25519", "sign", "never")
        run("gpg", "--batch", "--quiet", *words)
        for number in options.packages or (1000, 10000):
            for kind in options.format or ("deb", "rpm"):
                compared(kind, number, options.rounds, options.folder or Path(scratch))
        run("gpgconf", "--kill", "all")


if __name__ == "__main__":
    main()
