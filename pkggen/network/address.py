"""Addresses of wheels: where a URL or a path points, and how it may be shown.

A URL's user name, password and query can be credentials, so none of them is ever printed or
written to a lock.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

_USERINFO = re.compile(r"(?<=://)[^/@\s\"'<>]+@")
_QUERY = re.compile(r"(://[^\s\"'<>?#]*)\?[^\s\"'<>#]*")


def redacted(text: str) -> str:
    """Return ``text`` with the credentials of every URL in it masked."""
    return _QUERY.sub(r"\1?***", _USERINFO.sub("***@", text))


def without_credentials(text: str) -> str:
    """Return ``text`` with user name and password cut out of every URL in it."""
    return _USERINFO.sub("", text)


def is_remote(url: str) -> bool:
    """Tell whether ``url`` is to be fetched over the network."""
    return urlsplit(url).scheme.lower() in {"http", "https"}


def local_path(url: str, base: Path) -> Path | None:
    """Return the file that a ``file://`` URL or a path (relative to ``base``) names, else None."""
    parts = urlsplit(url)
    if parts.scheme.lower() == "file" and parts.netloc in {"", "localhost"}:
        return Path(unquote(parts.path))
    return None if "://" in url else base / url


def filename_of(url: str) -> str:
    """Return the last component of a URL's or a path's path, decoded."""
    path = urlsplit(url).path if "://" in url else url
    name = path.rstrip("/").rsplit("/", 1)[-1]
    return unquote(name) if "://" in url else name
