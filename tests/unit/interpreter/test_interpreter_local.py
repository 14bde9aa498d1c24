from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from pkggen.errors import ArtefactError, ConfigurationError
from pkggen.interpreter import resolve_interpreter
from pkggen.interpreter.borrowed import borrowed_libraries
from pkggen.interpreter.local import choose_local, describe
from pkggen.model import Interpreter, Kind, PythonSpec, Target
from pkggen.store.cache import Cache
from pkggen.targets.elf import read_elf
from pkggen.terminal.reporter import Silent

HERE = os.uname().machine
ARCHIVES = Path(__file__).parents[4] / "shared" / "interpreters"
PORTABLE = next(iter(sorted(ARCHIVES.glob(f"*-{HERE}-*.tar.gz"))), None)


def resolve(source: str, cache: Cache, *, arch: str = HERE, requires: str = ">=3.8") -> Interpreter:
    return resolve_interpreter(
        PythonSpec(source), Target(arch), cache, Silent(),
        requires_python=SpecifierSet(requires), root=Path("/"), offline=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    return Cache(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def harvested(cache: Cache) -> Interpreter:
    """The interpreter that runs the tests, embedded (and so proven from a moved directory)."""
    return resolve(f"host:{sys.executable}", cache)


def test_the_host_interpreter_is_embedded(harvested: Interpreter) -> None:
    """The interpreter is the one asked for, with byte code, and with links in bin/ and nothing else."""
    entries = {e.path: e for e in harvested.tree.entries}

    assert harvested.version == ".".join(str(n) for n in sys.version_info[:3])
    assert harvested.tree.needs.machine == HERE
    assert sorted(p for p in entries if p.startswith("bin/")) == ["bin/python", "bin/python3", harvested.executable]
    assert f"lib/python{harvested.minor}/__pycache__/os.{sys.implementation.cache_tag}.pyc" in entries


def test_only_the_program_is_executable_and_no_module_has_a_shebang(harvested: Interpreter) -> None:
    """What lintian and rpmlint object to in a library is gone."""
    files = [e for e in harvested.tree.entries if e.kind is Kind.FILE]

    assert [e.path for e in files if e.mode != 0o644] == [harvested.executable]
    assert not [e.path for e in files if e.source is not None and e.source.read_bytes()[:2] == b"#!"]


def test_what_the_interpreter_borrowed_it_brings_along(harvested: Interpreter) -> None:
    """After bundling, nothing but glibc is asked of the system, and every rpath is relative."""
    assert dict(harvested.tree.needs.sonames) == {}
    paths = [e.source for e in harvested.tree.entries if e.source is not None and ".so" in e.path]
    runpaths = {p for path in paths if (found := read_elf(path)) is not None for p in found.runpath}
    assert runpaths <= {"$ORIGIN", "$ORIGIN/../lib", "$ORIGIN/../.."}


def test_the_build_hosts_paths_are_not_recorded(harvested: Interpreter) -> None:
    """The data of sysconfig names /install, not where this interpreter was installed."""
    data = next(e.source for e in harvested.tree.entries if "_sysconfigdata" in e.path and e.path.endswith(".py"))
    assert data is not None
    text = data.read_text()

    assert f"'{sys.base_prefix}'" not in text
    assert "'prefix': '/install'" in text


def test_tls_looks_where_this_system_keeps_its_authorities(harvested: Interpreter) -> None:
    """The embedded ssl module still makes a context, through the module that was added to it."""
    code = "import ssl, sys; ssl.create_default_context(); print('_system_certificates' in sys.modules)"
    argv = [harvested.tree.root / harvested.executable, "-I", "-B", "-c", code]

    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout == "True\n"


def test_the_same_interpreter_gives_the_same_bytes(harvested: Interpreter, tmp_path: Path) -> None:
    """Another cache, another umask: the same paths, modes, digests and mtimes."""
    old = os.umask(0o077)
    try:
        again = resolve(f"host:{sys.executable}", Cache(tmp_path / "some other cache"))
    finally:
        os.umask(old)

    assert [(e.path, e.mode, e.sha256, e.mtime, e.link) for e in again.tree.entries] == [
        (e.path, e.mode, e.sha256, e.mtime, e.link) for e in harvested.tree.entries
    ]


@pytest.mark.skipif(PORTABLE is None, reason="no portable interpreter beside the checkout")
def test_a_portable_archive_runs_on_old_systems(cache: Cache) -> None:
    """An archive built for glibc 2.17 stays one, and is found again in the cache without its archive."""
    found = resolve(os.fspath(PORTABLE), cache)

    assert found.tree.needs.glibc == (2, 17)
    assert dict(found.tree.needs.sonames) == {}
    assert found.runs_here
    assert [e.path for e in found.tree.entries if e.path.endswith(".pyc")]


def test_a_venv_stands_for_its_interpreter(tmp_path: Path) -> None:
    """A venv's python describes the one that it was made from."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)

    assert describe(tmp_path / "venv/bin/python") == describe(Path(sys.executable))


def test_the_running_interpreter_is_taken_when_it_will_do() -> None:
    """``host`` means the Python that runs the build, if the project's requires-python allows it."""
    running = ".".join(str(n) for n in sys.version_info[:3])

    assert choose_local(SpecifierSet(f"=={running}")).version == running


def test_no_interpreter_that_will_do_is_told_with_those_found() -> None:
    """What was looked at is listed, and what to do about it."""
    with pytest.raises(ConfigurationError, match=r"satisfies requires-python >=3\.99 \(found: 3\.") as caught:
        choose_local(SpecifierSet(">=3.99"))

    assert "python.source" in caught.value.problems[0].remedy


@pytest.mark.parametrize("content", ["#!/bin/sh\nexit 3\n", "#!/bin/sh\necho nonsense\n", ""])
def test_what_is_no_python_is_named(content: str, tmp_path: Path, cache: Cache) -> None:
    """A program that isn't Python is an unusable artefact, by its path."""
    (tmp_path / "python3").write_text(content)
    (tmp_path / "python3").chmod(0o755)

    with pytest.raises(ArtefactError, match=r"/python3: is no Python that runs"):
        resolve(f"host:{tmp_path}/python3", cache)


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path, cache: Cache) -> None:
    """A path that does not exist is told as such."""
    with pytest.raises(ArtefactError, match=r"nowhere: is no Python that runs: .*not installed"):
        resolve(f"host:{tmp_path}/nowhere", cache)


def test_the_host_has_nothing_for_another_machine(cache: Cache) -> None:
    """A foreign target needs an archive, and is told so."""
    with pytest.raises(ArtefactError, match=r"(?s)this machine's interpreters are for .*set python\.source"):
        resolve("host", cache, arch="riscv64")


def test_a_library_that_is_nowhere_is_named(tmp_path: Path) -> None:
    """What the loader would not find is told before anything is copied."""
    content = Path(shutil.which("true") or "/bin/true").read_bytes()
    (tmp_path / "program").write_bytes(content.replace(b"libc.so.6\0", b"libq.so.6\0"))
    program = read_elf(tmp_path / "program")
    assert program is not None

    with pytest.raises(ArtefactError, match=r"here: program needs libq\.so\.6"):
        borrowed_libraries([program], "here")
