"""The catalogue of bad wheels, interpreters and locks through the command line: exit code, message, nothing written.

What is wrong in each case is looked at more closely in test_wheels_bad.py and test_interpreter_archive.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from pkggen import gather
from pkggen.cli import main
from tests.unit.fakes.interpreter_archives import compressed, other_machine, plain_tar, program
from tests.unit.interpreter.test_interpreter_archive import BAD_MEMBERS
from tests.unit.lock_bench import bare_environment
from tests.unit.wheels.test_wheels_bad import BYTES, POINTS, RECORDS, STORED, STRUCTURE, points
from tests.unit.wheelsmith import Smith, interpreter

APP = Smith(name="app", files={"app.py": b""}, metadata="Requires-Dist: demo\n")
DEMO = "demo-1.0-py3-none-any.whl"
LOCK = 'lock-version = "1.0"\ncreated-by = "somebody"\n[[packages]]\nname = "demo"\nversion = "1.0"\n'
WHEEL = f'wheels = [{{ path = "{DEMO}", hashes = {{ {{hashes}} }} }}]\n'


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current directory, with a wheel to package, an earlier package in dist/, and a cache of its own."""
    bare_environment(monkeypatch, tmp_path / "home")
    monkeypatch.setenv("PKGGEN_CACHE_DIR", str(tmp_path / "cache"))
    home = tmp_path / "here"
    (home / "dist").mkdir(parents=True)
    (home / "dist" / "app_1.0-1_amd64.deb").write_bytes(b"the old package")
    (home / "pkggen.toml").write_text("")
    APP.forge(home)
    monkeypatch.chdir(home)
    return home


def refused(home: Path, *words: str) -> tuple[int, list[str]]:
    """Build; return exit code and the lines of errors, having seen that nothing was written or left."""
    before = {p: p.read_bytes() for p in home.rglob("*") if p.is_file()}
    done = CliRunner().invoke(main, ["build", APP.filename, "--format", "deb", "-q", "--offline", *words])

    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert (done.stdout, "Traceback" in done.stderr) == ("", False)
    assert {p: p.read_bytes() for p in home.rglob("*") if p.is_file()} == before
    scratch = home.parent / "cache" / "scratch"
    assert not scratch.exists() or not list(scratch.iterdir())
    assert not list((home.parent / "cache").glob("trees/**/demo*"))
    assert not list((home.parent / "cache").glob("trees/interpreter/*"))
    return done.exit_code, [line for line in done.stderr.splitlines() if line.startswith("error: ")]


def locked(home: Path, smith: Smith, alter: Callable[[bytes], bytes] = lambda c: c) -> None:
    """Lock a wheel at its own digest, so that nothing but its contents is wrong."""
    path = smith.forge(home, alter).path
    path = path if path.name == DEMO else path.rename(home / DEMO)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (home / "pylock.toml").write_text(LOCK + WHEEL.replace("{hashes}", f'sha256 = "{digest}"'))


WHEELS: dict[str, tuple[int | None, Smith, Callable[[bytes], bytes]]] = {
    **{f"structure: {name}": (3, smith, lambda c: c) for name, (smith, _) in STRUCTURE.items()},
    **{f"entry point: {name}": (3, points(text), lambda c: c) for name, text in POINTS.items()},
    **{f"RECORD: {name}": (4, smith, lambda c: c) for name, (smith, _) in RECORDS.items()},
    **{f"bytes: {name}": (None, STORED, alter) for name, (alter, _) in BYTES.items()},
}


@pytest.mark.parametrize("case", WHEELS)
def test_bad_wheels(case: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be used is 3, what is not as recorded is 4; every line names the wheel."""
    code, smith, alter = WHEELS[case]
    monkeypatch.setattr(gather, "resolve_interpreter", lambda *_, **__: interpreter(tmp_path))
    locked(home, smith, alter)

    found, errors = refused(home)

    assert found in ((3, 4) if code is None else (code,)), errors
    assert errors
    assert all("demo" in line for line in errors)


LOCKS = {
    "no hash": (4, WHEEL.replace("{hashes}", ""), "without a hash"),
    "md5": (4, WHEEL.replace("{hashes}", 'md5 = "0"'), "md5 only, not sha256"),
    "sha1": (4, WHEEL.replace("{hashes}", 'sha1 = "0"'), "sha1 only, not sha256"),
    "no digest": (4, WHEEL.replace("{hashes}", 'sha256 = "../../../etc/passwd"'), "is not a sha256"),
    "other bytes": (4, WHEEL.replace("{hashes}", f'sha256 = "{"0" * 64}"'), "expected 0000"),
    "sdist only": (
        3,
        f'sdist = {{ url = "https://127.0.0.1:1/demo-1.0.tar.gz", hashes = {{ sha256 = "{"0" * 64}" }} }}\n',
        "only a source archive",
    ),
    "VCS": (
        3,
        'vcs = { type = "git", url = "https://me:hunter2@127.0.0.1:1/demo.git", commit-id = "abc" }\n',
        "it is not in the cache, and the build is offline",
    ),
    "editable": (2, 'directory = { path = "../demo", editable = true }\n', "no Python project here"),
    "another platform": (
        3,
        WHEEL.replace(DEMO, "demo-1.0-cp313-cp313-win_amd64.whl").replace("{hashes}", f'sha256 = "{"0" * 64}"'),
        "there are cp313-cp313-win_amd64",
    ),
    "twice": (
        3,
        WHEEL.replace("{hashes}", f'sha256 = "{"0" * 64}"') + '[[packages]]\nname = "demo"\nversion = "2.0"\n'
        + WHEEL.replace("1.0", "2.0").replace("{hashes}", f'sha256 = "{"1" * 64}"'),
        "locked twice",
    ),
    "password and nothing there": (
        3,
        f'wheels = [{{ url = "https://me:hunter2@127.0.0.1:1/{DEMO}", hashes = {{ sha256 = "{"0" * 64}" }} }}]\n',
        "offline",
    ),
    "not TOML": (2, "wheels = [\n", "not valid TOML"),
    "not what is asked for": (4, "", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", LOCKS)
def test_bad_locks(case: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its exit code, tells the package and what is wrong with it, and no password."""
    code, entry, words = LOCKS[case]
    monkeypatch.setattr(gather, "resolve_interpreter", lambda *_, **__: interpreter(tmp_path))
    Smith(name="demo").forge(home)
    (home / "pylock.toml").write_text(LOCK + entry if entry else LOCK.partition("[[")[0] + "packages = []\n")

    found, errors = refused(home)

    assert (found, len(errors)) == (code, 1), errors
    assert words in errors[0]
    assert "demo" in errors[0] or code == 2
    assert "hunter2" not in errors[0]


INTERPRETERS: dict[str, tuple[int, bytes]] = {
    "wrong digest": (4, plain_tar()),
    "truncated": (3, plain_tar()[:700]),
    "no bin/python3": (3, plain_tar(without="python/bin/python3")),
    "another machine": (3, plain_tar(python=other_machine())),
    "no program": (3, plain_tar(python=b"#!/bin/sh\n\x003.13.5\0")),
    "a program that is no Python": (3, plain_tar(python=program())),
    **{name: (3, plain_tar([info])) for name, info in BAD_MEMBERS.items()},
}


@pytest.mark.parametrize("case", INTERPRETERS)
def test_bad_interpreters(case: str, home: Path, tmp_path: Path) -> None:
    """An archive of other bytes is 4, one that can't be used 3; the line names the archive."""
    code, tar = INTERPRETERS[case]
    archive = tmp_path / "python.tar.gz"
    archive.write_bytes(compressed(tar, ".tar.gz"))
    digest = "0" * 64 if case == "wrong digest" else hashlib.sha256(archive.read_bytes()).hexdigest()

    found, errors = refused(home, "--python", str(archive), "--python-sha256", digest)

    assert found == code, errors
    assert errors
    assert all("python.tar.gz" in line for line in errors), errors
