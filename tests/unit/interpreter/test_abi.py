"""Which C library and which ABI an interpreter is for, by looking into it, and which wheels fit that."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pkggen.errors import ArtefactError, ConfigurationError
from pkggen.interpreter.archive import archive_source
from pkggen.interpreter.embed import embed
from pkggen.interpreter.standalone import find_release, is_version
from pkggen.interpreter.tree import find_layout, flags_of
from pkggen.model import Interpreter, PythonSpec, Target, Tree
from pkggen.store.cache import Cache
from pkggen.targets.distributions import resolve_target
from pkggen.terminal.reporter import Silent
from pkggen.wheels.lock.pylock import parse_pylock
from pkggen.wheels.select import choose
from pkggen.wheels.tags import platforms, tags
from pkggen.wheels.unpacking.extraction import unpack
from tests.unit.fakes.interpreter_archives import compressed, other_machine, plain_tar, program
from tests.unit.wheelsmith import Smith

AT = Target("x86_64", (2, 28))
PLAIN = Interpreter("3.13.5", Tree(Path("/p"), ()), "test", "0" * 64, runs_here=False)
LOCK = """lock-version = "1.0"
created-by = "test"
[[packages]]
name = "demo"
version = "1.0"
wheels = [{wheels}]
"""


def locked(interpreter: Interpreter, target: Target, *offered: str) -> str:
    """Return the tags of the wheel that is chosen of those ``offered``."""
    files = [f'{{ url = "https://x/demo-1.0-{tag}.whl", hashes = {{ sha256 = "{"a" * 64}" }} }}' for tag in offered]
    lock = parse_pylock(LOCK.format(wheels=", ".join(files)), Path("/project/pylock.toml"))
    (choice,) = choose(lock, target, interpreter)
    return choice.filename.removeprefix("demo-1.0-").removesuffix(".whl")


@pytest.mark.parametrize(
    ("flags", "libc", "offered", "best"),
    [
        ("t", "glibc", ["cp313-cp313-manylinux_2_17_x86_64", "py3-none-any"], "py3-none-any"),
        ("t", "glibc", ["cp313-cp313t-manylinux_2_17_x86_64", "py3-none-any"], "cp313-cp313t-manylinux_2_17_x86_64"),
        ("t", "glibc", ["cp39-abi3-manylinux_2_17_x86_64", "py3-none-any"], "py3-none-any"),
        ("", "glibc", ["cp313-cp313t-manylinux_2_17_x86_64", "cp39-abi3-manylinux1_x86_64"],
         "cp39-abi3-manylinux1_x86_64"),
        ("d", "glibc", ["cp313-cp313-manylinux1_x86_64", "cp313-cp313d-linux_x86_64"], "cp313-cp313d-linux_x86_64"),
        ("d", "glibc", ["py3-none-any", "cp313-cp313-manylinux1_x86_64"], "cp313-cp313-manylinux1_x86_64"),
        ("", "musl", ["cp313-cp313-manylinux1_x86_64", "cp313-cp313-musllinux_1_1_x86_64"],
         "cp313-cp313-musllinux_1_1_x86_64"),
        ("", "musl", ["cp313-cp313-musllinux_1_3_x86_64", "py3-none-any"], "py3-none-any"),
        ("", "static", ["cp313-cp313-manylinux1_x86_64", "cp313-none-any"], "cp313-none-any"),
    ],
)  # fmt: skip
def test_wheels_fit_abi_and_c_library(flags: str, libc: str, offered: list[str], best: str) -> None:
    """Free-threaded takes cp313t and no abi3, debug its own first, musl takes musllinux, static nothing compiled."""
    assert locked(replace(PLAIN, flags=flags, libc=libc), AT, *offered) == best


@pytest.mark.parametrize(
    ("flags", "libc", "message"),
    [
        (
            "t",
            "glibc",
            r"for CPython 3\.13t, x86_64, glibc 2\.28; there are cp313-cp313-.*\n.*cp313-cp313t-many",
        ),
        ("", "musl", r"no wheel for CPython 3\.13, x86_64, musl 1\.2; .*\n.*cp313-…-musllinux_1_2_x86_64 \(or lower\)"),
        ("", "static", r"linked statically: it loads pure wheels alone; .*\n.*has a wheel \(py3-none-any\)"),
    ],
)
def test_nothing_that_fits_names_abi_and_c_library(flags: str, libc: str, message: str) -> None:
    """The error says what was wanted, which tags exist and what would fit."""
    with pytest.raises(ArtefactError, match=message):
        locked(replace(PLAIN, flags=flags, libc=libc), AT, "cp313-cp313-manylinux_2_17_x86_64")


def test_a_static_interpreter_has_no_platform_tags() -> None:
    """Packaging would take no platforms for the build host's."""
    assert platforms(AT, "static") == ()
    assert {t.platform for t in tags(AT, replace(PLAIN, libc="static"))} == {"any"}


@pytest.mark.parametrize(
    ("notes", "extension", "named", "flags"),
    [
        ("build_time_vars = {'ABIFLAGS': 't', 'Py_GIL_DISABLED': 1}", "", "", "t"),
        ("build_time_vars = {'ABIFLAGS': ''}", "", "t", ""),
        ("", "x.cpython-313t-x86_64-linux-gnu.so", "", "t"),
        ("", "x.cpython-313-x86_64-linux-gnu.so", "t", ""),
        ("", "", "t", "t"),
    ],
)
def test_flags_are_what_the_build_noted(tmp_path: Path, notes: str, extension: str, named: str, flags: str) -> None:
    """Sysconfig's data first, then the suffix of extension modules; a name alone counts where there is nothing else."""
    (tmp_path / "lib-dynload").mkdir()
    if notes:
        (tmp_path / "_sysconfigdata_x_linux_.py").write_text(notes)
    if extension:
        (tmp_path / "lib-dynload" / extension).write_bytes(b"")

    assert flags_of(tmp_path, named) == flags


def free_threaded(root: Path) -> Path:
    """Lay out what ``make install`` of a free-threaded build leaves: two names of one program."""
    for path, content in {
        "bin/python3.13t": program(),
        "lib/python3.13t/os.py": b"",
        "lib/python3.13t/_sysconfigdata_t_linux_x86_64-linux-gnu.py": b"build_time_vars = {'ABIFLAGS': 't'}",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    (root / "bin/python3.13").hardlink_to(root / "bin/python3.13t")
    return root


def test_a_free_threaded_layout_is_found(tmp_path: Path) -> None:
    """Its program is python3.13t, also where python3.13 is the same one again, and its library has a t, too."""
    found = find_layout(free_threaded(tmp_path), "here")

    assert (found.executable, found.stdlib, found.flags) == ("bin/python3.13t", "lib/python3.13t", "t")
    assert (found.minor, found.version) == ("3.13", "3.13.5")


def test_two_different_programs_are_one_too_many(tmp_path: Path) -> None:
    """Which of them was meant nobody can tell."""
    root = free_threaded(tmp_path)
    (root / "bin/python3.13").unlink()
    (root / "bin/python3.13").write_bytes(program() + b"other")

    with pytest.raises(ArtefactError, match=r"bin/ must hold one python3\.X, and holds python3\.13, python3\.13t"):
        find_layout(root, "here")


def test_wheels_go_to_the_free_threaded_library(tmp_path: Path) -> None:
    """site-packages of a venv of 3.13t lies below lib/python3.13t."""
    wheel = Smith(name="demo").forge(tmp_path)
    found = unpack(wheel, replace(PLAIN, flags="t"), Cache(tmp_path / "cache"))

    assert {e.path.partition("/site-packages/")[0] for e in found.tree.entries} == {"lib/python3.13t"}
    assert found.top_level == ("demo",)


def made(root: Path, target: Target, *, musl: bool) -> Interpreter:
    """Embed an interpreter for another machine, which is not run."""
    content = bytearray(other_machine())
    if musl:
        at = content.index(b"/ld-linux")
        content[at : at + 9] = b"/ld-musl-"
    archive = root / "python.tar.gz"
    archive.write_bytes(compressed(plain_tar(python=bytes(content)), ".tar.gz"))
    cache = Cache(root / "cache")
    return embed(archive_source(archive, "", cache), (), target, cache, Silent())


def test_musl_fits_a_musl_target_alone(tmp_path: Path) -> None:
    """Refused for glibc, taken for musl; not taken from the cache for the other."""
    arch = "aarch64" if os.uname().machine == "x86_64" else "x86_64"
    musl, glibc = Target(arch, libc="musl"), Target(arch)

    assert made(tmp_path, musl, musl=True).libc == "musl"
    with pytest.raises(ArtefactError, match=r'is for musl .*the target has glibc\n.*targets = \["musl:1\.2"\]'):
        made(tmp_path, glibc, musl=True)
    with pytest.raises(ArtefactError, match=r"is for glibc .*the target has musl"):
        made(tmp_path, musl, musl=False)


def test_musl_is_a_target() -> None:
    """It stands among targets, alone or beside a release that has musl installed."""
    found = resolve_target(["musl:1.2", "debian:12"], "x86_64")

    assert (found.libc, found.distros, found.glibc) == ("musl", ("debian:12",), (2, 36))
    with pytest.raises(ConfigurationError, match=r"unknown target 'musl:9'"):
        resolve_target(["musl:9"], "x86_64")


def test_a_t_asks_for_a_free_threaded_standalone_build() -> None:
    """As uv writes it: 3.13t and 3.13.5t."""
    release = find_release(PythonSpec("3.13t"), AT)

    assert is_version("3.13.5t")
    assert ("freethreaded" in release.origin, "freethreaded" in find_release(PythonSpec("3.13"), AT).origin) == (
        True, False,
    )  # fmt: skip
