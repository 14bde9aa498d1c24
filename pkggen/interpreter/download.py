"""Fetches an interpreter's archive into the cache, checked against a digest that was known before."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx

from pkggen.cache import Cache
from pkggen.errors import ArtefactError, ConfigurationError, StorageError
from pkggen.reporter import Reporter

_PAUSES = (0.2, 1.0, 3.0)  # seconds between attempts
_MAX_BYTES = 1 << 30
_TIMEOUT = httpx.Timeout(30.0, read=60.0)
_CHUNK = 1 << 18
_AS_STORED = {"accept-encoding": "identity"}  # the digest is that of the file, not of what a server makes of it


class _NotFoundError(Exception):
    """The server has no such file: the next address may."""


def redact(url: str) -> str:
    """Return ``url`` without what may be a secret: user, password, query and fragment.

    Raises ConfigurationError for what is no URL.
    """
    try:
        parts = urlsplit(url)
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL) as error:
        raise ConfigurationError(f"is not a usable URL: {error}", where="python.source") from error
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def file_name(url: str) -> str:
    """Return the last part of the URL's path."""
    return unquote(urlsplit(url).path.rpartition("/")[2])


def fetch(urls: Sequence[str], sha256: str, cache: Cache, reporter: Reporter, *, offline: bool) -> Path:
    """Return the blob with digest ``sha256``, from the cache or from the first of ``urls`` that has it.

    Raises ArtefactError when it would have to be downloaded with ``offline`` or no address has
    it, StorageError when the network fails for good, IntegrityError when the digest is another.
    """
    blob = cache.blob(sha256)
    if blob is not None:
        return blob
    names = " and ".join(redact(u) for u in urls)
    if offline:
        raise ArtefactError(
            "is not in the cache, and nothing may be downloaded",
            where=names, remedy="build once without --offline, or give a local archive as python.source",
        )  # fmt: skip
    with (
        cache.scratch() as scratch,
        httpx.Client(headers=_AS_STORED, follow_redirects=True, timeout=_TIMEOUT) as client,
    ):
        for url in urls:
            target = scratch / "download"
            with reporter.step(f"downloading {file_name(url)}") as advance:
                try:
                    _patiently(client, url, target, advance)
                except _NotFoundError:
                    continue
            return cache.store_blob(target, sha256, redact(url))
    raise ArtefactError("no such file on the server", where=names, remedy="check python.source and python.mirror")


def _patiently(client: httpx.Client, url: str, target: Path, advance: Callable[[int], None]) -> None:
    for pause in (*_PAUSES, None):
        try:
            _download(client, url, target, advance)
        except httpx.HTTPError as error:
            if pause is None or (isinstance(error, httpx.HTTPStatusError) and not _passes(error)):
                why = f"HTTP {error.response.status_code}" if isinstance(error, httpx.HTTPStatusError) else error
                # the library's own text may hold the whole address
                text = str(why).replace(url, redact(url))
                raise StorageError(f"can't be downloaded: {text}", where=redact(url)) from None
            time.sleep(pause)
        else:
            return


def _passes(error: httpx.HTTPStatusError) -> bool:
    return error.response.status_code >= 500 or error.response.status_code in (408, 425, 429)


def _download(client: httpx.Client, url: str, target: Path, advance: Callable[[int], None]) -> None:
    size = 0
    with client.stream("GET", url) as response:
        if response.status_code in (404, 410):
            raise _NotFoundError
        response.raise_for_status()
        with target.open("wb") as out:
            for chunk in response.iter_raw(_CHUNK):
                size += len(chunk)
                if size > _MAX_BYTES:
                    raise StorageError(f"is larger than {_MAX_BYTES >> 20} MiB", where=redact(url))
                out.write(chunk)
                advance(len(chunk))
