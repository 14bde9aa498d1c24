"""The content-addressed cache."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pkggen.errors import ConfigurationError, IntegrityError
from pkggen.model import Kind, Needs
from pkggen.store.cache import Cache


def test_blob_of_other_bytes_is_refused(tmp_path: Path) -> None:
    """A file whose digest is not the expected one never enters the cache."""
    (tmp_path / "file").write_bytes(b"evil")
    cache = Cache(tmp_path / "cache")

    with pytest.raises(IntegrityError, match=r"thing\.whl"):
        cache.store_blob(tmp_path / "file", "0" * 64, "thing.whl")
    assert cache.blob("0" * 64) is None


def test_damaged_blob_is_dropped(tmp_path: Path) -> None:
    """A blob that was damaged in the cache is not handed out."""
    digest = hashlib.sha256(b"good").hexdigest()
    (tmp_path / "file").write_bytes(b"good")
    cache = Cache(tmp_path / "cache")
    cache.store_blob(tmp_path / "file", digest, "file").write_bytes(b"bad")

    assert cache.blob(digest) is None


def test_tree_is_made_once(tmp_path: Path) -> None:
    """A tree is made by the first who asks and read by all others, with normalised modes."""
    cache = Cache(tmp_path)
    calls = []

    def make(root: Path) -> Needs:
        calls.append(root)
        (root / "b").write_text("two")
        (root / "b").chmod(0o600)
        (root / "a").mkdir()
        (root / "a" / "run").write_text("one")
        (root / "a" / "run").chmod(0o4777)
        (root / "link").symlink_to("b")
        return Needs(glibc=(2, 17), sonames={"libz.so.1": "b"}, versions=(("libz.so.1", "ZLIB_1.2"),))

    first, second = cache.tree("kind", "key", make), cache.tree("kind", "key", make)

    assert len(calls) == 1
    assert first == second
    assert [(e.path, e.mode, e.kind) for e in first.entries] == [
        ("a/run", 0o755, Kind.FILE),
        ("b", 0o644, Kind.FILE),
        ("link", 0o777, Kind.SYMLINK),
    ]
    assert (first.root / "a" / "run").stat().st_mode & 0o7777 == 0o755


@pytest.mark.parametrize("digest", ["../../victim", "/etc/hostname", "", "A" * 64])
def test_only_a_digest_names_a_blob(digest: str, tmp_path: Path) -> None:
    """What is no digest is refused before it becomes a path: a lock must not name files to delete."""
    with pytest.raises(ConfigurationError, match="is no sha256"):
        Cache(tmp_path).blob(digest)


@pytest.mark.parametrize("damage", ["", "{}", "[1, 2]"])
def test_damaged_tree_is_made_again(damage: str, tmp_path: Path) -> None:
    """An index that a power cut left empty, and a file cut short, heal by themselves."""
    cache = Cache(tmp_path)

    def make(root: Path) -> None:
        (root / "file").write_text("whole")
        os.utime(root / "file", (1, 1))  # else the second that it is made in counts

    tree = cache.tree("kind", "key", make)
    (tree.root.parent / "index.json").write_text(damage)
    assert cache.tree("kind", "key", make) == tree
    (tree.root / "file").write_text("cut")
    assert cache.tree("kind", "key", make).root.joinpath("file").read_text() == "whole"


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a byte": lambda root: (root / "a" / "run").write_bytes(b"One"),
    "cut short": lambda root: (root / "a" / "run").write_bytes(b""),
    "gone": lambda root: (root / "a" / "run").unlink(),
    "one more": lambda root: (root / "a" / "sitecustomize.py").write_bytes(b""),
    "a link in its place": lambda root: ((root / "a" / "run").unlink(), (root / "a" / "run").symlink_to("/etc/passwd")),
    "another link": lambda root: ((root / "link").unlink(), (root / "link").symlink_to("/etc/passwd")),
    "a folder in its place": lambda root: ((root / "a" / "run").unlink(), (root / "a" / "run").mkdir()),
    "a pipe in its place": lambda root: ((root / "a" / "run").unlink(), os.mkfifo(root / "a" / "run")),
}


def fill(root: Path) -> None:
    (root / "a").mkdir()
    (root / "a" / "run").write_bytes(b"one")
    os.utime(root / "a" / "run", (1, 1))
    (root / "link").symlink_to("a/run")
    os.utime(root / "link", (1, 1), follow_symlinks=False)


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_mended_before_anything_runs(kind: str, tmp_path: Path) -> None:
    """A tree that is not as it was stored is made anew when it is next asked for, and that is said once."""
    told: list[str] = []
    cache = Cache(tmp_path, told.append)
    tree = cache.tree("kind", "key", fill)
    DAMAGE[kind](tree.root)

    assert cache.tree("kind", "key", fill) == tree
    assert (tree.root / "a" / "run").read_bytes() == b"one"
    assert sorted(p.name for p in tree.root.rglob("*")) == ["a", "link", "run"]
    assert [str(tree.root.parent) in text and "damaged" in text for text in told] == [True]
    assert not list((tmp_path / "scratch").iterdir())


def test_another_time_alone_is_no_damage(tmp_path: Path) -> None:
    """A cache that was copied has other times and the same bytes: it is used, and has its times again."""
    told: list[str] = []
    cache = Cache(tmp_path, told.append)
    tree = cache.tree("kind", "key", fill)
    os.utime(tree.root / "a" / "run", (99, 99))

    assert cache.tree("kind", "key", lambda _: pytest.fail("it is there")) == tree
    assert (told, int((tree.root / "a" / "run").stat().st_mtime)) == ([], 1)


def test_a_bit_that_flipped_by_itself(tmp_path: Path) -> None:
    """Damage that leaves size and time as they were is found when a build failed, and dropped."""
    cache = Cache(tmp_path)
    tree = cache.tree("kind", "key", fill)
    assert not cache.mend()
    (tree.root / "a" / "run").write_bytes(b"onE")
    os.utime(tree.root / "a" / "run", (1, 1))

    assert cache.tree("kind", "key", fill) == tree
    assert (tree.root / "a" / "run").read_bytes() == b"onE"
    assert cache.mend()
    assert cache.tree("kind", "key", fill).root.joinpath("a", "run").read_bytes() == b"one"


def test_one_build_packs_at_a_time(tmp_path: Path) -> None:
    """While one build links and packs, another waits: links change what tar watches."""
    order = []

    def second() -> None:
        with Cache(tmp_path).packing():
            order.append("second")

    with Cache(tmp_path).packing():
        waiting = threading.Thread(target=second)
        waiting.start()
        time.sleep(0.2)
        order.append("first")
    waiting.join()

    assert order == ["first", "second"]


def test_failed_tree_leaves_nothing(tmp_path: Path) -> None:
    """When making a tree fails, nothing of it stays."""
    cache = Cache(tmp_path)

    def fail(root: Path) -> Needs:
        (root / "half").write_text("")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        cache.tree("kind", "key", fail)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []
