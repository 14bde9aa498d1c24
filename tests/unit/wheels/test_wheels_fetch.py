"""Getting wheels: cache, local directories, downloads that go wrong."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from pkggen.errors import ArtefactError, ConfigurationError, IntegrityError, Problem, ToolError, raise_gravest
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Silent
from pkggen.wheels.fetch import Source, _attempt, fetch
from pkggen.wheels.select import Choice
from tests.unit.wheel_index import Index, serving
from tests.unit.wheelsmith import Smith

SMITH = Smith()
CONTENT = SMITH.bytes()
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FILE = f"/files/{SMITH.filename}"


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def index(monkeypatch, tmp_path):
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))
    with serving() as found:
        found.files[FILE] = CONTENT
        yield found


def choice(index: Index | None = None, **changes: object) -> Choice:
    url = f"{index.url}{FILE}" if index else ""
    return replace(Choice("demo", "1.0", SMITH.filename, SHA256, url, None, len(CONTENT)), **changes)


def got(choices, cache: Cache, **source: object):
    waits: list[float] = []
    wheels = fetch(choices, cache, Silent(), Source(pause=waits.append, **source))
    return wheels, waits


def test_a_download_is_verified_and_kept(cache, index):
    """A wheel is fetched once; afterwards it comes from the cache, offline too."""
    (wheel,), _ = got([choice(index)], cache)
    again, _ = got([choice(index)], cache, offline=True)

    assert (again, CONTENT, 1) == ((wheel,), wheel.path.read_bytes(), len(index.requests))


def test_other_bytes_are_refused(cache, index):
    """A file with another digest is an IntegrityError that names the wheel, and is not kept."""
    index.files[FILE] = CONTENT[:-1] + b"x"
    with pytest.raises(IntegrityError, match=SMITH.filename):
        got([choice(index)], cache)

    assert cache.blob(SHA256) is None


def test_more_bytes_than_locked_are_not_read(cache, index):
    """A download stops when it exceeds the locked size."""
    index.files[FILE] = CONTENT + bytes(1 << 20)
    with pytest.raises(IntegrityError, match=rf"larger than the {len(CONTENT)} bytes"):
        got([choice(index)], cache)


def test_passing_failures_are_tried_again(cache, index):
    """A busy server is asked again, with growing pauses."""
    index.answers[FILE] = lambda n: (503, {}, b"") if n < 3 else (200, {}, CONTENT)
    wheels, waits = got([choice(index)], cache)

    assert (len(wheels), waits) == (1, [0.5, 1.0])


def test_short_answers_are_tried_again(cache, index):
    """An answer shorter than the locked size is not taken for the file."""
    index.answers[FILE] = lambda n: (200, {}, CONTENT[:10] if n == 1 else CONTENT)

    assert got([choice(index)], cache)[1] == [0.5]


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_download_goes_on_where_it_broke_off(cache, index, knows_ranges):
    """After a break only the rest is asked for; a server that sends all again is understood as well."""
    half = len(CONTENT) // 2
    part = {"Content-Range": f"bytes {half}-{len(CONTENT) - 1}/{len(CONTENT)}"}
    rest = (206, part, CONTENT[half:]) if knows_ranges else (200, {}, CONTENT)
    index.answers[FILE] = lambda n: (200, {"Content-Length": str(len(CONTENT))}, CONTENT[:half]) if n == 1 else rest
    (wheel,), _ = got([choice(index)], cache)

    assert (wheel.path.read_bytes(), index.ranges) == (CONTENT, ["", f"bytes={half}-"])


def test_a_lasting_failure_is_told(cache, index):
    """After the last attempt the error names wheel and address, without credentials or query."""
    index.answers[f"{FILE}?token=geheim"] = lambda n: (500, {}, b"")
    url = f"http://user:secret@127.0.0.1:{index.port}{FILE}?token=geheim"
    with pytest.raises(ArtefactError) as caught:
        got([choice(url=url)], cache)

    text = str(caught.value)
    assert SMITH.filename in text
    assert "secret" not in text
    assert "geheim" not in text
    assert len(index.requests) == 4


def test_an_unreachable_host_is_told(cache):
    """A refused connection is an ArtefactError, not a traceback."""
    with pytest.raises(ArtefactError, match="can't be fetched"):
        got([choice(url="http://127.0.0.1:9/x.whl")], cache)


def test_a_removed_file_is_not_tried_again(cache, index):
    """404 is final."""
    del index.files[FILE]
    with pytest.raises(ArtefactError, match="answers 404"):
        got([choice(index)], cache)

    assert len(index.requests) == 1


def test_redirects_are_followed(cache, index):
    """A redirect on the same scheme is followed."""
    index.answers["/old.whl"] = lambda n: (302, {"Location": FILE}, b"")

    assert got([choice(url=f"{index.url}/old.whl")], cache)[0]


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/x.whl", "file:///etc/passwd"])
def test_redirects_to_other_schemes_are_refused(cache, index, target):
    """A redirect to anything but http or https is refused."""
    index.answers[FILE] = lambda n: (302, {"Location": target}, b"")
    with pytest.raises(ArtefactError):
        got([choice(index)], cache)


def test_redirects_from_https_to_http_are_refused(cache, monkeypatch):
    """A redirect that gives up encryption is refused before it is followed."""
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(302, headers={"Location": "http://files.example/x.whl"})

    plain = httpx.Client
    monkeypatch.setattr(httpx, "Client", lambda **k: plain(**k, transport=httpx.MockTransport(answer)))
    with pytest.raises(ArtefactError, match="redirect from https to http is refused"):
        got([choice(url="https://files.example/x.whl")], cache)

    assert seen == ["https://files.example/x.whl"]


def test_endless_redirects_end(cache, index):
    """A redirect loop is an error."""
    index.answers[FILE] = lambda n: (302, {"Location": FILE}, b"")
    with pytest.raises(ArtefactError, match="redirects"):
        got([choice(index)], cache)


def test_the_index_login_is_used_for_its_host_only(cache, index):
    """Credentials in the index URL go to that host and port, and to no other."""
    got([choice(index)], cache, index=f"http://user:secret@127.0.0.1:{index.port}/simple/")
    with serving() as other:
        other.files["/x.whl"] = other_content = Smith(name="other").bytes()
        foreign = choice(url=f"{other.url}/x.whl", sha256=hashlib.sha256(other_content).hexdigest(), size=None)
        got([foreign], cache, index=f"http://user:secret@127.0.0.1:{index.port}/simple/")

    login = "Basic " + base64.b64encode(b"user:secret").decode()
    assert [(FILE, login)] == index.requests
    assert other.requests == [("/x.whl", "")]


def test_no_kind_of_problem_is_lost():
    """A kind of error that has no rank among the others ends the build like them, and all problems are told."""
    odd = _attempt(lambda: (_ for _ in ()).throw(ValueError("Invalid port")))
    with pytest.raises(ConfigurationError, match="no usable URL"):
        raise_gravest(odd)
    with pytest.raises(IntegrityError) as caught:
        raise_gravest([*odd, (IntegrityError, Problem("other bytes")), (ToolError, Problem("no tool"))])

    assert len(caught.value.problems) == 3


def test_offline_names_every_missing_wheel(cache, index):
    """Offline nothing is asked of the network, and one error lists all that is missing."""
    missing = [choice(index), choice(index, name="b", filename="b-1-py3-none-any.whl", sha256="0" * 64)]
    with pytest.raises(ArtefactError) as caught:
        got(missing, cache, offline=True)

    assert [SMITH.filename, "b-1-py3-none-any.whl"] == [p.where for p in caught.value.problems]
    assert all("find-links" in p.remedy for p in caught.value.problems)
    assert index.requests == []


def test_local_directories_come_before_the_network(cache, index, tmp_path):
    """A locked wheel in a find-links directory is used, if its digest is the locked one."""
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / SMITH.filename).write_bytes(b"another build")
    (tmp_path / "good").mkdir()
    wheel = SMITH.forge(tmp_path / "good")
    got([choice(index)], cache, find_links=(tmp_path / "bad", tmp_path / "good"), offline=True)

    assert index.requests == []
    assert wheel.path.is_file()


def test_paths_are_copied_and_verified(cache, tmp_path):
    """A wheel locked by path is taken from there, and refused when its digest is another."""
    wheel = SMITH.forge(tmp_path)

    assert got([choice(path=wheel.path)], cache, offline=True)[0]
    with pytest.raises(IntegrityError, match=SMITH.filename):
        got([choice(path=wheel.path, sha256="0" * 64)], cache)


def test_a_missing_path_is_told(cache, tmp_path):
    """A locked path that is not there is an ArtefactError that names it."""
    with pytest.raises(ArtefactError, match=r"gone\.whl"):
        got([choice(path=tmp_path / "gone.whl")], cache)


def test_a_damaged_cache_heals(cache, index):
    """A cached wheel whose bytes changed is fetched again."""
    (wheel,), _ = got([choice(index)], cache)
    wheel.path.write_bytes(b"rot")
    got([choice(index)], cache)

    assert wheel.path.read_bytes() == CONTENT
