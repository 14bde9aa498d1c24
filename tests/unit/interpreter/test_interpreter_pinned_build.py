"""Ranges of versions, and what they stood for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from pkggen.errors import ArtefactError, ConfigurationError
from pkggen.interpreter import resolve_interpreter
from pkggen.interpreter.pinned_build import FILE
from pkggen.interpreter.standalone import find_release, is_version, published
from pkggen.model import Interpreter, PythonSpec, Target
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Silent
from tests.unit.fakes.interpreter_archives import compressed, other_machine, plain_tar
from tests.unit.fakes.interpreter_server import mirror

FOREIGN = "x86_64" if os.uname().machine == "aarch64" else "aarch64"
ARCHIVE = compressed(plain_tar(python=other_machine()), ".tar.gz")
DIGEST = sha256(ARCHIVE).hexdigest()
URL = next(url for version, (url, _) in published(FOREIGN).items() if version.startswith("3.13."))
PATH = "/" + "/".join(urlsplit(URL).path.split("/")[-2:])


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve one build of 3.13 by an index of our own, in which 3.12 is known and nowhere to be had."""
    builds = {"3.13.5": (URL, DIGEST), "3.12.9": (URL.replace("3.13", "3.12"), "0" * 64)}
    monkeypatch.setattr("pkggen.interpreter.standalone.published", lambda _arch, **_: builds)
    monkeypatch.setattr("pkggen.interpreter.archive_download.time.sleep", lambda _seconds: None)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with mirror({PATH: ARCHIVE}) as server:
        yield f"http://{server.address}"


def resolve(cache: Cache, spec: PythonSpec, locks: Path, *, offline: bool = False, requires: str = "") -> Interpreter:
    return resolve_interpreter(
        spec, Target(FOREIGN), cache, Silent(),
        requires_python=SpecifierSet(requires), root=Path("/"), locks=locks, offline=offline,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("source", "expected"),
    [("3.12", True), ("3.12.4", True), (">=3.11,<3.13", True), ("~=3.12", True), ("host", False), ("./3.12", False),
     ("cpython-3.12.tar.gz", False)],
)  # fmt: skip
def test_a_version_or_a_range_means_a_standalone_build(source: str, expected: bool) -> None:
    """Paths that look like versions are none."""
    assert is_version(source) is expected


def test_the_newest_of_a_range_is_taken() -> None:
    """Of all published builds in the range, it is the newest; the project's own range counts as well."""
    found = find_release(PythonSpec(">=3.11,<3.13"), Target())
    below = find_release(PythonSpec(">=3.11,<3.13"), Target(), SpecifierSet("<3.12"))

    newest = max((v for v in published("x86_64") if v.startswith("3.12.")), key=Version)
    assert found.version == newest
    assert below.version.startswith("3.11.")


def test_a_range_that_is_none_is_a_mistake() -> None:
    """A range that can't be read is told with how one is written."""
    with pytest.raises(ConfigurationError, match=r"(?s)'>=3\.11<3\.13' is no range.*>=3\.11,<3\.13"):
        find_release(PythonSpec(">=3.11<3.13"), Target())


def test_what_a_version_stood_for_is_written_down(tmp_path: Path, cache: Cache, index: str) -> None:
    """The first build records version, address and digest; a mirror's address, which may hold a secret, is not."""
    resolve(cache, PythonSpec(">=3.13", mirror=index), tmp_path)

    text = (tmp_path / FILE).read_text()
    assert f"[python.{FOREIGN}]" in text
    assert f'version = "3.13.5"\nurl = "{URL}"\nsha256 = "{DIGEST}"' in text
    assert index not in text


def test_the_next_build_takes_the_same(
    tmp_path: Path, cache: Cache, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newer index changes nothing while the file is there, and offline the cache will do."""
    spec = PythonSpec("3.13", mirror=index)
    resolve(cache, spec, tmp_path)
    before = (tmp_path / FILE).read_bytes()
    monkeypatch.setattr("pkggen.interpreter.standalone.published", lambda _arch, **_: {"3.13.9": (URL + "x", "1" * 64)})

    assert resolve(cache, spec, tmp_path, offline=True).digest == DIGEST
    assert (tmp_path / FILE).read_bytes() == before


def test_another_wish_is_resolved_anew(tmp_path: Path, cache: Cache, index: str) -> None:
    """The record holds for the very text of python.source, and for what the project still allows."""
    resolve(cache, PythonSpec("3.13", mirror=index), tmp_path)

    with pytest.raises(ArtefactError, match="no such file"):
        resolve(cache, PythonSpec("3.12", mirror=index), tmp_path)
    with pytest.raises(ArtefactError, match="no such file"):
        resolve(cache, PythonSpec(">=3.12", mirror=index), tmp_path, requires="<3.13")


def test_frozen_takes_only_what_is_written_down(tmp_path: Path, cache: Cache, index: str) -> None:
    """Without a record a frozen build is refused with the way to mend it; with one, it is built."""
    with pytest.raises(ConfigurationError, match=r"(?s)is not in pkggen\.lock.*without --frozen"):
        resolve(cache, PythonSpec("3.13", mirror=index, frozen=True), tmp_path)
    assert not (tmp_path / FILE).exists()

    resolve(cache, PythonSpec("3.13", mirror=index), tmp_path)

    assert resolve(cache, PythonSpec("3.13", mirror=index, frozen=True), tmp_path).version == "3.13.5"


@pytest.mark.parametrize("text", ["python = 1", "[python]\nx86_64 = 1", "[python.x86_64]\nsource = '3'", "<<<<<<<"])
def test_a_damaged_record_is_named(text: str, tmp_path: Path, cache: Cache, index: str) -> None:
    """What is not as we write it, such as a merge's remains, is an error that names the file."""
    (tmp_path / FILE).write_text(text)

    with pytest.raises(ConfigurationError, match=r"pkggen\.lock: is not a lock|pkggen\.lock: not valid TOML"):
        resolve(cache, PythonSpec("3.13", mirror=index), tmp_path)


def test_a_digest_of_the_users_is_record_enough(tmp_path: Path, cache: Cache, index: str) -> None:
    """With python.sha256 nothing is written down: the configuration says it all."""
    resolve(cache, PythonSpec("3.13", sha256=DIGEST, mirror=index), tmp_path)

    assert not (tmp_path / FILE).exists()
