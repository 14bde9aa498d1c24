from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from pkggen.bytecode import worker
from pkggen.bytecode.compilation import compile_tree
from pkggen.errors import ToolError

PYTHON = Path(sys.executable)
SOURCE = "NAMES = {'path', 'sys', '225'}\n\ndef f(x, y='*'):\n    return x in {'225', 'abc', '9'} or y\n"


def pycs(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(root.rglob("*.pyc"))}


def test_the_bytes_depend_neither_on_the_place_nor_on_other_files(tmp_path: Path) -> None:
    """A real package compiles to the same bytes elsewhere, and among others."""
    for place in ("a", "some where/else"):
        shutil.copytree(Path(os.__file__).parent / "json", tmp_path / place / "json")
    shutil.copy(os.__file__, tmp_path / "a" / "os.py")
    shutil.copytree(Path(os.__file__).parent / "email", tmp_path / "a" / "email")

    compile_tree(tmp_path / "a", PYTHON)
    compile_tree(tmp_path / "some where/else", PYTHON)

    assert pycs(tmp_path / "a/json") == pycs(tmp_path / "some where/else/json")
    assert len(pycs(tmp_path / "a/json")) >= 4


def test_umask_locale_and_environment_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the source and the interpreter decide the bytes."""
    made = []
    for number, umask in enumerate((0o022, 0o077)):
        (tmp_path / str(number)).mkdir()
        source = tmp_path / str(number) / "m.py"
        source.write_text(SOURCE)
        os.utime(source, (1_500_000_000, 1_500_000_000))
        monkeypatch.setenv("PYTHONHASHSEED", str(number + 7))
        monkeypatch.setenv("PYTHONOPTIMIZE", str(number))
        monkeypatch.setenv("LC_ALL", ["C", "tr_TR.UTF-8"][number])
        old = os.umask(umask)
        try:
            compile_tree(tmp_path / str(number), PYTHON)
        finally:
            os.umask(old)
        pyc = Path(cache_from_source(os.fspath(source)))
        made.append((pyc.read_bytes(), pyc.stat().st_mode & 0o777, pyc.stat().st_mtime))

    assert made[0] == made[1]
    assert made[0][1:] == (0o644, 1_500_000_000)


def test_a_pyc_is_loaded_unchecked(tmp_path: Path) -> None:
    """Python runs the byte code, whatever became of the source, and tells its real path in tracebacks."""
    (tmp_path / "m.py").write_text("def f():\n    return f.__code__.co_filename\nVALUE = 1\n")
    compile_tree(tmp_path, PYTHON)
    (tmp_path / "m.py").write_text("VALUE = 2\n")

    code = f"import sys; sys.path.insert(0, {os.fspath(tmp_path)!r}); import m; print(m.VALUE, m.f())"
    out = subprocess.run([PYTHON, "-I", "-c", code], capture_output=True, text=True, check=True).stdout

    assert out == f"1 {tmp_path}/m.py\n"


def test_skipped_directories_broken_sources_and_links_get_none(tmp_path: Path) -> None:
    """Tests, templates with other syntax, null bytes and links are passed over in silence."""
    sources = {
        "good.py": b"x = 1\n", "pkg/tests/t.py": b"x = 1\n", "pkg/test/t.py": b"x = 1\n", "old.py": b"print 'x'\n",
        "null.py": b"x = 1\0\n", "latin.py": b"x = '\xff'\n", "deep.py": b"(" * 5000 + b")" * 5000, ".py": b"x = 1\n",
    }  # fmt: skip
    for name, content in sources.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "link.py").symlink_to("good.py")

    assert compile_tree(tmp_path, PYTHON) == 1
    assert [*pycs(tmp_path)] == [Path(cache_from_source("good.py")).as_posix()]


def test_what_is_skipped_can_be_said(tmp_path: Path) -> None:
    """An empty ``skip`` compiles tests, too."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/t.py").write_text("x = 1\n")

    assert compile_tree(tmp_path, PYTHON, skip=()) == 1


def test_old_caches_go_first(tmp_path: Path) -> None:
    """A pyc that came with the tree, of whatever interpreter, does not stay."""
    (tmp_path / "a/__pycache__").mkdir(parents=True)
    (tmp_path / "a/__pycache__/gone.cpython-27.pyc").write_bytes(b"stale")

    assert compile_tree(tmp_path, PYTHON) == 0
    assert not (tmp_path / "a/__pycache__").exists()


@pytest.mark.parametrize("name", [b"caf\xc3\xa9.py", b"bad\xff.py", b"a b[1]%s.py", b"a.b.py"])
def test_odd_file_names_work(name: bytes, tmp_path: Path) -> None:
    """Names that are no UTF-8 or need quoting get byte code like any other."""
    with open(os.fsencode(tmp_path) + b"/" + name, "wb") as stream:
        stream.write(b"x = 1\n")

    assert compile_tree(tmp_path, PYTHON) == 1
    cached = os.listdir(os.fsencode(tmp_path / "__pycache__"))
    assert cached == [name[:-3] + f".{sys.implementation.cache_tag}.pyc".encode()]


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """Byte code that is missing because the disk refused it is no silent loss."""
    (tmp_path / "m.py").write_text("x = 1\n")
    (tmp_path / "__pycache__").symlink_to("/proc/nonexistent")

    with pytest.raises(ToolError, match="can't be written"):
        compile_tree(tmp_path, PYTHON)


def test_the_worker_is_run_with_a_module_search_path_of_its_own() -> None:
    """No module of ours takes the place of one of Python's, even where the worker's neighbours are looked at."""
    ours = {p.stem for p in Path(worker.__file__).parent.iterdir()}

    assert not ours & {"importlib", "marshal", "os", "sys", "collections", "typing"}
