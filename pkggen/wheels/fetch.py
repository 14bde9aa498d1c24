"""Chosen wheels into the cache: from it, from local directories, or downloaded, always verified."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pkggen.errors import (
    ArtefactError,
    ConfigurationError,
    IntegrityError,
    PkggenError,
    Problem,
    StorageError,
    raise_gravest,
)
from pkggen.model import Wheel
from pkggen.network.address import redacted
from pkggen.network.transfer import ForbiddenError, MissingError, TooLargeError, TransferError, UnreachableError
from pkggen.store.cache import Cache, sha256_of
from pkggen.terminal.reporter import Reporter
from pkggen.wheels.select import Choice

if TYPE_CHECKING:
    from pkggen.network.download import Downloader

_WORKERS = 8  # downloads wait for the network, not for a core
_REMEDIES = {
    MissingError: "lock again: the file may have been removed",
    ForbiddenError: "give the login in the index URL or in ~/.netrc",
    UnreachableError: "check the network, then build again: what was fetched is kept",
}


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
    raise_gravest(problems)
    return tuple(Wheel(c.name, c.version, c.filename, cache.blob_path(c.sha256), c.sha256) for c in choices)


_Found = tuple[type[PkggenError], Problem]


def _attempt(action: Callable[[], None]) -> list[_Found]:
    try:
        action()
    except PkggenError as error:
        return [(type(error), p) for p in error.problems]
    except ValueError as error:
        return [(ConfigurationError, Problem(f"an address is no usable URL: {redacted(str(error))}", "lock"))]
    except OSError as error:
        return [(StorageError, Problem(f"a wheel can't be stored: {error.strerror}", str(error.filename or "")))]
    return []


def _gather(results: Iterable[list[_Found]]) -> Iterable[_Found]:
    for result in results:
        yield from result


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
    from pkggen.network.download import Downloader  # noqa: PLC0415 - httpx takes long to load

    sizes = [c.size for c in choices]
    total = sum(s for s in sizes if s) if all(sizes) else None
    label = f"Fetching {len(choices)} wheel{'s' if len(choices) > 1 else ''}"
    with (
        Downloader((source.index, *source.logins), source.pause) as downloader,
        reporter.step(label, total) as advance,
    ):
        fetching = pool.map(lambda c: _attempt(lambda: _download(c, downloader, cache, advance)), choices)
        return list(_gather(fetching))


def _download(choice: Choice, downloader: Downloader, cache: Cache, advance: Callable[[int], None]) -> None:
    with cache.scratch() as scratch:
        try:
            downloader.fetch(choice.url, scratch / "wheel", advance, size=choice.size)
        except TooLargeError as error:
            raise IntegrityError(str(error), where=choice.filename) from None
        except TransferError as error:
            raise ArtefactError(str(error), where=choice.filename, remedy=_REMEDIES.get(type(error), "")) from None
        cache.store_blob(scratch / "wheel", choice.sha256, choice.filename)
