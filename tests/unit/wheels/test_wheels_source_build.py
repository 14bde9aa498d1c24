"""Source archives built to wheels where the user allows it; real uv, a back-end within the archive."""

from __future__ import annotations

import base64
import hashlib
import io
import sys
import tarfile
from pathlib import Path

import pytest

from pkggen.errors import ArtefactError, IntegrityError, ToolError
from tests.unit.lock_bench import BETA, Build, bare_environment
from tests.unit.wheel_index import Index, serving
from tests.unit.wheelsmith import Smith

HERE = f"{sys.version_info.major}.{sys.version_info.minor}.0"
# a back-end that needs nothing: it writes the wheel that it holds, and says so in a file
BACKEND = """
import base64, pathlib
def build_wheel(directory, config=None, metadata=None):
    with open(LOG, "a") as log:
        log.write("built\\n")
    pathlib.Path(directory, FILENAME).write_bytes(base64.b64decode(CONTENT))
    return FILENAME
"""


def sdist(wheel: Smith, log: Path, *, backend: str = BACKEND, name: str = "") -> bytes:
    """Return a source archive of gamma 1.0 whose back-end makes ``wheel`` and notes that in ``log``."""
    content = base64.b64encode(wheel.bytes()).decode()
    files = {
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'
        '[project]\nname = "gamma"\nversion = "1.0"\ndependencies = ["beta"]\n',
        "own.py": f"LOG = {str(log)!r}\nFILENAME = {name or wheel.filename!r}\nCONTENT = {content!r}\n{backend}",
        "PKG-INFO": "Metadata-Version: 2.2\nName: gamma\nVersion: 1.0\nRequires-Dist: beta\n",
    }
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for path, text in files.items():
            info = tarfile.TarInfo(f"gamma-1.0/{path}")
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return stream.getvalue()


GAMMA = Smith(name="gamma", files={"gamma.py": b""}, metadata="Requires-Dist: beta\n")


def offer(index: Index, content: bytes) -> None:
    index.files["/files/gamma-1.0.tar.gz"] = content
    digest = hashlib.sha256(content).hexdigest()
    page = f'<html><body><a href="/files/gamma-1.0.tar.gz#sha256={digest}">gamma-1.0.tar.gz</a></body></html>'
    index.files["/simple/gamma/"] = page.encode()


@pytest.fixture
def log(tmp_path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def build(monkeypatch, tmp_path):
    bare_environment(monkeypatch, tmp_path / "home")
    root = tmp_path / "project"
    root.mkdir()
    with serving() as index:
        index.publish(BETA)
        yield Build(root, index, HERE)


def test_a_source_archive_is_built_once(build, log):
    """What is allowed is built, with its dependencies locked; the next build takes the wheel from the cache."""
    offer(build.index, sdist(GAMMA, log))

    assert build("gamma", build=("gamma",)) == ["beta 1.0", "gamma 1.0"]
    assert build("gamma", build=("gamma",), offline=True) == ["beta 1.0", "gamma 1.0"]
    assert log.read_text() == "built\n"
    assert "gamma-1.0.tar.gz" in (build.root / "pylock.toml").read_text()


def test_nothing_is_built_unasked(build, log):
    """Without leave no code of the archive runs, and the message says how to give it."""
    offer(build.index, sdist(GAMMA, log))
    build.lock("gamma", build=("gamma",))
    (build.root / "pylock.toml").write_text((build.root / "pylock.toml").read_text().split("\n# Written")[0])
    with pytest.raises(ArtefactError, match=r'wheels\.build = \["gamma"\]'):
        build("gamma")

    assert not log.exists()


def test_other_bytes_are_never_run(build, log):
    """An archive with another digest than locked is refused before its back-end is called."""
    offer(build.index, sdist(GAMMA, log))
    build.lock("gamma", build=("gamma",))
    build.index.files["/files/gamma-1.0.tar.gz"] = sdist(GAMMA, log, backend=BACKEND + "#")
    build.cache.root = build.root.parent / "other"
    with pytest.raises(IntegrityError, match=r"gamma-1\.0\.tar\.gz"):
        build("gamma", build=("gamma",))

    assert not log.exists()


@pytest.mark.parametrize("tag", ["cp39-cp39-linux_x86_64", "py3-none-linux_aarch64"])
def test_what_does_not_fit_is_refused(build, log, tag):
    """A wheel for another Python or machine than the target's is named."""
    offer(build.index, sdist(GAMMA.but(tag=tag), log))
    with pytest.raises(ArtefactError, match=rf"{tag}(.|\n)*does not fit the target"):
        build("gamma", build=("gamma",))


def test_a_failing_back_end_is_told(build, log):
    """The reason of the back-end is shown, with the archive's name."""
    offer(build.index, sdist(GAMMA, log, backend="def build_wheel(*_):\n    raise SystemExit('no compiler')\n"))
    with pytest.raises(ToolError, match=r"gamma-1\.0\.tar\.gz: can't be built(.|\n)*no compiler"):
        build("gamma", build=("gamma",))


def test_pure_wheels_need_no_python_of_the_packages_version(build, log):
    """The Python that runs pkggen builds what is for any; only what is compiled asks for another one."""
    build.version = "3.99.0"
    offer(build.index, sdist(GAMMA, log))

    assert build("gamma", build=("gamma",)) == ["beta 1.0", "gamma 1.0"]
    offer(build.index, sdist(GAMMA.but(tag="cp39-cp39-linux_x86_64"), log))
    build.cache.root = build.root.parent / "other"
    (build.root / "pylock.toml").unlink()
    with pytest.raises(ToolError, match=r"3\.99"):
        build("gamma", build=("gamma",))
