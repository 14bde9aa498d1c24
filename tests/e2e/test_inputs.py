"""Every kind of lock with the project shapes that have it, built and installed for real; docs/inputs.md tells which."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.applications import REPOSITORY
from tests.e2e.conftest import _ready
from tests.e2e.folder_index import FolderIndex, serving
from tests.e2e.input_cells import CELLS, DEB, Cell
from tests.e2e.input_projects import collect, write
from tests.e2e.input_table import document
from tests.e2e.packages import PKGGEN, interpreter_options, pkggen
from tests.targets import Target

PAGE = REPOSITORY / "docs" / "inputs.md"
LOGIN = "reader:open-sesame"
WITH_LOGIN = next(cell for cell in CELLS if "@{index}" in cell.settings)
IDS = [f"{c.shape}-{c.lock}" for c in CELLS]


@dataclass(frozen=True)
class Outcome:
    """What became of a cell: what its command printed, or else why there is nothing; ``package`` as built."""

    printed: str = ""
    trouble: str = ""
    package: Path | None = None


@dataclass(frozen=True)
class Bench:
    """Where cells are built: below ``home``, with ``files`` in an open index and in one that wants a login."""

    home: Path
    files: Path
    index: FolderIndex
    closed: FolderIndex

    def build(self, cell: Cell) -> Outcome:
        """Build one cell; never raise, for the others go on."""
        try:
            return Outcome(package=self._built(cell))
        except (AssertionError, OSError, subprocess.SubprocessError) as error:
            return Outcome(trouble=str(error))

    def _built(self, cell: Cell) -> Path:
        home = self.home / cell.name / f"{cell.lock}"
        home.parent.mkdir(exist_ok=True)
        index = self.closed if cell == WITH_LOGIN else self.index
        ready = write(cell, home, self.files, index.host)
        family = "deb" if cell.target == DEB else "rpm"
        words = ["build", ready.path, "-o", home / "dist", "--format", family, "-q", *interpreter_options()]
        environment = {"INPUTS_INDEX": f"http://{self.index.host}/simple/"}
        if cell.vendored:
            done = vendored(home, words)
        else:
            frozen = ["--frozen"] if cell.lock not in {"loose", "none"} else []
            done = pkggen(*words, *frozen, cwd=home, env=environment)
        assert done.returncode == 0, f"{cell.name}: {done.returncode}: {done.stderr}"
        return Path(done.stdout.strip())


def vendored(home: Path, words: list[str | Path]) -> subprocess.CompletedProcess[str]:
    """Fill a folder of wheels, then build from it where there is no network, with empty caches and an empty home."""
    filled = pkggen("vendor", home, home / "vendored", "-q", *interpreter_options(), cwd=home)
    assert filled.returncode == 0, filled.stderr
    with (home / "pkggen.toml").open("a") as stream:
        stream.write("wheels.find-links = ['vendored']\n")
    empty = {
        name: home.parent / name.lower() for name in ("HOME", "PKGGEN_CACHE_DIR", "UV_CACHE_DIR", "XDG_CACHE_HOME")
    }
    for folder in empty.values():
        folder.mkdir()
    environment = {name: str(folder) for name, folder in empty.items()}
    command = ["unshare", "-n", PKGGEN, *map(os.fspath, words), "--offline", "--frozen"]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=600, cwd=home,
        env={**os.environ, **environment},
    )  # fmt: skip


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Return the place to build at."""
    home = tmp_path_factory.mktemp("inputs")
    collect(home / "files")
    with serving(home / "files") as index, serving(home / "files", LOGIN) as closed:
        yield Bench(home, home / "files", index, closed)


@pytest.fixture(scope="session")
def results(request: pytest.FixtureRequest, bench: Bench) -> Mapping[Cell, Outcome]:
    """Return what became of each cell: built side by side, then installed together, each family in one box.

    With ``-k`` only the chosen ones are built; the table needs all.
    """
    here = [item for item in request.session.items if item.path == Path(__file__)]
    asked = {item.callspec.params["cell"] for item in here if hasattr(item, "callspec")}
    everything = any(item.name == test_the_table_is_what_was_seen.__name__ for item in here)
    chosen = [cell for cell in CELLS if everything or cell in asked or cell == WITH_LOGIN]
    targets = {cell.target: _ready(request.config, cell.target) for cell in chosen}
    with ThreadPoolExecutor(2) as pool:
        built = dict(zip(chosen, pool.map(bench.build, chosen), strict=True))
        ran = pool.map(lambda name: installed(targets[name], name, built, bench.home), targets)
        return built | {cell: outcome for outcomes in ran for cell, outcome in outcomes.items()}


def installed(target: Target, name: str, built: Mapping[Cell, Outcome], share: Path) -> dict[Cell, Outcome]:
    """Install all packages for ``target`` in one box and run their commands."""
    found = {cell: o.package for cell, o in built.items() if cell.target == name and o.package}
    outcomes = {}
    with target.box(shares={"/pkgs": share}) as box:
        box.packages.install(*(f"/pkgs/{package.relative_to(share)}" for package in found.values()))
        for cell, package in found.items():
            ran = box.run(f"cd /tmp && {cell.command}")
            outcomes[cell] = Outcome(ran.stdout.strip(), ran.stderr, package)
    return outcomes


@pytest.mark.parametrize("cell", CELLS, ids=IDS)
def test_input(cell: Cell, results: Mapping[Cell, Outcome]) -> None:
    """The pair is built, installed, and its command prints the versions that were locked and nothing else."""
    outcome = results[cell]
    assert not outcome.trouble, outcome.trouble
    assert outcome.printed == (", ".join(cell.prints) or "nothing else")


def test_the_table_is_what_was_seen(request: pytest.FixtureRequest, results: Mapping[Cell, Outcome]) -> None:
    """docs/inputs.md is what these results make of it; --update-inputs writes it."""
    text = document({cell: outcome.printed for cell, outcome in results.items()})
    if request.config.getoption("--update-inputs"):
        PAGE.write_text(text)

    assert PAGE.read_text() == text


def test_the_login_of_an_index_stays_outside(bench: Bench, results: Mapping[Cell, Outcome]) -> None:
    """The index asked for the login and got it; the package and the lock don't hold it."""
    package = results[WITH_LOGIN].package
    assert package is not None
    lock = package.parents[1] / "pylock.toml"

    assert "/files/click-8.1.8-py3-none-any.whl" in bench.closed.served
    assert bench.closed.host in lock.read_text()
    for text in (package.read_bytes(), lock.read_bytes()):  # the package is not compressed
        assert LOGIN.partition(":")[2].encode() not in text
