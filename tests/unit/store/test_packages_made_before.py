"""Packages that were made before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pkggen.formats import FORMATS
from pkggen.model import BuiltPackage, Purpose, Rendered
from pkggen.store.cache import Cache, sha256_of
from pkggen.store.packages import EarlierPackages, package_key
from pkggen.templating.templates import Templates
from tests.unit.payloads import entry, payload

DEB = FORMATS["deb"]


def rendered(*, purpose: Purpose = Purpose.LAYERS, text: bytes = b"pass\n") -> Rendered:
    """Return a package's texts; ``text`` is what one of its files holds."""
    made = payload(extra=(entry("/opt/hello/note", text),))
    package = replace(DEB.describe(made), payload=replace(made, purpose=purpose))
    return (
        DEB.render(replace(package, payload=made), Templates())
        if purpose is Purpose.APPLICATION
        else Rendered(package, {"control": "Package: hello\n"})
    )


def key(of: Rendered, packer: str = "dpkg-deb 1") -> str:
    """Return the key of a package."""
    return package_key(of, of.package.payload.entries, packer)


def built(of: Rendered, directory: Path) -> BuiltPackage:
    """Return a package file."""
    directory.mkdir(exist_ok=True)
    path = directory / of.package.filename
    path.write_bytes(b"package")
    return BuiltPackage("deb", path, 7, sha256_of(path))


def test_a_key_stands_for_all_that_the_bytes_follow_from() -> None:
    """Another text, another file or another packer is another package."""
    one = rendered()
    others = [
        key(replace(one, texts={"control": "Package: hullo\n"})),
        key(rendered(text=b"changed\n")),
        key(one, "dpkg-deb 2"),
    ]

    assert key(one) == key(rendered())
    assert len({key(one), *others}) == 4


def test_what_lies_in_the_output_directory_is_left_there(tmp_path: Path) -> None:
    """The same bytes under the same name: unchanged. Other bytes: made anew."""
    one, earlier = rendered(purpose=Purpose.APPLICATION), EarlierPackages(Cache(tmp_path / "cache"), tmp_path / "dist")
    made = built(one, tmp_path / "dist")
    assert earlier.find(one, key(one), tmp_path / "work") is None

    earlier.keep(made, key(one), Purpose.APPLICATION)
    assert earlier.find(one, key(one), tmp_path / "work") == replace(made, unchanged=True)
    made.path.write_bytes(b"damaged")
    assert earlier.find(one, key(one), tmp_path / "work") is None


def test_packages_of_layers_are_kept_in_the_cache(tmp_path: Path) -> None:
    """An empty output directory gets them back; a damaged copy does not count."""
    one, cache = rendered(), Cache(tmp_path / "cache")
    earlier = EarlierPackages(cache, tmp_path / "empty")
    made = built(one, tmp_path / "dist")
    earlier.keep(made, key(one), Purpose.LAYERS)

    found = earlier.find(one, key(one), tmp_path / "work")
    assert found is not None
    assert (found.unchanged, found.path.read_bytes()) == (False, b"package")
    cache.blob_path(made.sha256).write_bytes(b"damaged")
    assert earlier.find(one, key(one), tmp_path / "other") is None
