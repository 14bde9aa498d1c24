"""Indexes and their logins as uv's and pip's own settings name them.

uv reads its settings by itself when it resolves; they are read here, too, because locks hold no
credentials and the wheels are fetched by us. pip's index is used where uv has none.
Sources: uv's documentation ("Configuration files", "Environment variables", "Indexes"), pip's
("Configuration").
"""

from __future__ import annotations

import configparser
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from pkggen.reading import parse_toml

_INHERITED = (
    "HOME", "XDG_CONFIG_HOME", "NETRC", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    "UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_INDEX_STRATEGY",
    "UV_KEYRING_PROVIDER", "UV_INSECURE_HOST", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS", "UV_EXCLUDE_NEWER",
    "UV_CONFIG_FILE",
)  # fmt: skip
_INDEX_LOGIN = re.compile(r"UV_INDEX_\w+_(USERNAME|PASSWORD)")
_LOGIN = re.compile(r"(?<=://)([^/@:\s]*)(:[^/@\s]+)?@")
_UV_DEFAULT = ("UV_DEFAULT_INDEX", "UV_INDEX_URL")
_UV_MORE = ("UV_INDEX", "UV_EXTRA_INDEX_URL")


def index_environment(index: str, root: Path) -> tuple[dict[str, str], list[str]]:
    """Return the variables that tell uv of ``index`` (or else pip's), and the names of those it takes from ours."""
    index = index or fallback_index(root, os.environ)
    logins = [name for name in os.environ if _INDEX_LOGIN.fullmatch(name)]
    return {"UV_DEFAULT_INDEX": index} if index else {}, [*_INHERITED, *logins]


@contextmanager
def private_environment(index: str, root: Path, within: Path) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Yield the same without a login in it: a file in a folder below ``within``, gone afterwards, has them for uv.

    uv hands its environment on to the code of build back-ends, which has no need of them.
    """
    env, inherit = index_environment(index, root)
    told = (*_UV_DEFAULT, *_UV_MORE, "UV_FIND_LINKS")
    addresses = {name: os.environ[name] for name in told if os.environ.get(name)} | env
    inherit = [name for name in inherit if name not in addresses and not _INDEX_LOGIN.fullmatch(name)]
    env |= {name: _without_password(text) for name, text in addresses.items()}
    found = (*logins(root, os.environ), *(u for u in addresses.values() if "@" in urlsplit(u).netloc))
    if not found:
        yield env, inherit
        return
    within.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=within) as directory:  # for its owner alone
        file = Path(directory, "netrc")
        file.write_text(_own_netrc() + "".join(map(_machine, dict.fromkeys(found))), encoding="utf-8")
        yield {**env, "NETRC": str(file)}, [name for name in inherit if name != "NETRC"]


def _without_password(text: str) -> str:
    """Cut logins out of the URLs in ``text``; beside a password the user's name stays: by it uv looks for one."""
    return _LOGIN.sub(lambda match: f"{match[1]}@" if match[1] and match[2] else "", text)


def _own_netrc() -> str:
    path = Path(os.environ.get("NETRC") or Path(os.environ.get("HOME") or os.path.expanduser("~"), ".netrc"))
    try:
        return path.read_text(encoding="utf-8") + "\n"
    except (OSError, UnicodeDecodeError):
        return ""


def _machine(url: str) -> str:
    """Return a line of a netrc file; of two for one machine, uv takes the later."""
    parts = urlsplit(url)
    user, password = (_quoted(unquote(text or "")) for text in (parts.username, parts.password))
    return f"machine {parts.hostname} login {user} password {password}\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def fallback_index(root: Path, environ: Mapping[str, str]) -> str:
    """Return pip's index (PIP_INDEX_URL, pip.conf) when uv is told none for the project in ``root``, else ""."""
    told = any(environ.get(name) for name in _UV_DEFAULT)
    if told or any(_names_default(table) for table in _uv_tables(root, environ)):
        return ""
    return environ.get("PIP_INDEX_URL", "") or _pip_conf(environ)


def logins(root: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the URLs, with user name and password in them, of all indexes that the settings name."""
    found = [url for name in (*_UV_DEFAULT, *_UV_MORE) for url in environ.get(name, "").split()]
    found += [environ.get("PIP_INDEX_URL", ""), *environ.get("PIP_EXTRA_INDEX_URL", "").split(), _pip_conf(environ)]
    urls = [_named(text, environ) for text in found if text]
    for table in _uv_tables(root, environ):
        urls += _table_urls(table, environ)
    return tuple(dict.fromkeys(url for url in urls if "@" in urlsplit(url).netloc))


def _named(text: str, environ: Mapping[str, str]) -> str:
    """Return the URL of ``url`` or ``name=url``, with the login that UV_INDEX_<NAME>_… give."""
    match = re.fullmatch(r"([A-Za-z0-9._-]+)=(.+)", text)
    return _with_login(match[2], match[1], environ) if match else text


def _with_login(url: str, name: str, environ: Mapping[str, str]) -> str:
    variable = re.sub(r"[^A-Z0-9]", "_", name.upper())
    user = environ.get(f"UV_INDEX_{variable}_USERNAME", "")
    password = environ.get(f"UV_INDEX_{variable}_PASSWORD", "")
    parts = urlsplit(url)
    if not (user or password) or not parts.hostname:
        return url
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{host}"))


def _uv_tables(root: Path, environ: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    """Yield uv's settings, nearest first: the project's, the user's, the system's."""
    if environ.get("UV_CONFIG_FILE"):
        yield _toml(Path(environ["UV_CONFIG_FILE"]))
        return
    if (root / "uv.toml").is_file():
        yield _toml(root / "uv.toml")
    else:
        tool = _toml(root / "pyproject.toml").get("tool", {})
        yield tool.get("uv", {}) if isinstance(tool, dict) else {}
    yield _toml(_config_home(environ) / "uv" / "uv.toml")
    yield _toml(Path("/etc/uv/uv.toml"))


def _toml(path: Path) -> Mapping[str, Any]:
    try:
        data: Mapping[str, Any] = parse_toml(path.read_text(encoding="utf-8"))
        return data
    except (OSError, ValueError):
        return {}  # whoever owns the file complains about it


def _indexes(table: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    indexes = table.get("index", ())
    return [i for i in indexes if isinstance(i, Mapping)] if isinstance(indexes, list) else []


def _names_default(table: Mapping[str, Any]) -> bool:
    return bool(table.get("index-url")) or any(index.get("default") for index in _indexes(table))


def _table_urls(table: Mapping[str, Any], environ: Mapping[str, str]) -> Iterator[str]:
    yield str(table.get("index-url", ""))
    extra = table.get("extra-index-url", ())
    yield from map(str, extra if isinstance(extra, list) else ())
    for index in _indexes(table):
        yield _with_login(str(index.get("url", "")), str(index.get("name", "")), environ)


def _config_home(environ: Mapping[str, str]) -> Path:
    home = environ.get("HOME") or os.path.expanduser("~")
    return Path(environ.get("XDG_CONFIG_HOME") or f"{home}/.config")


def _pip_conf(environ: Mapping[str, str]) -> str:
    """Return ``global.index-url`` of pip's files; the last one read wins, as in pip."""
    named = environ.get("PIP_CONFIG_FILE", "")
    home = Path(environ.get("HOME") or os.path.expanduser("~"))
    paths = [Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf"), home / ".pip/pip.conf"]
    paths += [_config_home(environ) / "pip/pip.conf", *([Path(named)] if named else [])]
    parser = configparser.RawConfigParser(strict=False)
    for path in paths if named != os.devnull else []:
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue
    return parser.get("global", "index-url", fallback="").strip()
