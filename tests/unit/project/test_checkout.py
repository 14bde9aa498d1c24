"""The copy that a wheel is built in shows a back-end what the project's own place would show it."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from pkggen.project.checkout import find_checkout
from pkggen.terminal.reporter import Silent

SETTINGS = ("user.name=a", "user.email=a@example.org", "protocol.file.allow=always")
OPTIONS = ("--no-optional-locks", *(word for setting in SETTINGS for word in ("-c", setting)))


def git(top: Path, *words: str) -> str:
    return subprocess.run(["git", *OPTIONS, "-C", top, *words], check=True, capture_output=True, text=True).stdout


def write(top: Path, *names: str) -> None:
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(f"{name}\n")


def committed(top: Path, *names: str) -> Path:
    write(top, *names)
    git(top, "init", "-q")
    git(top, "add", "-A", "-f")
    git(top, "commit", "-qm", "one")
    git(top, "tag", "v1")
    return top


def copied(root: Path, tmp_path: Path, reporter: Silent | None = None) -> Path:
    return find_checkout(root, tmp_path / "cache").copy(tmp_path / "copy", reporter or Silent())


def state(top: Path) -> dict[str, object]:
    """Return everything below ``top`` with what a build must not change."""
    found = {}
    for directory, names, files in os.walk(top):
        for name in [*names, *files]:
            path = Path(directory, name)
            status = path.lstat()
            found[str(path)] = (status.st_mode, status.st_mtime_ns, path.read_bytes() if path.is_file() else b"")
    return found


def changed(before: dict[str, object], after: dict[str, object]) -> set[str]:
    return {path for path, _ in before.items() ^ after.items()}


def test_packages_are_copied_whatever_their_names(tmp_path: Path) -> None:
    """No folder is left out for its name, at any depth."""
    names = ["app/venv/a.py", "app/build/b.py", "static/node_modules/x.js", "build/notes", "dist/x.txt", "env/e.py"]
    write(tmp_path / "p", *names)

    copy = copied(tmp_path / "p", tmp_path)

    assert [n for n in names if not (copy / n).is_file()] == []


def test_what_builds_leave_is_not_copied(tmp_path: Path) -> None:
    """Modules of setuptools' build folder, egg-info, venvs, tools' caches, byte code and packages."""
    root = tmp_path / "p"
    write(root, "build/lib/gone.py", "src/a.egg-info/PKG-INFO", "src/a.egg-info/SOURCES.txt", "dist/a-1.whl")
    write(root, "v/pyvenv.cfg", "v/bin/python", "a/__pycache__/x.pyc", "c/CACHEDIR.TAG")
    (root / "c/CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55\n")

    copy = copied(root, tmp_path)

    assert sorted(str(p.relative_to(copy)) for p in copy.rglob("*")) == ["a", "build", "dist", "src"]


def test_what_git_tracks_is_copied_all_the_same(tmp_path: Path) -> None:
    """A tracked file is no dropping, wherever it lies; a clean repository stays clean and keeps its tag."""
    names = ["build/lib/a.py", "a.egg-info/PKG-INFO", "a.egg-info/SOURCES.txt", "dist/a.whl", "v/pyvenv.cfg"]
    root = committed(tmp_path / "p", *names, "v/bin/python", "b/__pycache__/x.pyc")

    copy = copied(root, tmp_path)

    assert [n for n in names if not (copy / n).is_file()] == []
    assert git(copy, "describe", "--dirty", "--tags").strip() == "v1"
    assert git(copy, "diff-index", "HEAD") == ""


def test_an_sdist_keeps_its_list_of_files(tmp_path: Path) -> None:
    """With PKG-INFO at its top, the egg-info says which data belongs to the package."""
    write(tmp_path / "p", "PKG-INFO", "a.egg-info/PKG-INFO", "a.egg-info/SOURCES.txt")

    assert (copied(tmp_path / "p", tmp_path) / "a.egg-info/SOURCES.txt").is_file()


def test_a_project_below_its_repository(tmp_path: Path) -> None:
    """Tracked files around it are copies, all else around it is linked, and git gives the same answers."""
    top = committed(tmp_path / "r", "README", "lib/shared.py", "app/a.py", ".gitignore")
    (top / ".gitignore").write_text("*.env\nout/\n")
    git(top, "commit", "-qam", "ignore")
    write(top, "app/secret.env", "app/new.py", "out/x", "note", "lib/out/y")
    before, said = state(top), git(top, "status", "--porcelain", "--ignored")

    copy = copied(top / "app", tmp_path)

    assert (copy / "../lib/shared.py").is_file()
    assert not (copy / "../lib/shared.py").is_symlink()
    assert ((copy / "../out").is_symlink(), (copy / "../out/x").read_text()) == (True, "out/x\n")
    assert (copy / "secret.env").is_file()
    assert git(copy, "ls-files", "-o", "-i", "--exclude-standard") == "secret.env\n"
    assert git(copy, "status", "--porcelain") == git(top / "app", "status", "--porcelain")
    git(copy, "tag", "in-the-copy")
    (copy / "../README").write_text("other")
    assert changed(before, state(top)) == set()
    assert git(top, "status", "--porcelain", "--ignored") == said


def test_what_lies_above_without_a_repository(tmp_path: Path) -> None:
    """Relative paths and links out of the project lead where they led."""
    write(tmp_path, "VERSION", "shared/x.py", "p/a.py")
    (tmp_path / "p/link").symlink_to("../shared")

    copy = copied(tmp_path / "p", tmp_path)

    assert (copy / "../VERSION").read_text() == "VERSION\n"
    assert (copy / "link/x.py").is_file()


def test_a_submodule_and_a_worktree(tmp_path: Path) -> None:
    """Each is a repository of its own in the copy; where they came from is not touched."""
    lib = committed(tmp_path / "lib", "lib.py")
    top = committed(tmp_path / "r", "app/a.py")
    git(top, "submodule", "--quiet", "add", str(lib), "app/vendored")
    git(top, "commit", "-qm", "with a submodule")
    git(top, "worktree", "add", "-q", str(tmp_path / "w"))
    git(tmp_path / "w", "submodule", "--quiet", "update", "--init")
    for number, root in enumerate((top, tmp_path / "w")):
        before = state(root)
        copy = copied(root / "app", tmp_path / str(number))
        assert git(copy / "vendored", "describe", "--dirty", "--tags").strip() == "v1"
        assert git(copy, "status", "--porcelain") == ""
        assert (copy / "../.git").is_dir()
        assert changed(before, state(root)) == set()


def test_sockets_pipes_and_dangling_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no file of the project stops nothing."""
    write(tmp_path / "p", "a.py")
    monkeypatch.chdir(tmp_path / "p")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("daemon.sock")
    os.mkfifo("pipe")
    os.symlink("nowhere", "dangling")

    copy = copied(tmp_path / "p", tmp_path)

    assert sorted(os.listdir(copy)) == ["a.py", "dangling"]


def test_what_can_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The build goes on, with a warning that names the path; root, as whom tests run, may read everything."""
    write(tmp_path / "p", "a.py", "key")
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("key") and access(path, mode))
    reporter = Silent()

    copied(tmp_path / "p", tmp_path, reporter)

    assert reporter.warnings == ["key can't be read: the build goes on without it"]


def test_the_digest_follows_the_repository(tmp_path: Path) -> None:
    """A tag, a commit or a rule of what is ignored changes it; a look does not."""
    top = committed(tmp_path / "r", "a.py")
    seen = [find_checkout(top, tmp_path).digest()]
    git(top, "status")
    assert find_checkout(top, tmp_path).digest() == seen[0]
    git(top, "tag", "v2")
    seen.append(find_checkout(top, tmp_path).digest())
    (top / ".git/info/exclude").write_text("*.x\n")
    seen.append(find_checkout(top, tmp_path).digest())
    assert len(set(seen)) == 3
