"""What a user wrote, or anybody for him: it ends with a documented status, never a traceback."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lock_bench import bare_environment
from wheelsmith import Smith, interpreter

from pkggen import gather
from pkggen.cli import main
from pkggen.errors import ConfigurationError
from pkggen.reading import is_there, oddity, parse_json, parse_toml, read_text

APP = Smith(name="app", files={"app.py": b""}, entry_points="[console_scripts]\napp = app:main\n")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current directory, with a wheel to package, and a cache of its own."""
    bare_environment(monkeypatch, tmp_path / "home")
    monkeypatch.setenv("PKGGEN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(gather, "resolve_interpreter", lambda *_, **__: interpreter(tmp_path))
    home = tmp_path / "here"
    home.mkdir()
    (home / "pkggen.toml").write_text("")
    APP.forge(home)
    monkeypatch.chdir(home)
    return home


def run(*words: str) -> tuple[int, str]:
    """Run pkggen; return status and messages, having seen that it is a documented one and no traceback."""
    done = CliRunner().invoke(main, words)
    assert done.exception is None or isinstance(done.exception, SystemExit), (words, repr(done.exception))
    assert done.exit_code in {0, 2, 3, 4, 5, 6, 7}, (words, done.output)
    return done.exit_code, done.stderr


def render() -> tuple[int, str]:
    return run("render", APP.filename, "--format", "deb", "--offline", "-q")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def socketed(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path)[-100:] if len(str(path)) < 100 else os.path.relpath(path))


SPECIAL: dict[str, Callable[[Path], None]] = {
    "named pipe": pipe,
    "socket": socketed,
    "folder": Path.mkdir,
    "device": lambda path: path.symlink_to("/dev/zero"),
}
PLACES = {
    "file": ("x", '[[files]]\nsrc = "x"\ndst = "/etc/app/x"\n'),
    "hook": ("x.sh", '[scripts]\nafter-install = "x.sh"\n'),
    "changelog": ("CHANGES", 'changelog = "CHANGES"\n'),
    "completion": ("app.bash", 'completions = ["app.bash"]\n'),
    "man page": ("app.1", 'man = ["app.1"]\n'),
    "lock": ("pylock.toml", ""),
    "named lock": ("pylock.x.toml", '[wheels]\nlock = "pylock.x.toml"\n'),
    "poetry": ("poetry.lock", ""),
    "Pipfile": ("Pipfile.lock", ""),
    "uv": ("uv.lock", ""),
    "requirements": ("requirements.txt", ""),
}


@pytest.mark.parametrize(
    ("place", "kind"), [(place, kind) for place in PLACES for kind in SPECIAL if (place, kind) != ("file", "folder")]
)
def test_what_is_no_file(place: str, kind: str, home: Path) -> None:
    """A pipe, a socket, a device or a folder where a file belongs is refused by its name, and never opened."""
    name, text = PLACES[place]
    (home / "pkggen.toml").write_text(text)
    SPECIAL[kind](home / name)

    status, said = render()

    assert 2 <= status <= 7
    assert name in said


@pytest.mark.parametrize("kind", SPECIAL)
@pytest.mark.parametrize("name", ["pkggen.toml", "pyproject.toml"])
def test_a_configuration_that_is_no_file(name: str, kind: str, home: Path) -> None:
    """A configuration that can't be read is refused: passed over, the package would be another one."""
    (home / "pkggen.toml").unlink()
    SPECIAL[kind](home / name)

    for words in (("check", "."), ("render", "."), ("lock", ".")):
        status, said = run(*words)
        assert (status, name in said, kind in said) == (2, True, True), said


@pytest.mark.parametrize("kind", SPECIAL)
@pytest.mark.parametrize("verb", ["inspect", "lint", "check", "build"])
def test_a_package_that_is_no_file(verb: str, kind: str, home: Path) -> None:
    """So is a package, or a project, that is a pipe."""
    (home / "x").mkdir()
    SPECIAL[kind](home / "x" / "x.deb")

    status, _ = run(verb, "x/x.deb")

    assert status > 1


DEEP = {
    "arrays": ("x = ", "[", "1", "]"),
    "tables": ("x = ", "{a = ", "1", "}"),
}


@pytest.mark.parametrize("depth", [70, 300, 3000, 100_000])
@pytest.mark.parametrize("kind", DEEP)
@pytest.mark.parametrize("name", ["pkggen.toml", "pylock.toml", "poetry.lock"])
def test_deep_toml(name: str, kind: str, depth: int, home: Path) -> None:
    """Brackets in brackets without end are refused with the file's name, whatever the depth."""
    start, opened, inner, closed = DEEP[kind]
    (home / name).write_text(start + opened * depth + inner + closed * depth + "\n")
    status, said = render()

    assert (status, name in said) == (2, True), said


@pytest.mark.parametrize("depth", [70, 3000, 100_000])
def test_deep_json(depth: int, home: Path) -> None:
    """The same for the locks that are JSON."""
    (home / "Pipfile.lock").write_text('{"a":' * depth + "1" + "}" * depth)

    status, said = render()

    assert (status, "Pipfile.lock" in said) == (2, True), said


@pytest.mark.parametrize(
    "text", ["x = " + "9" * 5000, "x = 1e999999", "x = 9999-99-99", "x = 0001-01-01T00:00:00+23:59"]
)
@pytest.mark.parametrize("name", ["pkggen.toml", "pylock.toml", "poetry.lock"])
def test_numbers_and_times_out_of_range(name: str, text: str, home: Path) -> None:
    """A number of 5,000 digits, or a day that is none, is the user's mistake and no bug."""
    (home / name).write_text(f"{text}\n")

    status, said = render()

    assert (status, name in said) == (2, True), said


@pytest.mark.parametrize("place", [p for p in PLACES if p != "file"])
def test_what_is_not_utf8(place: str, home: Path) -> None:
    """A file in Latin-1 is packed as it is, or refused by its name; it never ends in a traceback."""
    name, text = PLACES[place]
    (home / "pkggen.toml").write_text(text)
    (home / name).write_bytes(b'#!/bin/sh\n.TH app 1\n# \xe9\xff = "\xe9"\n')

    status, said = render()

    assert status == 0 or name in said, said


def test_a_script_that_is_not_utf8(home: Path) -> None:
    """after-remove becomes part of a script of the package, which is UTF-8; the message says so."""
    (home / "pkggen.toml").write_text('[scripts]\nafter-remove = "hook.sh"\n')
    (home / "hook.sh").write_bytes(b"#!/bin/sh\necho \xe9\n")

    status, said = render()

    assert (status, "hook.sh is not UTF-8" in said) == (2, True), said


@pytest.mark.parametrize("epoch", ["9" * 5000, "-1", "99999999999999", "²", "1e3"])
def test_times_of_the_build(epoch: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SOURCE_DATE_EPOCH out of range is refused by its name."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)

    status, said = render()

    assert (status, "SOURCE_DATE_EPOCH" in said) == (2, True), said


@pytest.mark.parametrize(
    "line",
    [
        'homepage = "https://example.org/a b"',
        'homepage = "\\u202e"',
        'prefix = "/opt/' + "x" * 250 + '"',
        'prefix = "/opt/' + "x/" * 2100 + 'x"',
        '[[files]]\nsrc = "pkggen.toml"\ndst = "/etc/app/' + "y" * 250 + '"',
        '[[files]]\nsrc = "pkggen.toml"\ndst = "/etc/' + "y/" * 2000 + 'y"',
        '[[services]]\nname = "' + "s" * 250 + '"\ncommand = "app"',
    ],
)
def test_limits_of_the_target(line: str, home: Path) -> None:
    """Names and paths that no target can take, and odd addresses, are refused here and not there."""
    (home / "pkggen.toml").write_text(f"{line}\n")

    status, said = render()

    assert status == 2 or "homepage" in line, said


KEYS = st.sampled_from(
    ["name", "version", "prefix", "services", "files", "wheels", "python", "scripts", "venv", "deb", "x"]
)
VALUES = st.recursive(
    st.one_of(st.text(max_size=20), st.integers(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=6,
)


def spelled(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{spelled(k)} = {spelled(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(spelled, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(c):08X}" for c in value if not 0xD800 <= ord(c) <= 0xDFFF) + '"'
    return str(value).lower()


@given(st.dictionaries(KEYS, VALUES, max_size=4))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_configuration(home: Path, tables: dict[str, object]) -> None:
    """Whatever a configuration holds, check and render end with a documented status."""
    (home / "pkggen.toml").write_text("".join(f"{key} = {spelled(value)}\n" for key, value in tables.items()))

    render()


@given(
    st.sampled_from(["pylock.toml", "poetry.lock", "Pipfile.lock", "requirements.txt"]), st.binary(max_size=80), VALUES
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_lock(home: Path, name: str, raw: bytes, value: object) -> None:
    """Whatever a lock holds, bytes or tables, it is read or refused by its name."""
    head = b'lock-version = "1.0"\ncreated-by = "x"\n'
    for content in (raw, head + f"packages = {spelled(value)}\n".encode()):
        (home / name).write_bytes(content)
        render()
    (home / name).unlink()


@given(
    st.text(max_size=40),
    st.text(st.characters(codec="utf-8"), max_size=60),
    st.lists(st.lists(st.text(max_size=10), max_size=4), max_size=3),
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_wheel(home: Path, metadata: str, points: str, rows: list[list[str]]) -> None:
    """Whatever METADATA, entry points and RECORD of the project's wheel hold, it is taken or refused by its name."""
    text = metadata.encode("utf-8", "replace").decode()
    smith = Smith(
        name="app",
        files={"app.py": b""},
        metadata=f"Summary: {text}\nRequires-Dist: {text}\n{text}\n",
        entry_points=f"[console_scripts]\n{points}\n",
        record=lambda found: found + [[cell.encode("utf-8", "replace").decode() for cell in row] for row in rows],
    )
    (home / APP.filename).unlink(missing_ok=True)
    smith.forge(home)

    render()


def test_oddities(tmp_path: Path) -> None:
    """Each kind of what is no file has a name; a file has none, nor has a link to one."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "lost").symlink_to("nowhere")
    pipe(tmp_path / "pipe")

    assert [oddity(tmp_path / n) for n in ("file", "link")] == ["", ""]
    assert oddity(tmp_path / "pipe") == "is a named pipe, not a regular file"
    assert oddity(tmp_path) == "is a folder, not a regular file"
    assert "leads nowhere" in oddity(tmp_path / "lost")
    assert "does not exist" in oddity(tmp_path / "none")
    assert not is_there(tmp_path / "none")
    with pytest.raises(ConfigurationError, match="leads nowhere"):
        is_there(tmp_path / "lost")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_texts(tmp_path: Path) -> None:
    """A byte-order mark is no part of a text; what is too large is not read."""
    (tmp_path / "x").write_bytes(b"\xef\xbb\xbfa = 1")
    with (tmp_path / "large").open("wb") as stream:
        stream.truncate(65 << 20)

    assert parse_toml(read_text(tmp_path / "x")) == {"a": 1}
    assert parse_json('{"a": [1]}') == {"a": [1]}
    with pytest.raises(ConfigurationError, match="more than"):
        read_text(tmp_path / "large")
