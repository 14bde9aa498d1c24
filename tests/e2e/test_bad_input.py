"""What goes wrong for a user ends with the documented exit code, one message and nothing changed."""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.packages import PKGGEN, interpreter_options, pkggen


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a tiny project without dependencies, and an output directory that holds an old package."""
    root = tmp_path / "tiny"
    root.mkdir()
    (root / "tiny.py").write_text("def main():\n    print('tiny')\n")
    (root / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n'
        '[project]\nname = "tiny"\nversion = "1.0"\ndescription = "Tiny"\n[project.scripts]\ntiny = "tiny:main"\n'
    )
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "tiny_1.0-1_amd64.deb").write_bytes(b"the old package")
    return root


def configured(text: str) -> Callable[[Path], list[str]]:
    """Return a spoiler that adds ``text`` to pyproject.toml."""

    def spoil(root: Path) -> list[str]:
        with (root / "pyproject.toml").open("a") as stream:
            stream.write(text)
        return []

    return spoil


def locked(wheels: str) -> Callable[[Path], list[str]]:
    """Return a spoiler that adds a dependency on ``left`` 1.0, locked with ``wheels``."""

    def spoil(root: Path) -> list[str]:
        (root / "left-1.0-py3-none-any.whl").write_bytes(b"not what was locked")
        text = (
            (root / "pyproject.toml")
            .read_text()
            .replace('description = "Tiny"', 'description = "Tiny"\ndependencies = ["left"]')
        )
        (root / "pyproject.toml").write_text(text)
        (root / "pylock.toml").write_text(
            'lock-version = "1.0"\ncreated-by = "test"\n[[packages]]\nname = "left"\nversion = "1.0"\n' + wheels
        )
        return []

    return spoil


def truncated_interpreter(root: Path) -> list[str]:
    """Offer the first 100 kB of an interpreter archive, with their right digest."""
    archive = root.parent / "python.tar.gz"
    whole = root.parent / "whole.tar.gz"
    with tarfile.open(whole, "w:gz") as tar:
        tar.add(sys.base_prefix + "/lib/python" + ".".join(map(str, sys.version_info[:2])) + "/email", "python/lib")
    archive.write_bytes(whole.read_bytes()[:20_000])
    return ["--python", str(archive), "--python-sha256", hashlib.sha256(archive.read_bytes()).hexdigest()]


def wrong_digest(root: Path) -> list[str]:
    """Offer an archive that has another digest than the one given."""
    archive = root.parent / "python.tar.gz"
    archive.write_bytes(b"anything")
    return ["--python", str(archive), "--python-sha256", "0" * 64]


CASES: dict[str, tuple[int, str, Callable[[Path], list[str]]]] = {
    "unknown key": (2, "did you mean prefix?", configured('[tool.pkggen]\nprefx = "/opt/x"\n')),
    "system prefix": (2, "tool.pkggen.prefix", configured('[tool.pkggen]\nprefix = "/usr"\n')),
    "not TOML": (2, "pyproject.toml", configured("[tool.pkggen\n")),
    "missing file": (2, "tool.pkggen.files[0].src", configured('[[tool.pkggen.files]]\nsrc = "no"\ndst = "/etc/no"\n')),
    "unknown command": (2, "tool.pkggen.commands[0]", configured('[tool.pkggen]\ncommands = ["tinny"]\n')),
    "wheel of other bytes": (4, "left", locked(f'[[packages.wheels]]\nname = "left-1.0-py3-none-any.whl"\npath = "left-1.0-py3-none-any.whl"\nhashes = {{sha256 = "{"0" * 64}"}}\n')),  # noqa: E501
    "no wheel that fits": (3, "left", locked(f'[[packages.wheels]]\nname = "left-1.0-cp27-cp27m-win32.whl"\npath = "left-1.0-cp27-cp27m-win32.whl"\nhashes = {{sha256 = "{"0" * 64}"}}\n')),  # noqa: E501
    "lock without a hash": (4, "left", locked('[[packages.wheels]]\nname = "left-1.0-py3-none-any.whl"\npath = "left-1.0-py3-none-any.whl"\nhashes = {md5 = "0"}\n')),  # noqa: E501
    "interpreter of other bytes": (4, "python.tar.gz", wrong_digest),
    "truncated interpreter": (3, "python.tar.gz", truncated_interpreter),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_refusal(case: str, project: Path) -> None:
    """Each mistake has its exit code, a message that names the culprit, and leaves the output alone."""
    code, words, spoil = CASES[case]
    options = spoil(project)
    before = contents(project.parent / "dist")

    done = pkggen("build", project, "-o", project.parent / "dist", "--format", "deb", *options)

    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert contents(project.parent / "dist") == before


@pytest.mark.parametrize(("format_name", "tool"), [("deb", "dpkg-deb"), ("rpm", "rpmbuild")])
def test_missing_tool(format_name: str, tool: str, project: Path, tmp_path: Path) -> None:
    """Without dpkg-deb or rpmbuild the build ends at once with 5 and says what to install."""
    (tmp_path / "bin").mkdir()
    done = pkggen(
        "build", project, "--format", format_name, "-o", tmp_path / "dist", env={"PATH": str(tmp_path / "bin")}
    )

    assert done.returncode == 5
    assert tool in done.stderr
    assert "install" in done.stderr


def test_not_a_project(tmp_path: Path) -> None:
    """A directory without a project is a configuration error that names it."""
    done = pkggen("build", tmp_path, "-o", tmp_path / "dist")

    assert done.returncode == 2
    assert str(tmp_path) in done.stderr


def test_full_disk(project: Path, tmp_path: Path) -> None:
    """An output directory without room gives 6, keeps the old package and no scrap of the new one."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1M", "tmpfs", small], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("not allowed to mount a small file system")
    try:
        (small / "tiny_1.0-1_amd64.deb").write_bytes(b"the old package")
        before = contents(small)
        done = pkggen("build", project, "-o", small, "--format", "deb", *interpreter_options())
        assert done.returncode == 6, done.stderr
        assert "No space left" in done.stderr
        assert contents(small) == before
    finally:
        subprocess.run(["umount", small], check=True)


def test_killed_build(project: Path, tmp_path: Path) -> None:
    """A build killed at any moment leaves the output as it was, and the next one succeeds."""
    output = tmp_path / "dist"
    before = contents(output)
    command = [PKGGEN, "build", str(project), "-o", str(output), *interpreter_options()]
    for delay in (0.5, 1.5, 2.5):
        process = subprocess.Popen(
            command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(delay)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            assert contents(output) == before
    done = pkggen("build", project, "-o", output, *interpreter_options())
    assert done.returncode == 0, done.stderr


def test_second_build_in_one_directory(project: Path, tmp_path: Path) -> None:
    """While one build holds the output directory, another ends with 7."""
    holder = os.open(tmp_path / "dist", os.O_RDONLY)
    try:
        fcntl.flock(holder, fcntl.LOCK_EX)
        done = pkggen("build", project, "-o", tmp_path / "dist", "--format", "deb")
    finally:
        os.close(holder)

    assert done.returncode == 7
    assert "another build" in done.stderr


def test_read_only_output(project: Path, tmp_path: Path) -> None:
    """An output directory that may not be written gives 6 before anything is built."""
    if os.geteuid() == 0:
        output = Path("/proc")  # read-only for everyone, root included
    else:
        output = tmp_path / "read-only"
        output.mkdir(mode=0o555)
    done = pkggen("build", project, "-o", output, "--format", "deb")

    assert done.returncode == 6
    assert str(output) in done.stderr


def contents(directory: Path) -> dict[str, bytes]:
    """Return every file below ``directory`` with its bytes, hidden ones too."""
    return {str(p.relative_to(directory)): p.read_bytes() for p in sorted(directory.rglob("*")) if p.is_file()}
