"""Stores: a directory and a bucket keep the same promises, and one that does not is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from obstore.store import MemoryStore

from pkggen.errors import ConfigurationError, StorageError
from pkggen.repository.stores import Store, lasting, open_store
from pkggen.repository.stores.bucket import Bucket
from pkggen.repository.stores.directory import Directory
from pkggen.repository.stores.trial import ensure_conditional_writes


@pytest.fixture(params=["directory", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Directory(tmp_path / "there") if request.param == "directory" else Bucket(MemoryStore(), "memory://")


def test_what_is_written_is_read(store: Store, tmp_path: Path) -> None:
    """Whole, piece by piece, as a file, under another key, and in a listing."""
    (tmp_path / "file").write_bytes(b"three")
    store.write("a/one", b"one")
    store.upload("a/b/three", tmp_path / "file")
    store.copy("a/one", "c/one")

    assert b"".join(store.chunks("a/b/three") or ()) == b"three"
    found, status = store.read("c/one"), store.status("a/b/three")
    assert (found and found.data, status and status.size) == (b"one", 5)
    assert sorted(item.key for item in store.listed("a/")) == ["a/b/three", "a/one"]


def test_what_is_not_there_is_none(store: Store) -> None:
    """Reading it is no error, nor is deleting it."""
    store.delete("nothing")

    assert (store.read("nothing"), store.chunks("nothing"), store.status("nothing")) == (None, None, None)
    assert list(store.listed("nothing/")) == []


def test_only_one_creates(store: Store) -> None:
    """The second is told so, and changes nothing."""
    assert (store.create("a", b"one"), store.create("a", b"two")) == (True, False)
    assert b"".join(store.chunks("a") or ()) == b"one"


def test_only_who_knows_the_last_one_replaces(store: Store) -> None:
    """A tag is good once; no tag means that there was nothing."""
    assert store.replace("a", b"one", None)
    found = store.read("a")
    assert found is not None

    done = [
        store.replace("a", b"two", found.tag),
        store.replace("a", b"three", found.tag),
        store.replace("a", b"x", None),
    ]

    again = store.read("a")
    assert (done, again and again.data) == ([True, False, False], b"two")


def test_a_good_store_passes_the_trial_once(store: Store) -> None:
    """It leaves a note, so that later publications do without."""
    ensure_conditional_writes(store)

    assert [item.key for item in store.listed(".pkggen/")][-1:] == [".pkggen/tried"]


class Careless(Bucket):
    """A store that ignores conditions, as some did for years."""

    def replace(self, key: str, data: bytes, tag: str | None) -> bool:
        self.write(key, data)
        return True


def test_a_careless_store_is_refused() -> None:
    """Before anything is published there, with the reason."""
    store = Careless(MemoryStore(), "memory://careless")

    with pytest.raises(StorageError, match="replaces an object that has changed"):
        ensure_conditional_writes(store)
    assert list(store.listed("")) == []


def test_nothing_half_written_stays(tmp_path: Path) -> None:
    """A write that fails leaves neither its file nor a part of it."""
    store = Directory(tmp_path)
    (tmp_path / "a").write_text("a file, where a folder should be")

    with pytest.raises((StorageError, OSError)):
        store.write("a/b", b"x")
    assert [p.name for p in tmp_path.rglob("*")] == ["a"]


@pytest.mark.parametrize("url", ["s3://user:secret@bucket/x", "s3://bucket/x?secret=1", "ftp://host/x", ""])
def test_an_address_that_can_not_be_is_refused_without_its_secrets(url: str) -> None:
    """Credentials belong into the environment: an address is written to logs."""
    with pytest.raises(ConfigurationError) as raised:
        open_store(url)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("pool/a/app/app_1_all.deb", True),
        ("dists/stable/main/binary-amd64/by-hash/SHA256/00", True),
        ("dists/stable/main/binary-amd64/Packages.gz", False),
        ("dists/stable/InRelease", False),
        ("yum/stable/repodata/00-primary.xml.gz", True),
        ("yum/stable/repodata/repomd.xml", False),
        ("yum/stable/repodata/repomd.xml.asc", False),
        (".pkggen/heads/stable", False),
        ("yum/stable.repo", False),
    ],
)
def test_caches_keep_for_ever_what_never_changes(key: str, expected: bool) -> None:
    """And nothing else: a cached InRelease would hide a release."""
    assert lasting(key) is expected
