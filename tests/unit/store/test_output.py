"""The output directory."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pkggen.errors import ConflictError, StorageError
from pkggen.model import BuiltPackage
from pkggen.store.output import claimed, publish_output


def package(directory: Path, name: str, content: bytes = b"new") -> BuiltPackage:
    """Return a built package of those bytes."""
    (directory / name).write_bytes(content)
    return BuiltPackage("deb", directory / name, len(content), hashlib.sha256(content).hexdigest())


def test_link_is_replaced_not_written_through(tmp_path: Path) -> None:
    """A symlink where the package goes is replaced; what it points at keeps its bytes."""
    (tmp_path / "precious").write_bytes(b"precious")
    out = tmp_path / "dist"
    out.mkdir()
    (out / "a.deb").symlink_to(tmp_path / "precious")
    publish_output([package(tmp_path, "a.deb")], out)

    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert (out / "a.deb").read_bytes() == b"new"
    assert [p.name for p in out.iterdir()] == ["a.deb"]


def test_all_or_none(tmp_path: Path) -> None:
    """When one package can't be copied, none is replaced and nothing is left over."""
    out = tmp_path / "dist"
    out.mkdir()
    (out / "a.deb").write_bytes(b"old")
    gone = BuiltPackage("rpm", tmp_path / "gone.rpm", 1, "0" * 64)

    with pytest.raises(StorageError):
        publish_output([package(tmp_path, "a.deb"), gone], out)
    assert (out / "a.deb").read_bytes() == b"old"
    assert [p.name for p in out.iterdir()] == ["a.deb"]


def test_one_build_at_a_time(tmp_path: Path) -> None:
    """A second build in the same directory is refused while the first one runs."""
    with claimed(tmp_path / "dist"), pytest.raises(ConflictError), claimed(tmp_path / "dist"):
        pass
