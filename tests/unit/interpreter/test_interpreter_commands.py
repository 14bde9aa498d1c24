"""``pkggen python list``, ``fetch``, ``harvest`` and ``check``."""

from __future__ import annotations

import json
import os
import sys
import tarfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from packaging.specifiers import SpecifierSet

from pkggen.cli import main
from pkggen.interpreter import offers
from pkggen.interpreter.harvested import pack
from pkggen.interpreter.standalone import published
from pkggen.store.cache import Cache
from tests.unit.fakes.interpreter_archives import compressed, plain_tar
from tests.unit.fakes.interpreter_server import mirror

ARCHIVE = compressed(plain_tar(), ".tar.gz")
DIGEST = sha256(ARCHIVE).hexdigest()


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    monkeypatch.setenv("PKGGEN_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return Cache(tmp_path / "cache")


def pkggen(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["python", *map(os.fspath, arguments)], catch_exceptions=False)


def answer(*arguments: str | Path) -> Any:
    done = pkggen(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_list_has_this_machines_own_and_the_published() -> None:
    """The running Python can be embedded as host:PATH; of published ones the newest of each minor version is told."""
    found = answer("list", ">=3.10")

    own = next(o for o in found if o["kind"] == "host")
    assert own["version"] == ".".join(map(str, sys.version_info[:3]))
    assert own["source"] == f"host:{sys.executable}"
    minors = [o["version"].rpartition(".")[0] for o in found if o["kind"] == "published"]
    assert minors == sorted(set(minors), key=lambda m: int(m.split(".")[1]), reverse=True)


def test_list_tells_why_one_will_not_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of the right name that is no Python is listed with what is wrong, not passed over."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python3.12").write_bytes(Path("/bin/true").read_bytes())
    (tmp_path / "bin/python3.12").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin")

    assert any(f"{tmp_path}/bin/python3.12" in line and "can't be embedded" in line for line in
               pkggen("list").stdout.splitlines())  # fmt: skip


def test_list_for_another_machine_has_nothing_of_this_one() -> None:
    """What is installed here is no offer for another machine."""
    other = "x86_64" if os.uname().machine == "aarch64" else "aarch64"
    found = answer("list", "3.12", "--arch", other)

    assert {o["kind"] for o in found} == {"published"}
    assert other in found[0]["name"]


def test_what_is_cached_is_told_so(own_cache: Cache) -> None:
    """A build whose bytes are in the cache is offered as such, even when a newer one is published."""
    arch = os.uname().machine
    version, (_, digest) = [item for item in published(arch).items() if item[0].startswith("3.12.")][-1]
    own_cache.blob_path(digest).parent.mkdir(parents=True)
    own_cache.blob_path(digest).touch()

    kinds = {o.version: o.kind for o in offers(SpecifierSet("==3.12.*"), arch, own_cache, every=False)}

    assert kinds[version] == "cached"
    assert list(kinds.values()).count("published") == 1


def test_fetch_fills_the_cache_and_shows_the_digest(own_cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fetched once, it is there offline; the digest printed is the one to pin."""
    builds = {"3.12.9": ("https://example.org/20250101/cpython-3.12.9.tar.gz", DIGEST)}
    monkeypatch.setattr("pkggen.interpreter.standalone.published", lambda _arch, **_: builds)
    with mirror({"/20250101/cpython-3.12.9.tar.gz": ARCHIVE}) as server:
        found = answer("fetch", "3.12", "--mirror", f"http://{server.address}")

    assert (found["version"], found["sha256"], found["path"]) == ("3.12.9", DIGEST, str(own_cache.blob(DIGEST)))
    assert answer("fetch", "3.12", "--offline") == found


def test_fetch_offline_says_what_is_missing() -> None:
    """Nothing is fetched with --offline; the exit code is an artefact's."""
    done = pkggen("fetch", "3.12", "--offline")

    assert done.exit_code == 3
    assert "is not in the cache" in done.output


def test_fetch_of_what_is_no_version_is_refused() -> None:
    """A word is no version."""
    done = pkggen("fetch", "newest")

    assert done.exit_code == 2
    assert "'newest' is no range of versions" in done.output


def test_a_harvested_interpreter_can_be_named_by_a_build(tmp_path: Path) -> None:
    """The running Python becomes an archive in the install_only layout, twice the same, that passes its check."""
    first = answer("harvest", "-o", tmp_path / "one.tar.gz")
    second = answer("harvest", sys.executable, "-o", tmp_path / "two.tar.gz")
    checked = answer("check", tmp_path / "one.tar.gz", "--sha256", first["sha256"])

    assert first["sha256"] == second["sha256"] == sha256((tmp_path / "one.tar.gz").read_bytes()).hexdigest()
    assert (checked["version"], checked["self-test"]) == (first["version"], "passed")
    assert checked["runs-on"] == first["runs-on"]
    with tarfile.open(tmp_path / "one.tar.gz") as tar:
        names = tar.getnames()
    assert {"python/bin/python3", f"python/bin/python3.{sys.version_info[1]}"} < set(names)
    assert names == sorted(names)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cache", "one.tar.gz", "two.tar.gz"]


def test_packing_depends_on_the_tree_alone(tmp_path: Path) -> None:
    """Umask, order and links between files on disk don't show in the archive."""
    for name, umask in (("a", 0o022), ("b", 0o077)):
        before = os.umask(umask)
        try:
            root = tmp_path / name
            (root / "lib").mkdir(parents=True)
            for file in ("lib/x", "lib/y"):
                (root / file).write_text("same")
            if name == "b":
                (root / "lib/y").unlink()
                os.link(root / "lib/x", root / "lib/y")
            (root / "z").symlink_to("lib/x")
            for path in (root / "lib/x", root / "lib/y", root / "z"):
                os.utime(path, (1e9, 1e9), follow_symlinks=False)
        finally:
            os.umask(before)
        pack(root, tmp_path / f"{name}.tar.gz")

    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tar.gz").read_bytes()


def test_harvesting_what_is_no_python_leaves_nothing(tmp_path: Path) -> None:
    """A program that is no Python is refused before anything is written."""
    done = pkggen("harvest", "/bin/true", "-o", tmp_path / "out/x.tar.gz")

    assert done.exit_code == 3
    assert "is no Python that runs" in done.output
    assert not (tmp_path / "out").exists()


def test_check_tells_what_is_wrong(tmp_path: Path) -> None:
    """An archive whose program is no Python fails its check as it would fail a build."""
    (tmp_path / "x.tar.gz").write_bytes(ARCHIVE)
    done = pkggen("check", tmp_path / "x.tar.gz")

    assert done.exit_code == 3
    assert "its program is no Python" in done.output
