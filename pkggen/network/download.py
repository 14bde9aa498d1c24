"""Downloading one file after another: patiently, resuming, with logins that never show and never travel elsewhere.

Nothing is checked here but sizes; whoever asks has a digest and checks it when the file is stored.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from types import TracebackType

import httpx

from pkggen.network.address import redacted
from pkggen.network.transfer import (
    ForbiddenError,
    MissingError,
    TooLargeError,
    TransferError,
    UnreachableError,
)

_ATTEMPTS = 4
_REDIRECTS = 5
_BUSY = {408, 425, 429, 500, 502, 503, 504}
_GONE = {404, 410}
_TIMEOUT = httpx.Timeout(30, connect=15, read=60)
_AS_STORED = {"accept-encoding": "identity"}  # the digest is that of the file, not of what a server makes of it


class Downloader:
    """One client for many files; usable from several threads. Use it as a context manager."""

    def __init__(self, logins: Sequence[str] = (), pause: Callable[[float], None] = time.sleep) -> None:
        """Take URLs that hold the logins of their hosts, and what waits between attempts."""
        self.pause = pause
        self.client = httpx.Client(timeout=_TIMEOUT, auth=_Login(logins), headers=_AS_STORED)

    def __enter__(self) -> Downloader:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close all connections."""
        self.client.close()

    def fetch(
        self, url: str, path: Path, advance: Callable[[int], None], *, size: int | None = None, limit: int = 16 << 30
    ) -> None:
        """Write what is at ``url`` to ``path``; ``advance`` is told of bytes that came, or are lost again.

        ``size`` is what the file has to have, if that is known; else it may have ``limit`` bytes.
        Raises TransferError or one of its kinds, and ValueError for what is no URL.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._transfer(url, path, advance, size, limit if size is None else size)
            except _TemporaryError as error:
                if attempt == _ATTEMPTS:
                    raise UnreachableError(str(error)) from None
                self.pause(0.5 * 2 ** (attempt - 1))
            except httpx.InvalidURL as error:
                raise ValueError(str(error)) from None
            else:
                return

    def _transfer(self, url: str, path: Path, advance: Callable[[int], None], size: int | None, limit: int) -> None:
        """Add to ``path`` what is still missing; what came before a failure stays, for the next attempt."""
        try:
            with path.open("ab") as stream:
                response = self._open(url, stream.tell())
                try:
                    if not _continues(response, stream.tell()):
                        advance(-stream.tell())
                        stream.truncate(0)
                    got = stream.seek(0, os.SEEK_END)
                    for chunk in response.iter_raw():  # as they come: what a chunker holds back would be lost
                        got += len(chunk)
                        if got > limit:
                            raise TooLargeError(f"it is larger than the {limit} bytes that it may have")
                        stream.write(chunk)
                        advance(len(chunk))
                finally:
                    response.close()
        except httpx.TransportError as error:
            raise _TemporaryError(f"can't be fetched from {redacted(url)}: {redacted(str(error))}") from None
        if size is not None and got < size:
            raise _TemporaryError(f"only {got} of {size} bytes came")

    def _open(self, url: str, start: int) -> httpx.Response:
        """Return the answer's stream from byte ``start`` on; follow redirects, never from https to another scheme."""
        headers = {"range": f"bytes={start}-"} if start else {}
        request = self.client.build_request("GET", url, headers=headers)
        for _ in range(_REDIRECTS + 1):
            response = self.client.send(request, stream=True, follow_redirects=False)
            following = response.next_request
            if following is None:
                return _accepted(url, response)
            response.close()
            before, after = request.url.scheme, following.url.scheme
            if after not in {"http", "https"} or (before == "https" and after != "https"):
                raise TransferError(f"a redirect from {before} to {after} is refused ({redacted(str(following.url))})")
            request = following
        raise TransferError(f"more than {_REDIRECTS} redirects from {redacted(url)}")


class _TemporaryError(Exception):
    """Trying again may help."""


class _Login(httpx.Auth):
    """Credentials of a URL for its own host (scheme, name and port), else those of $NETRC or ~/.netrc."""

    def __init__(self, urls: Sequence[str]) -> None:
        self.known = [url for url in map(httpx.URL, urls) if url.userinfo]
        try:
            self.netrc: httpx.NetRCAuth | None = httpx.NetRCAuth(os.environ.get("NETRC"))
        except Exception:  # no file, or one that can't be read or parsed: then there are no such logins
            self.netrc = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        url = request.url
        fitting = (k for k in self.known if (k.scheme, k.host, k.port) == (url.scheme, url.host, url.port))
        known = next(fitting, url if url.userinfo else None)
        if known:
            yield from httpx.BasicAuth(known.username, known.password).auth_flow(request)
        elif self.netrc:
            yield from self.netrc.auth_flow(request)
        else:
            yield request


def _continues(response: httpx.Response, start: int) -> bool:
    """Tell whether the answer is the part from ``start`` on that was asked for (RFC 9110, 14.4)."""
    partial = response.status_code == httpx.codes.PARTIAL_CONTENT
    return partial and response.headers.get("content-range", "").startswith(f"bytes {start}-")


def _accepted(url: str, response: httpx.Response) -> httpx.Response:
    asked = "range" in response.request.headers
    if response.status_code == httpx.codes.OK or (asked and response.status_code == httpx.codes.PARTIAL_CONTENT):
        return response
    response.close()
    what = f"{redacted(url)} answers {response.status_code}"
    if response.status_code in _BUSY:
        raise _TemporaryError(what)
    if response.status_code in _GONE:
        raise MissingError(what)
    raise (ForbiddenError if response.status_code in {401, 403} else TransferError)(what)
