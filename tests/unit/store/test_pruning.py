"""The cache shown and made smaller."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from pkggen.cli import main
from pkggen.errors import ConflictError
from pkggen.model import BuiltPackage, Purpose
from pkggen.store.cache import LOCK, Cache, sha256_of
from pkggen.store.packages import EarlierPackages
from pkggen.store.pruning import clear, items, prune, summary

DAY = 86400


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """Return a cache with a download of 10 bytes used 9 days ago, one of 20 of today and a tree used 5 days ago."""
    found = Cache(tmp_path / "cache")
    for size, age in ((10, 9), (20, 0)):
        path = tmp_path / "file"
        path.write_bytes(bytes(size))
        aged(found.store_blob(path, hashlib.sha256(bytes(size)).hexdigest(), "file"), age)
    tree = found.tree("wheel", "key", lambda root: (root / "a").write_bytes(bytes(30)) and None)
    aged(tree.root.parent / "index.json", 5)
    return found


def aged(path: Path, days: float) -> None:
    then = time.time() - days * DAY
    os.utime(path, (then, then))


def kinds(cache: Cache) -> list[str]:
    return [item.kind for item in items(cache)]


def test_what_is_old_goes(cache):
    """What was not used for so long is removed, and nothing else."""
    gone = prune(cache, unused_for=6 * DAY)

    assert [(item.kind, item.size) for item in gone] == [("downloads", 10)]
    assert kinds(cache) == ["unpacked wheel", "downloads"]


def test_the_longest_unused_goes_first(cache):
    """To reach a size, what was used last stays."""
    prune(cache, largest=25)

    assert kinds(cache) == ["downloads"]
    assert summary(cache) == {"downloads": (1, 20)}


def test_use_keeps(cache):
    """A download and a tree that are used again are no longer old."""
    cache.blob(hashlib.sha256(bytes(10)).hexdigest())
    cache.tree("wheel", "key", lambda root: None)

    assert prune(cache, unused_for=DAY) == ()


def test_notes_and_copies_of_packages_go(cache: Cache, tmp_path: Path) -> None:
    """What is noted of packages made before is told of, and removed with the rest."""
    path = tmp_path / "app_1_all.deb"
    path.write_bytes(bytes(40))
    made = BuiltPackage("deb", path, 40, sha256_of(path))
    EarlierPackages(cache, tmp_path / "dist").keep(made, "key", Purpose.LAYERS)

    assert summary(cache)["notes of what was packed"][0] == 1
    clear(cache)
    assert [p for p in cache.root.rglob("*") if p.is_file() and p.name != LOCK] == []


def test_what_killed_builds_left_goes(cache):
    """Scratch directories are removed by any pruning: nobody works in them then."""
    left = cache.root / "scratch" / "x"
    left.mkdir(parents=True)
    (left / "half").write_text("")

    assert [item.path for item in prune(cache)] == [left]
    assert not left.exists()


def test_nothing_goes_while_a_build_runs(cache):
    """A process that holds the cache keeps it whole; when that is gone, it can be cleared."""
    program = (
        "import sys, pathlib, pkggen.store.cache as c;"
        "c.Cache(pathlib.Path(sys.argv[1])).hold(); print(flush=True); input()"
    )
    argv = [sys.executable, "-I", "-c", program, str(cache.root)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as build:
        build.stdout.readline()
        for remove in (clear, lambda c: prune(c, largest=0)):
            with pytest.raises(ConflictError, match="a build is using the cache"):
                remove(cache)
        build.communicate(b"\n")

    assert len(kinds(cache)) == 3
    assert len(clear(cache)) == 3
    assert kinds(cache) == []


def test_the_command_line(cache, monkeypatch):
    """Sizes and ages are read as people write them; info tells all as JSON, too."""
    monkeypatch.setenv("PKGGEN_CACHE_DIR", str(cache.root))
    shown = json.loads(CliRunner().invoke(main, ["cache", "info", "--json"]).stdout)
    bad = CliRunner().invoke(main, ["cache", "prune", "--max-size", "much"])
    pruned = CliRunner().invoke(main, ["cache", "prune", "--older-than", "1w", "--max-size", "1k"])

    assert shown["kinds"]["downloads"] == {"count": 2, "size": 30}
    assert (bad.exit_code, pruned.exit_code, pruned.stderr) == (2, 0, "1 items removed, 10 B\n")
    assert CliRunner().invoke(main, ["cache", "info"]).stdout.endswith("in all\n")


def test_what_vanishes_while_it_is_looked_at_is_left_out(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build moves and deletes files all the time; info tells of the rest."""
    listed = os.listdir
    monkeypatch.setattr("pkggen.store.pruning.os.listdir", lambda folder: [*listed(folder), "gone"])

    assert sum(count for count, _ in summary(cache).values()) == 3
