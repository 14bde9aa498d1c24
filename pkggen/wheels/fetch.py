"""Chosen wheels into the cache: from it, from local directories, or downloaded, always verified."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from pkggen.cache import Cache, sha256_of
from pkggen.errors import ArtefactError, ConfigurationError, IntegrityError, PkggenError, Problem, StorageError
from pkggen.model import Wheel
from pkggen.reporter import Reporter
from pkggen.wheels.address import redacted
from pkggen.wheels.select import Choice

_ATTEMPTS = 4
_WORKERS = 8  # downloads wait for the network, not for a core
_REDIRECTS = 5
_LARGEST = 16 << 30  # bytes that a wheel whose size is not locked may have
_BUSY = {408, 429, 500, 502, 503, 504}


@dataclass(frozen=True, slots=True)
class Source:
    """Where wheels may come from besides their own address.

    ``index`` and ``logins`` are URLs that may hold the credentials for their hosts. ``pause``
    waits between attempts.
    """

    find_links: tuple[Path, ...] = ()
    index: str = ""
    offline: bool = False
    pause: Callable[[float], None] = time.sleep
    logins: tuple[str, ...] = ()


def fetch(choices: Sequence[Choice], cache: Cache, reporter: Reporter, source: Source) -> tuple[Wheel, ...]:
    """Return the verified wheels of ``choices``, in their order; each is a blob of ``cache``.

    Looked for in the cache, then in ``find_links`` by file name, then at the locked address.
    Raises IntegrityError (another digest), ArtefactError (not there, not reachable, or offline)
    or StorageError, with the problems of all wheels.
    """
    with ThreadPoolExecutor(_WORKERS) as pool:
        blobs = dict(zip(choices, pool.map(lambda c: cache.blob(c.sha256), choices), strict=True))
        absent = [c for c, blob in blobs.items() if blob is None]
        local = [c for c in absent if _local(c, source)]
        remote = [c for c in absent if c not in local]
        problems = list(_gather(pool.map(lambda c: _attempt(lambda: _copy(c, cache, source)), local)))
        if source.offline:
            problems += [(ArtefactError, _offline_problem(c)) for c in remote]
        elif remote:
            problems += _download_all(remote, cache, reporter, source, pool)
    _raise(problems)
    return tuple(Wheel(c.name, c.version, c.filename, cache.blob_path(c.sha256), c.sha256) for c in choices)


_Found = tuple[type[PkggenError], Problem]


def _attempt(action: Callable[[], None]) -> list[_Found]:
    try:
        action()
    except PkggenError as error:
        return [(type(error), p) for p in error.problems]
    except (ValueError, httpx.InvalidURL) as error:
        return [(ConfigurationError, Problem(f"an address is no usable URL: {redacted(str(error))}", "lock"))]
    except OSError as error:
        return [(StorageError, Problem(f"a wheel can't be stored: {error.strerror}", str(error.filename or "")))]
    return []


def _gather(results: Iterable[list[_Found]]) -> Iterable[_Found]:
    for result in results:
        yield from result


def _raise(problems: Sequence[_Found]) -> None:
    """Raise the gravest kind of error found, with every problem."""
    for kind in (IntegrityError, StorageError, ArtefactError):
        if any(found is kind for found, _ in problems):
            kind.raise_all(p for _, p in problems)


def _local(choice: Choice, source: Source) -> Path | None:
    if choice.path is not None and choice.path.is_file():
        return choice.path
    candidates = [directory / choice.filename for directory in source.find_links]
    present = [c for c in candidates if c.is_file()]
    # another build of the same name elsewhere must not hide the locked one
    fitting = [c for c in present if sha256_of(c) == choice.sha256] if choice.url else present
    if fitting:
        return fitting[0]
    return choice.path


def _copy(choice: Choice, cache: Cache, source: Source) -> None:
    path = _local(choice, source)
    if path is None or not path.is_file():
        raise ArtefactError(f"there is no file {path}", where=choice.filename, remedy="put it back, or lock again")
    with cache.scratch() as scratch:
        shutil.copyfile(path, scratch / "wheel")
        cache.store_blob(scratch / "wheel", choice.sha256, choice.filename)


def _offline_problem(choice: Choice) -> Problem:
    remedy = "build once with network access, or put the wheel into a directory for find-links"
    return Problem("it is neither cached nor in a local directory, and the build is offline", choice.filename, remedy)


def _download_all(
    choices: Sequence[Choice], cache: Cache, reporter: Reporter, source: Source, pool: ThreadPoolExecutor
) -> list[_Found]:
    sizes = [c.size for c in choices]
    total = sum(s for s in sizes if s) if all(sizes) else None
    label = f"Fetching {len(choices)} wheel{'s' if len(choices) > 1 else ''}"
    with _client(source) as client, reporter.step(label, total) as advance:
        fetching = pool.map(lambda c: _attempt(lambda: _download(c, client, cache, source, advance)), choices)
        return list(_gather(fetching))


def _client(source: Source) -> httpx.Client:
    timeout = httpx.Timeout(30, connect=15)
    return httpx.Client(
        timeout=timeout, auth=_Login((source.index, *source.logins)), headers={"accept-encoding": "identity"}
    )


class _Login(httpx.Auth):
    """Credentials of an index for its own host (scheme, name and port), else those of $NETRC or ~/.netrc."""

    def __init__(self, indexes: Sequence[str]) -> None:
        self.indexes = [url for url in map(httpx.URL, indexes) if url.userinfo]
        try:
            self.netrc: httpx.NetRCAuth | None = httpx.NetRCAuth(os.environ.get("NETRC"))
        except Exception:  # no file, or one that can't be read or parsed: then there are no such logins
            self.netrc = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        url = request.url
        fitting = (i for i in self.indexes if (i.scheme, i.host, i.port) == (url.scheme, url.host, url.port))
        index = next(fitting, None)
        if index:
            yield from httpx.BasicAuth(index.username, index.password).auth_flow(request)
        elif self.netrc:
            yield from self.netrc.auth_flow(request)
        else:
            yield request


def _download(
    choice: Choice, client: httpx.Client, cache: Cache, source: Source, advance: Callable[[int], None]
) -> None:
    with cache.scratch() as scratch:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                _transfer(choice, client, scratch / "wheel", advance)
                break
            except _Temporary as error:
                if attempt == _ATTEMPTS:
                    remedy = "check the network, then build again: what was fetched is kept"
                    raise ArtefactError(str(error), where=choice.filename, remedy=remedy) from error
                source.pause(0.5 * 2 ** (attempt - 1))
        cache.store_blob(scratch / "wheel", choice.sha256, choice.filename)


class _Temporary(Exception):  # noqa: N818 - a state that may pass, not an error yet
    """Trying again may help."""


def _transfer(choice: Choice, client: httpx.Client, path: Path, advance: Callable[[int], None]) -> None:
    """Add to ``path`` what is still missing; what came before a failure stays, for the next attempt."""
    limit = choice.size if choice.size is not None else _LARGEST
    try:
        with path.open("ab") as stream:
            response = _open(choice, client, stream.tell())
            try:
                if not _continues(response, stream.tell()):
                    advance(-stream.tell())
                    stream.truncate(0)
                got = stream.seek(0, os.SEEK_END)
                for chunk in response.iter_raw():  # as they come: what a chunker holds back would be lost
                    got += len(chunk)
                    if got > limit:
                        raise IntegrityError(f"it is larger than the {limit} bytes locked", where=choice.filename)
                    stream.write(chunk)
                    advance(len(chunk))
            finally:
                response.close()
    except httpx.TransportError as error:
        raise _Temporary(f"can't be fetched from {redacted(choice.url)}: {redacted(str(error))}") from error
    if choice.size is not None and got < choice.size:
        raise _Temporary(f"only {got} of {choice.size} bytes came")


def _continues(response: httpx.Response, start: int) -> bool:
    """Tell whether the answer is the part from ``start`` on that was asked for (RFC 9110, 14.4)."""
    partial = response.status_code == httpx.codes.PARTIAL_CONTENT
    return partial and response.headers.get("content-range", "").startswith(f"bytes {start}-")


def _open(choice: Choice, client: httpx.Client, start: int) -> httpx.Response:
    """Return the answer's stream from byte ``start`` on; follow redirects, but never from https to anything else."""
    headers = {"range": f"bytes={start}-"} if start else {}
    request = client.build_request("GET", choice.url, headers=headers)
    for _ in range(_REDIRECTS + 1):
        response = client.send(request, stream=True, follow_redirects=False)
        following = response.next_request
        if following is None:
            return _accepted(choice, response)
        response.close()
        before, after = urlsplit(str(request.url)).scheme, urlsplit(str(following.url)).scheme
        if after not in {"http", "https"} or (before == "https" and after != "https"):
            what = f"a redirect from {before} to {after} is refused ({redacted(str(following.url))})"
            raise ArtefactError(what, where=choice.filename)
        request = following
    raise ArtefactError(f"more than {_REDIRECTS} redirects from {redacted(choice.url)}", where=choice.filename)


def _accepted(choice: Choice, response: httpx.Response) -> httpx.Response:
    asked = "range" in response.request.headers
    if response.status_code == httpx.codes.OK or (asked and response.status_code == httpx.codes.PARTIAL_CONTENT):
        return response
    response.close()
    what = f"{redacted(choice.url)} answers {response.status_code}"
    if response.status_code in _BUSY:
        raise _Temporary(what)
    login = response.status_code in {401, 403}
    remedy = "give the login in the index URL or in ~/.netrc" if login else "lock again: the file may have been removed"
    raise ArtefactError(what, where=choice.filename, remedy=remedy)
