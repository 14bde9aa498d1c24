"""What a failed resolution says: the project's words, never uv's options or folders."""

from __future__ import annotations

import socket
import tarfile
from pathlib import Path

import pytest

from pkggen.errors import ArtefactError, ToolError
from pkggen.wheels.lock.reasons import explained, plainly, source_only
from pkggen.wheels.lock.resolution import Resolver
from tests.unit.wheelsmith import Smith

# as uv writes it, word for word
TOO_OLD = """No solution found when resolving dependencies
  cause: Because the requested Python version (>=3.11) does not satisfy Python>=3.12.0 and homeassistant==2025.1.4 depends on Python>=3.12.0, we can conclude that homeassistant==2025.1.4 cannot be used.
         And because you require homeassistant==2025.1.4, we can conclude that your requirements are unsatisfiable.

hint: The `--python-version` value (>=3.11) includes Python versions that are not supported by your dependencies (e.g., homeassistant==2025.1.4 only supports >=3.12.0). Consider using a higher `--python-version` value.
"""  # noqa: E501
ABSENT = """No solution found when resolving dependencies
  cause: Because nosuchproject was not found in the package registry and you require nosuchproject, we can conclude that your requirements are unsatisfiable.
"""  # noqa: E501
NO_VERSION = """No solution found when resolving dependencies
  cause: Because there is no version of requests==99 and you require requests==99, we can conclude that your requirements are unsatisfiable.
"""  # noqa: E501


def resolver(root: Path, **changes: object) -> Resolver:
    return Resolver(root, root / "cache", "3.11", "x86_64-manylinux_2_28", **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reason", "what", "way_out"),
    [
        (TOO_OLD, "homeassistant==2025.1.4 needs Python >=3.12.0, and 3.11 is to be packaged", "--python 3.13"),
        (TOO_OLD.partition("\n\n")[0], "homeassistant==2025.1.4 needs Python >=3.12.0", 'python.source = "3.13"'),
        (TOO_OLD.replace(">=3.12.0", "<3.10"), "needs Python <3.10", "--python 3.9"),
        (ABSENT, "there is no project nosuchproject on the index", "wheels.index"),
        (NO_VERSION, "there is no requests==99 on the index", "wheels.find-links"),
    ],
)
def test_usual_reasons(reason: str, what: str, way_out: str) -> None:
    """Each kind has a sentence of its own, which names the project, and a way out that pkggen knows."""
    problem = explained(reason, "app", "3.11")

    assert problem is not None
    assert problem.what.startswith(what) or what in problem.what
    assert way_out in problem.remedy
    assert "python-version" not in str(problem)


def test_a_range_of_versions_is_no_name() -> None:
    """Of a project without wheels in a range of versions, the project is named."""
    assert source_only("Because aiohttp>=3.8,<=3.13 has no usable wheels and you require aiohttp") == "aiohttp"
    assert source_only("Because salt[extra] has no usable wheels") == "salt"


def test_other_reasons_lose_the_resolvers_options() -> None:
    """What is not understood is told as it is, without headline and hints that only uv's user can follow."""
    text = plainly(
        "No solution found when resolving dependencies\n  cause: Because a and b.\n\nhint: use `--x` for it\n"
    )

    assert text == "Because a and b."


def test_all_source_archives_are_named(tmp_path: Path) -> None:
    """Every name that has only a source archive is in one message, with the line to write and the option."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    Smith(name="top", metadata="Requires-Dist: beta\nRequires-Dist: alpha\n").forge(folder)
    for name in ("alpha", "beta"):
        (tmp_path / "PKG-INFO").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        with tarfile.open(folder / f"{name}-1.0.tar.gz", "w:gz") as archive:
            archive.add(tmp_path / "PKG-INFO", f"{name}-1.0/PKG-INFO")

    with pytest.raises(ArtefactError, match="alpha, beta have only source archives") as caught:
        resolver(tmp_path, directory=folder).resolve(["top"], [], tmp_path / "pylock.toml")

    assert 'wheels.build = ["alpha", "beta"], or --build alpha --build beta' in str(caught.value)
    assert "--no-build" not in str(caught.value)
    assert "/tmp" not in str(caught.value)


def test_an_index_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, with the cause; that is no matter of requirements."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with pytest.raises(ToolError, match=r"127.0.0.1 can't be reached: Connection refused") as caught:
        resolver(tmp_path, index=f"http://127.0.0.1:{port}/simple").resolve(["top"], [], tmp_path / "pylock.toml")

    assert "hint:" in str(caught.value)
    assert "uv" not in str(caught.value)
