from __future__ import annotations

import os
import stat
import tarfile
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from pkggen.errors import ArtefactError, ConfigurationError, IntegrityError
from pkggen.interpreter import resolve_interpreter
from pkggen.interpreter.archive import unpack
from pkggen.model import Interpreter, PythonSpec, Target
from pkggen.store.cache import Cache, sha256_of
from pkggen.terminal.reporter import Silent
from tests.unit.fakes.interpreter_archives import (
    compressed,
    link,
    member,
    other_machine,
    plain_tar,
    program,
)

HERE = os.uname().machine


def resolve(path: Path, cache: Cache, *, sha256: str = "", arch: str = HERE) -> Interpreter:
    return resolve_interpreter(
        PythonSpec(os.fspath(path), sha256), Target(arch), cache, Silent(),
        requires_python=SpecifierSet(), root=Path("/"), offline=True,
    )  # fmt: skip


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def nothing_is_left(cache: Cache) -> bool:
    return not [*(cache.root / "trees").rglob("*")] and not [*(cache.root / "scratch").glob("*")]


BAD_MEMBERS = {
    "traversal": member("python/../../evil"),
    "inner traversal": member("python/lib/../../x"),
    "absolute name": member("/etc/evil"),
    "absolute link": link("python/lib/evil", "/etc/passwd"),
    "outside link": link("python/lib/evil", "../../../etc/passwd"),
    "circle": link("python/lib/evil", "evil"),
    "device": member("python/lib/evil", tarfile.CHRTYPE),
    "pipe": member("python/lib/evil", tarfile.FIFOTYPE),
    "setuid": member("python/bin/evil", mode=0o4755),
    "setgid": member("python/bin/evil", mode=0o2755),
    "newline": member("python/lib/evil\nname"),
    "bad UTF-8": member("python/lib/evil\udcff"),
    "hard link to nothing": member("python/lib/evil", tarfile.LNKTYPE, target="python/nothing"),
    "below a file": member("python/lib/python3.13/os.py/evil"),
    "twice": member("python/lib/python3.13/os.py"),
}


@pytest.mark.parametrize("name", BAD_MEMBERS)
def test_refuses_a_bad_member(name: str, tmp_path: Path, cache: Cache) -> None:
    """A member that could harm stops everything, is named with its archive, and leaves nothing behind."""
    archive = tmp_path / "bad.tar.gz"
    archive.write_bytes(compressed(plain_tar([BAD_MEMBERS[name]]), ".tar.gz"))

    with pytest.raises(ArtefactError, match=r"bad\.tar\.gz: '") as caught:
        resolve(archive, cache)

    assert repr(BAD_MEMBERS[name].name) in str(caught.value)
    assert nothing_is_left(cache)


def test_refuses_a_chain_of_links_that_leads_out(tmp_path: Path, cache: Cache) -> None:
    """Links that are harmless one by one are followed through one another."""
    chain = [link("python/a", "lib"), link("python/b", "a/../../.."), member("python/b/evil")]
    archive = tmp_path / "chain.tar.gz"
    archive.write_bytes(compressed(plain_tar(chain), ".tar.gz"))

    with pytest.raises(ArtefactError, match=r"chain\.tar\.gz") as caught:
        resolve(archive, cache)

    assert "leads out of the archive" in str(caught.value)
    assert "lies below 'python/b'" in str(caught.value)
    assert not (tmp_path / "evil").exists()


def test_tells_all_problems_at_once(tmp_path: Path, cache: Cache) -> None:
    """One run is enough to learn of every bad member."""
    archive = tmp_path / "bad.tar.gz"
    archive.write_bytes(compressed(plain_tar([BAD_MEMBERS["device"], BAD_MEMBERS["traversal"]]), ".tar.gz"))

    with pytest.raises(ArtefactError) as caught:
        resolve(archive, cache)

    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("suffix", [".tar.gz", ".tgz", ".tar.xz", ".tar.zst"])
def test_refuses_a_truncated_archive(suffix: str, tmp_path: Path, cache: Cache) -> None:
    """An archive that ends early is told from a whole one, whatever compressed it."""
    archive = tmp_path / f"cut{suffix}"
    archive.write_bytes(compressed(plain_tar(), suffix)[:-20])

    with pytest.raises(ArtefactError, match="cut"):
        resolve(archive, cache)


def test_refuses_a_tar_without_its_end(tmp_path: Path, cache: Cache) -> None:
    """A tar that was cut before it was compressed is refused as well."""
    whole = plain_tar()
    archive = tmp_path / "cut.tar.gz"
    archive.write_bytes(compressed(whole.rstrip(b"\0")[:-100], ".tar.gz"))

    with pytest.raises(ArtefactError, match=r"cut\.tar\.gz"):
        resolve(archive, cache)


def test_refuses_another_digest(tmp_path: Path, cache: Cache) -> None:
    """The digest is checked before the archive is opened: this one is no archive at all."""
    archive = tmp_path / "altered.tar.gz"
    archive.write_bytes(b"no archive")

    with pytest.raises(IntegrityError, match=r"altered\.tar\.gz: sha256 is .*, expected 0000"):
        resolve(archive, cache, sha256="0" * 64)


def test_refuses_another_machine(tmp_path: Path, cache: Cache) -> None:
    """A program for another machine than the target's is refused by name of both."""
    archive = tmp_path / "arm.tar.gz"
    archive.write_bytes(compressed(plain_tar(python=other_machine()), ".tar.gz"))

    with pytest.raises(ArtefactError, match=rf"arm\.tar\.gz: is for .*, the target is {HERE}"):
        resolve(archive, cache)


def test_refuses_musl(tmp_path: Path, cache: Cache) -> None:
    """A program that musl loads is refused: manylinux wheels don't run on it."""
    archive = tmp_path / "musl.tar.gz"
    archive.write_bytes(compressed(plain_tar(python=program(musl=True)), ".tar.gz"))

    with pytest.raises(ArtefactError, match=r"musl\.tar\.gz: is for musl .*the target has glibc"):
        resolve(archive, cache)


@pytest.mark.parametrize("content", [b"\x7fELF" + b"\0" * 9 + b"3.13.5\0", b"#!/bin/sh\n\x003.13.5\0"])
def test_refuses_a_program_that_is_none(content: bytes, tmp_path: Path, cache: Cache) -> None:
    """What only pretends to be a program is refused by its name."""
    archive = tmp_path / "fake.tar.gz"
    archive.write_bytes(compressed(plain_tar(python=content), ".tar.gz"))

    with pytest.raises(ArtefactError, match=r"bin/python3\.13"):
        resolve(archive, cache)


def test_refuses_an_archive_without_python3(tmp_path: Path, cache: Cache) -> None:
    """An archive of something else is refused with the layout that is expected."""
    archive = tmp_path / "else.tar.gz"
    archive.write_bytes(compressed(plain_tar(without="python/bin/python3"), ".tar.gz"))

    with pytest.raises(ArtefactError, match=r"(?s)else\.tar\.gz: there is no bin/python3.*install_only"):
        resolve(archive, cache)


def test_a_source_that_is_nowhere_is_a_mistake_in_the_configuration(tmp_path: Path, cache: Cache) -> None:
    """A path that does not exist is told with the forms that python.source takes."""
    with pytest.raises(ConfigurationError, match=r"python\.source: .*no such file"):
        resolve(tmp_path / "nowhere.tar.gz", cache)


def test_odd_names_unpack(tmp_path: Path) -> None:
    """Names that differ by case alone, spaces and brackets are all fine."""
    names = ["python/share/terminfo/A/Apple", "python/share/terminfo/a/apple", "python/lib/a [b] c%.txt"]
    archive = tmp_path / "odd.tar.gz"
    archive.write_bytes(compressed(plain_tar([member(n) for n in names]), ".tar.gz"))

    unpack(archive, tmp_path / "out", tmp_path / "plain", "odd.tar.gz")

    assert all((tmp_path / "out" / n).is_file() for n in names)


def test_modes_are_normalised_and_times_kept(tmp_path: Path) -> None:
    """A world-writable file comes out as 0644, hard links as files, and all with the archive's mtime."""
    hard = member("python/lib/again", tarfile.LNKTYPE, target="python/lib/open")
    archive = tmp_path / "open.tar.gz"
    archive.write_bytes(compressed(plain_tar([hard, member("python/lib/open", mode=0o666)]), ".tar.gz"))

    unpack(archive, tmp_path / "out", tmp_path / "plain", "open.tar.gz")
    found = [os.lstat(tmp_path / "out/python/lib" / n) for n in ("open", "again")]

    assert [stat.S_IMODE(s.st_mode) for s in found] == [0o644, 0o644]
    assert [s.st_nlink for s in found] == [1, 1]
    assert [int(s.st_mtime) for s in found] == [1_600_000_000] * 2


def test_foreign_owners_and_open_directories(tmp_path: Path) -> None:
    """Whoever made the archive owns nothing that comes out of it, and no directory is left for everyone to write to."""
    infos = [member("python/lib/open", tarfile.DIRTYPE, mode=0o777), member("python/lib/open/theirs", mode=0o777)]
    for info in infos:
        info.uid, info.gid, info.uname, info.gname = 4321, 4321, "nobody", "games"
    archive = tmp_path / "foreign.tar.gz"
    archive.write_bytes(compressed(plain_tar(infos), ".tar.gz"))

    unpack(archive, tmp_path / "out", tmp_path / "plain", "foreign.tar.gz")
    found = [os.lstat(path) for path in [tmp_path / "out", *(tmp_path / "out").rglob("*")]]

    assert {(s.st_uid, s.st_gid) for s in found} == {(os.getuid(), os.getgid())}
    assert [s for s in found if not stat.S_ISLNK(s.st_mode) and s.st_mode & 0o022] == []
    assert stat.S_IMODE(os.lstat(tmp_path / "out/python/lib/open/theirs").st_mode) == 0o755


def test_a_directory_is_held_to_the_same_rules(tmp_path: Path, cache: Cache) -> None:
    """A link out of a directory given as the interpreter is refused."""
    (tmp_path / "tree/bin").mkdir(parents=True)
    (tmp_path / "tree/bin/python3").symlink_to("/usr/bin/python3")

    with pytest.raises(ArtefactError, match=r"tree: 'bin/python3': a link to the absolute path"):
        resolve(tmp_path / "tree", cache)


def test_the_digest_names_the_interpreter(tmp_path: Path, cache: Cache) -> None:
    """A foreign machine's interpreter is embedded without being run, and known by its archive's digest."""
    archive = tmp_path / "foreign.tar.zst"
    archive.write_bytes(compressed(plain_tar(python=other_machine()), ".tar.zst"))
    arch = "x86_64" if HERE == "aarch64" else "aarch64"

    found = resolve(archive, cache, sha256=sha256_of(archive), arch=arch)

    assert (found.version, found.digest, found.runs_here) == ("3.13.5", sha256_of(archive), False)
    entries = [e for e in found.tree.entries if not e.path.endswith(".pyc")]  # made where a stand-in is at hand
    assert [(e.path, e.mode, e.link) for e in entries] == [
        ("bin/python", 0o777, "python3.13"), ("bin/python3", 0o777, "python3.13"), ("bin/python3.13", 0o755, ""),
        ("lib/python3.13/os.py", 0o644, ""),
    ]  # fmt: skip
    assert entries[3].source.read_text().startswith("# /usr/bin/env")  # type: ignore[union-attr]


def test_refuses_a_program_that_is_no_python(tmp_path: Path, cache: Cache) -> None:
    """A program for this machine is run before it is believed."""
    archive = tmp_path / "true.tar.gz"
    archive.write_bytes(compressed(plain_tar(), ".tar.gz"))

    with pytest.raises(ArtefactError, match=r"true\.tar\.gz: its program is no Python"):
        resolve(archive, cache)

    assert nothing_is_left(cache)
