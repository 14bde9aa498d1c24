"""Fetches an interpreter's archive into the cache, checked against a digest that was known before."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from pkggen.errors import ArtefactError, ConfigurationError, StorageError
from pkggen.network.transfer import MissingError, TransferError
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Reporter

_MAX_BYTES = 1 << 30


def redact(url: str) -> str:
    """Return ``url`` without what may be a secret: user, password, query and fragment.

    Raises ConfigurationError for what is no URL.
    """
    import httpx  # noqa: PLC0415 - takes long to load, and a build from the cache needs none

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
    from pkggen.network.download import Downloader  # noqa: PLC0415 - as above

    with cache.scratch() as scratch, Downloader(urls, time.sleep) as downloader:
        target = scratch / "download"
        for url in urls:
            with reporter.step(f"downloading {file_name(url)}") as advance:
                try:
                    downloader.fetch(url, target, advance, limit=_MAX_BYTES)
                except MissingError:
                    continue
                except TransferError as error:
                    raise StorageError(f"can't be downloaded: {error}", where=redact(url)) from None
            return cache.store_blob(target, sha256, redact(url))
    raise ArtefactError("no such file on the server", where=names, remedy="check python.source and python.mirror")
