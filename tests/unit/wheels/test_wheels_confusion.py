"""One name on two indexes: a stranger who publishes it on the public one gets nothing into the package."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pkggen.errors import IntegrityError
from pkggen.store.cache import Cache
from tests.unit.lock_bench import BETA, Build, bare_environment
from tests.unit.wheel_index import Index, serving

EVIL = BETA.but(version="99.0")
SAME_NAME = BETA.but(files={"beta.py": b"import evil"})


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Index]:
    """Return the index of the house, which has beta 1.0."""
    bare_environment(monkeypatch, tmp_path / "home")
    with serving() as found:
        found.publish(BETA)
        yield found


@pytest.fixture
def public() -> Iterator[Index]:
    """Return the index that everybody can write to."""
    with serving() as found:
        yield found


@pytest.fixture
def build(tmp_path: Path, house: Index, public: Index) -> Build:
    """Return the build of a project whose settings add the house's index to the public one, the default."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "uv.toml").write_text(f'[[index]]\nname = "house"\nurl = "{house.simple}"\n')
    return Build(root, public)


def test_the_first_index_that_has_a_name_wins(build: Build, house: Index, public: Index) -> None:
    """A higher version on the default index is not looked at, and the lock names the house's file."""
    public.publish(EVIL)

    assert build("beta") == ["beta 1.0"]
    lock = (build.root / "pylock.toml").read_text()
    assert (house.url in lock, public.url in lock) == (True, False)
    assert not [path for path, _ in public.requests if path.endswith(".whl")]


def test_a_lock_asks_no_index(build: Build, house: Index, public: Index) -> None:
    """With a lock, neither the order of indexes nor what was published since matters."""
    build("beta")
    (build.root / "uv.toml").unlink()
    public.publish(EVIL, SAME_NAME)
    build.cache = Cache(build.root.parent / "another cache")

    assert build("beta") == ["beta 1.0"]
    assert not [path for path, _ in public.requests if path.endswith(".whl")]


def test_other_bytes_at_the_locked_address_are_refused(build: Build, house: Index) -> None:
    """A file of the same name and version that was replaced on its index is not what was locked."""
    build("beta")
    house.files[f"/files/{BETA.filename}"] = SAME_NAME.bytes()
    build.cache = Cache(build.root.parent / "another cache")

    with pytest.raises(IntegrityError, match=r"beta-1\.0"):
        build("beta")


def test_a_pinned_digest_is_looked_for_on_no_other_terms(build: Build, house: Index, public: Index) -> None:
    """Hashed requirements are met by the house's bytes alone, also when only a stranger has the version."""
    digest = hashlib.sha256(BETA.bytes()).hexdigest()
    (build.root / "requirements.txt").write_text(f"beta==1.0 --hash=sha256:{digest}\n")
    public.publish(SAME_NAME)
    assert build("beta") == ["beta 1.0"]

    house.files.clear()
    build.cache = Cache(build.root.parent / "another cache")
    with pytest.raises(IntegrityError, match="beta"):
        build("beta")
