"""A repository in a directory, signed by a key that is made once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pkggen.repository.stores.directory import Directory
from tests.unit.repository.shop import MAIL, Shop, keyring


@pytest.fixture(scope="session")
def keys() -> Iterator[Path]:
    """Return a GNUPGHOME with two keys, of MAIL and of new@example.invalid."""
    if not shutil.which("gpg-agent"):
        pytest.skip("needs rpm or dpkg, and gpg-agent")
    with keyring(MAIL, "new@example.invalid") as home:
        yield home


@pytest.fixture
def shop(tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Return a repository in a directory, empty yet."""
    monkeypatch.setenv("GNUPGHOME", str(keys))
    return Shop.opened(Directory(tmp_path / "repository"), tmp_path)
