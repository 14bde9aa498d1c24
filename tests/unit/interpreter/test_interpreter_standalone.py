from __future__ import annotations

import base64
import os
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from packaging.specifiers import SpecifierSet
from pbs_installer import get_download_link

from pkggen.errors import ArtefactError, ConfigurationError, IntegrityError, StorageError
from pkggen.interpreter import resolve_interpreter
from pkggen.interpreter.archive_download import redact
from pkggen.interpreter.standalone import find_release
from pkggen.model import Interpreter, PythonSpec, Target
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Silent
from tests.unit.fakes.interpreter_archives import compressed, other_machine, plain_tar
from tests.unit.fakes.interpreter_server import mirror

# The archive holds a program for another machine, so nothing is run: only the way there is tried.
FOREIGN = "x86_64" if os.uname().machine == "aarch64" else "aarch64"
ARCHIVE = compressed(plain_tar(python=other_machine()), ".tar.gz")
DIGEST = sha256(ARCHIVE).hexdigest()
PUBLISHED = get_download_link("3.13", FOREIGN, "linux")[1][0]
PATH = "/" + "/".join(urlsplit(PUBLISHED).path.split("/")[-2:])


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pkggen.interpreter.archive_download.time.sleep", lambda _seconds: None)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def resolve(cache: Cache, spec: PythonSpec, *, offline: bool = False, requires: str = "") -> Interpreter:
    return resolve_interpreter(
        spec, Target(FOREIGN), cache, Silent(), requires_python=SpecifierSet(requires), root=Path("/"), offline=offline
    )


def test_the_index_names_the_release_and_its_digest() -> None:
    """A whole version is found with its address and a SHA-256, for either machine."""
    for arch in ("x86_64", "aarch64"):
        release = find_release(PythonSpec("3.12.4"), Target(arch))

        assert release.version == "3.12.4"
        assert f"{arch}-unknown-linux-gnu-install_only" in release.urls[0]
        assert len(release.sha256) == 64


def test_a_version_that_is_not_published_is_a_mistake() -> None:
    """An unknown version is told with where it was asked for."""
    with pytest.raises(ConfigurationError, match=r"python\.source: no standalone build of Python 3\.99"):
        find_release(PythonSpec("3.99"), Target())


@pytest.mark.parametrize("path", [PATH, "/" + PATH.rpartition("/")[2]])
def test_a_mirror_takes_the_place_of_the_publisher(path: str, cache: Cache) -> None:
    """A mirror may keep the releases' directories or lay all files flat."""
    with mirror({f"/python{path}": ARCHIVE}) as server:
        spec = PythonSpec("3.13", sha256=DIGEST, mirror=f"http://{server.address}/python/")
        found = resolve(cache, spec)

    assert (found.version, found.digest) == ("3.13.5", DIGEST)
    assert found.origin.startswith("standalone:cpython-3.13.")


def test_a_mirror_must_serve_what_the_index_says(cache: Cache) -> None:
    """Without a digest of the user's, the index's counts, and other bytes are refused."""
    with mirror({PATH: ARCHIVE}) as server, pytest.raises(IntegrityError, match="sha256 is") as caught:
        resolve(cache, PythonSpec("3.13", mirror=f"http://user:secret@{server.address}"))

    assert "secret" not in str(caught.value)
    assert server.address in str(caught.value)


def test_what_is_cached_needs_no_network(cache: Cache) -> None:
    """The second build may be offline: nothing is asked of the server again."""
    with mirror({"/py.tar.gz": ARCHIVE}) as server:
        spec = PythonSpec(f"http://{server.address}/py.tar.gz", DIGEST)
        resolve(cache, spec)
        resolve(cache, spec, offline=True)

        assert server.asked == ["/py.tar.gz"]


def test_offline_without_the_archive_tells_what_to_do(cache: Cache) -> None:
    """Offline, what was never fetched is an error with its remedy."""
    with pytest.raises(ArtefactError, match=r"(?s)example\.org/py\.tar\.gz: is not in the cache.*without --offline"):
        resolve(cache, PythonSpec("https://u:p@example.org/py.tar.gz?token=t", DIGEST), offline=True)


def test_a_url_needs_a_digest(cache: Cache) -> None:
    """What comes over a network is never taken on trust."""
    with pytest.raises(ConfigurationError, match=r"python\.sha256: .* has no digest"):
        resolve(cache, PythonSpec("https://example.org/py.tar.gz"))


def test_a_server_that_stumbles_is_asked_again(cache: Cache) -> None:
    """Two refusals for the moment don't fail the build."""
    with mirror({"/py.tar.gz": ARCHIVE}, failures=2) as server:
        found = resolve(cache, PythonSpec(f"http://{server.address}/py.tar.gz", DIGEST))

    assert found.digest == DIGEST


def test_a_server_that_stays_down_is_told_without_credentials(cache: Cache) -> None:
    """After the last attempt, the address is named, its password is not."""
    with mirror({}, failures=99) as server, pytest.raises(StorageError, match="answers 503") as caught:
        resolve(cache, PythonSpec(f"http://user:secret@{server.address}/py.tar.gz?token=hush", DIGEST))

    assert "secret" not in str(caught.value)
    assert "hush" not in str(caught.value)


def test_logins_come_from_netrc_and_the_address(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address's own login outranks that of netrc for its host, as for wheels."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password hidden\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with mirror({"/py.tar.gz": ARCHIVE}) as server:
        resolve(cache, PythonSpec(f"http://{server.address}/py.tar.gz", DIGEST))
        cache.blob_path(DIGEST).unlink()
        resolve(cache, PythonSpec(f"http://user:secret@{server.address}/py.tar.gz", DIGEST))

        given = [base64.b64decode(login.removeprefix("Basic ")).decode() for login in server.logins]
    assert given == ["someone:hidden", "user:secret"]


def test_a_file_that_is_not_there_is_no_stumbling(cache: Cache) -> None:
    """A 404 is final at once."""
    with mirror({}) as server, pytest.raises(ArtefactError, match=r"py\.tar\.gz: no such file"):
        resolve(cache, PythonSpec(f"http://{server.address}/py.tar.gz", DIGEST))

    assert server.asked == ["/py.tar.gz"]


def test_a_file_url_is_a_path(tmp_path: Path, cache: Cache) -> None:
    """``file://`` names a local archive, percent escapes and all."""
    (tmp_path / "a b.tar.gz").write_bytes(ARCHIVE)

    assert resolve(cache, PythonSpec(f"file://{tmp_path}/a%20b.tar.gz")).version == "3.13.5"


def test_the_project_decides_which_versions_will_do(tmp_path: Path, cache: Cache) -> None:
    """An interpreter that requires-python excludes is refused with both versions."""
    (tmp_path / "py.tar.gz").write_bytes(ARCHIVE)

    with pytest.raises(ConfigurationError, match=r"is Python 3\.13\.5, the project requires >=3\.14"):
        resolve(cache, PythonSpec(os.fspath(tmp_path / "py.tar.gz")), requires=">=3.14")


def test_redacting_keeps_what_helps() -> None:
    """Scheme, host, port and path stay; user, password, query and fragment go."""
    assert redact("https://u:p@h.example:8443/a/b.tgz?x=1#y") == "https://h.example:8443/a/b.tgz"
