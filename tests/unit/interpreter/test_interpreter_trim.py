from __future__ import annotations

from pathlib import Path

import pytest

from pkggen.errors import ConfigurationError
from pkggen.interpreter.edits import drop_dangling_links, forget_prefixes
from pkggen.interpreter.trim import check_profiles, trim, unwanted, wanted_files

STDLIB = "lib/python3.13"
FILES = (
    "os.py", "test/regrtest.py", "ctypes/test/t.py", "unittest/mock.py", "idlelib/idle.py", "ensurepip/__init__.py",
    "site-packages/pip/__init__.py", "lib-dynload/_ssl.cpython-313.so", "lib-dynload/_testcapi.cpython-313.so",
    "EXTERNALLY-MANAGED", "sitecustomize.py", "__pycache__/os.cpython-313.pyc", "venv/scripts/common/activate",
)  # fmt: skip


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in (
        *(f"{STDLIB}/{f}" for f in FILES),
        "include/python3.13/Python.h",
        "share/man/man1/python3.1",
        "lib/x.a",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def left(root: Path) -> list[str]:
    return sorted(p.relative_to(root / STDLIB).as_posix() for p in (root / STDLIB).rglob("*") if p.is_file())


def test_what_nobody_imports_in_production_goes(tree: Path) -> None:
    """Tests, IDLE, pip, headers, manuals, static libraries and a distribution's additions go."""
    trim(tree, STDLIB, ())

    assert left(tree) == [
        "lib-dynload/_ssl.cpython-313.so",
        "os.py",
        "unittest/mock.py",
        "venv/scripts/common/activate",
    ]
    assert sorted(p.name for p in tree.iterdir()) == ["lib"]


def test_a_profile_that_is_kept_stays(tree: Path) -> None:
    """Keeping names a profile, and that one alone."""
    trim(tree, STDLIB, ("ensurepip",))

    assert "ensurepip/__init__.py" in left(tree)
    assert "test/regrtest.py" not in left(tree)


def test_directories_that_go_are_not_even_read(tree: Path) -> None:
    """A site-packages of a gigabyte costs nothing: unwanted directories are not entered."""
    (tree / STDLIB / "site-packages/pip").chmod(0)
    found = [*wanted_files(tree, unwanted(STDLIB, ()))]

    assert not [f for f in found if "site-packages" in f]


def test_an_unknown_profile_is_told_with_the_nearest() -> None:
    """A slip of the pen gets a suggestion, every one at once."""
    with pytest.raises(ConfigurationError, match=r"(?s)'test'.*did you mean 'tests'.*'xyzzy'.*There are: tests"):
        check_profiles(("test", "idle", "xyzzy"))


def test_links_to_what_is_gone_go_too(tmp_path: Path) -> None:
    """Dangling links and links to those are removed."""
    (tmp_path / "a").symlink_to("gone")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "file").touch()
    (tmp_path / "c").symlink_to("file")

    drop_dangling_links(tmp_path)

    assert sorted(p.name for p in tmp_path.iterdir()) == ["c", "file"]


def test_the_places_of_the_build_are_forgotten(tmp_path: Path) -> None:
    """Absolute prefixes of a build become /install, paths that merely begin alike don't, and the mtime stays."""
    data = tmp_path / "_sysconfigdata__linux.py"
    data.write_text("{'prefix': '/usr', 'I': '-I/usr/include -L/usr/lib', 'x': '/usrlocal', 'y': '/build/usr/x'}")
    mtime = data.stat().st_mtime_ns

    forget_prefixes(tmp_path, ("/usr",))

    assert data.read_text() == (
        "{'prefix': '/install', 'I': '-I/install/include -L/install/lib', 'x': '/usrlocal', 'y': '/build/usr/x'}"
    )
    assert data.stat().st_mtime_ns == mtime
