"""The same input gives the same bytes, wherever and however it is built."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from pathlib import Path

import pytest

from tests.e2e.applications import SAMPLES, Application
from tests.e2e.packages import by_format, interpreter_options, pkggen


@pytest.mark.parametrize("application", SAMPLES, ids=lambda a: a.name)
def test_two_builds_are_identical(application: Application, tmp_path: Path) -> None:
    """Other directory, umask, locale, HOME, time zone, time and an empty cache change no byte."""
    first = built(application, tmp_path / "one", umask=0o022, env={"LANG": "C", "TZ": "UTC"})
    time.sleep(1.1)  # past the resolution of a zip's or header's clock
    other = {"LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "7"}
    second = built(application, tmp_path / "a longer, second place", umask=0o077, env=other)

    assert first == second


def built(application: Application, home: Path, *, umask: int, env: dict[str, str]) -> dict[str, str]:
    """Build in a fresh copy with a fresh HOME and cache; return the digest of each format's package."""
    (home / "home").mkdir(parents=True)
    root = application.source(application.versions[0], home)
    for number, path in enumerate(sorted(root.rglob("*"))):
        os.utime(path, (number * 1000, number * 1000))
    settings = {"HOME": str(home / "home"), "PKGGEN_CACHE_DIR": str(home / "cache"), "SOURCE_DATE_EPOCH": "1700000000"}
    settings["UV_CACHE_DIR"] = os.environ.get("UV_CACHE_DIR", os.path.expanduser("~/.cache/uv"))
    done = pkggen("build", root, "-o", home / "dist", *interpreter_options(), env=env | settings, umask=umask)
    assert done.returncode == 0, done.stderr
    packages = by_format(done.stdout.splitlines())
    digests = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in packages.items()}
    shutil.rmtree(home / "cache")
    return digests
