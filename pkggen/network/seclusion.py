"""What a build back-end runs in: nothing of the caller's that it has no need of, and no network if that is asked for.

A back-end is code of many people. It gets variables that steer builds, proxies and certificates without logins, and
an empty home directory: no netrc, no keys of clouds or SSH, no settings with passwords. What of the home directory
changes builds is named one by one: Rust's tool chains, and which files git ignores for the user.

Sources: unshare(1), user_namespaces(7), git-config(1) "core.excludesFile", the Cargo book "Environment variables".
"""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pkggen.run import run, succeeds

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
_RUST = (("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup"))
# as root the network alone; others become root of a namespace of their own first
_WAYS = (("unshare", "--net"), ("unshare", "--map-root-user", "--net"))


def back_end_environment(home: Path, programs: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a back-end is given of ``environ``; ``home`` is an empty directory.

    ``programs`` holds those of the build's own venv, which come first on the path.
    """
    names = [spelled for name in _PROXIES for spelled in (name, name.lower())]
    kept = {name: environ[name] for name in (*names, *_CERTIFICATES) if environ.get(name)}
    kept = {name: value for name, value in kept.items() if "@" not in urlsplit(value).netloc}
    own = Path(environ.get("HOME") or os.path.expanduser("~"))
    kept |= {name: str(own / folder) for name, folder in _RUST if (own / folder).is_dir()}
    path = os.pathsep.join((str(programs), environ.get("PATH", os.defpath)))
    return {**kept, **_ignored_by_user(own, environ), "HOME": str(home), "PATH": path}


def _ignored_by_user(own: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what tells git of the user's own excludes, by which a tree is clean or not."""
    settings = Path(environ.get("XDG_CONFIG_HOME") or own / ".config")
    named = ""
    if shutil.which("git"):
        words = ["git", "config", "--global", "--path", "core.excludesfile"]
        named = run(words, cwd=Path("/"), inherit=["HOME", "XDG_CONFIG_HOME"], check=False).stdout.strip()
    excludes = Path(named) if named else settings / "git/ignore"
    if not excludes.is_file():
        return {}
    return {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.excludesFile", "GIT_CONFIG_VALUE_0": str(excludes)}


@functools.cache
def without_network() -> tuple[str, ...]:
    """Return the words before a command that give it a network of its own with nothing in it; () where none can be."""
    return next((words for words in _WAYS if succeeds([*words, "true"], timeout=20)), ())
