"""The Debian format: texts, a real .deb read back, and what it refuses."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pkggen.archives.deb import read_deb
from pkggen.errors import ArtefactError, ConfigurationError, IntegrityError
from pkggen.formats import FORMATS
from pkggen.formats.libraries import debian_dependencies
from pkggen.model import ConfigKind, Entry, FormatOptions, Kind, Needs, Payload, Rendered, Target
from pkggen.templating.templates import Templates
from tests.unit.payloads import EPOCH, entry, payload, project, service

DEB = FORMATS["deb"]
needs_dpkg = pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="needs dpkg-deb")


def rendered(what: Payload) -> Rendered:
    return DEB.render(DEB.describe(what), Templates())


def built(what: Payload, directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = DEB.assemble(rendered(what), directory)
    DEB.verify(path, rendered(what))
    return path


def rich(sources: Path | None = None) -> Payload:
    """A payload with configuration, an owned directory, and names that need quoting."""
    return payload(
        sources,
        extra=(
            entry("/etc/hello/a b [c] %d.conf", b"a=1\n", config=ConfigKind.NOREPLACE, mode=0o640, group="hello"),
            Entry("/var/lib/hello/data", Kind.DIRECTORY, 0o750, mtime=EPOCH, owner="hello", group="hello"),
        ),
    )


@pytest.mark.parametrize("name", ["control", "preinst", "postinst", "prerm", "postrm", "conffiles"])
def test_golden_control_files(golden: Callable[[str, str], None], name: str) -> None:
    """Control files read as reviewed."""
    golden(f"deb/{name}", rendered(rich()).texts[name])


@pytest.mark.parametrize("name", ["preinst", "postinst", "prerm", "postrm"])
@pytest.mark.parametrize("services", [(), (service(), service(name="b", enable=False, start=False, user=""))])
def test_scripts_are_posix(tmp_path: Path, name: str, services: tuple[object, ...]) -> None:
    """Maintainer scripts parse under a plain POSIX shell and satisfy shellcheck, with and without services."""
    script = tmp_path / name
    script.write_text(rendered(payload(services=services)).texts[name])

    assert subprocess.run(["sh", "-n", script]).returncode == 0
    if shutil.which("shellcheck"):
        done = subprocess.run(["shellcheck", script], capture_output=True, text=True)
        assert done.stdout == ""


def functions(script: str, *names: str) -> str:
    """Return the text of a script's functions."""
    return "".join(f"{n}() {{" + script.split(f"{n}() {{", 1)[1].split("\n}\n", 1)[0] + "\n}\n" for n in names)


@pytest.mark.parametrize("mode", [0o755, 0o777, 0o775])
def test_nothing_is_given_away_where_others_may_write(tmp_path: Path, mode: int) -> None:
    """A directory that a group or anyone may write to, or that is another user's: said, and left alone."""
    give = functions(rendered(rich()).texts["postinst"], "strangers", "give")
    (tmp_path / "a").mkdir()
    (tmp_path / "a").chmod(mode)
    if not os.geteuid() and mode == 0o755:
        os.chown(tmp_path / "a", 65534, 65534)
    file = tmp_path / "a/b/file"
    file.parent.mkdir()
    file.touch(0o600)

    done = subprocess.run(
        ["sh", "-euc", f'{give}give "$1" 65534:65534 0666', "sh", file], capture_output=True, text=True, check=True
    )

    assert f"{file} is left as it is: another user than root may write to " in done.stderr
    assert (file.stat().st_uid, file.stat().st_mode & 0o777) == (os.geteuid(), 0o600)


def test_golden_unit(golden: Callable[[str, str], None]) -> None:
    """A unit holds the service's words quoted for systemd."""
    odd = service(
        command=("/opt/hello/current/venv/bin/hello", "a b", "$x", "5%", 'q"q', ""),
        environment=(("A", "1 2"), ("B", "$x 5% \\")),
        environment_file="/etc/default/hello",
        user="",
    )
    golden(
        "common/hello.service",
        rendered(payload(services=(odd,))).texts["/usr/lib/systemd/system/hello.service"],
    )


@needs_dpkg
def test_a_real_package(tmp_path: Path) -> None:
    """dpkg-deb packs what the payload says, and reading it back agrees; dpkg's own reader does, too."""
    path = built(rich(tmp_path / "src"), tmp_path / "out")

    listing = subprocess.run(["dpkg-deb", "-c", path], capture_output=True, text=True, env={"TZ": "UTC"}).stdout
    assert "./usr/bin/hello -> /opt/hello/current/venv/bin/hello" in listing
    assert "-rw-r----- root/root         4 2025-06-15 15:06 ./etc/hello/a b [c] %d.conf" in listing


@needs_dpkg
def test_same_bytes(tmp_path: Path) -> None:
    """Directory, umask, time zone, home and language leave no trace in the package."""
    first = built(rich(tmp_path / "one" / "src"), tmp_path / "one" / "out")
    old = os.umask(0o077)
    saved = dict(os.environ)
    os.environ.update(TZ="Asia/Tokyo", HOME="/nonexistent", LANG="tr_TR.UTF-8", LC_ALL="tr_TR.UTF-8")
    try:
        second = built(rich(tmp_path / "two" / "elsewhere" / "src"), tmp_path / "two" / "out")
    finally:
        os.umask(old)
        os.environ.clear()
        os.environ.update(saved)

    assert first.read_bytes() == second.read_bytes()


@needs_dpkg
@pytest.mark.parametrize("compression", ["zstd:3", "xz:0", "gzip:1", "none"])
def test_compressions(tmp_path: Path, compression: str) -> None:
    """Every compressor packs a package that can be read back."""
    what = payload(options={"deb": FormatOptions(compression=compression)})

    kinds = {"zstd:3": "zst", "xz:0": "xz", "gzip:1": "gz", "none": "none"}
    assert read_deb(built(what, tmp_path / "out")).compression == kinds[compression]


@needs_dpkg
def test_a_changed_source_is_found(tmp_path: Path) -> None:
    """A file that is no longer what the payload says is named, with what differs."""
    what = payload(tmp_path / "src")
    source = next(e.source for e in what.entries if e.path.endswith("hello/__init__.py") and e.source)
    source.write_text("altered, with another size\n")
    (tmp_path / "out").mkdir()

    path = DEB.assemble(rendered(what), tmp_path / "out")
    with pytest.raises(IntegrityError, match=r"hello/__init__\.py: sha256 is"):
        DEB.verify(path, rendered(what))


@needs_dpkg
def test_a_file_twice_is_no_hard_link(tmp_path: Path) -> None:
    """One source in two places is packed as two files."""
    what = payload(tmp_path / "src")
    first = next(e for e in what.entries if e.path.endswith("hello/__init__.py"))

    built(
        replace(
            what, entries=tuple(sorted((*what.entries, replace(first, path="/opt/hello/twin")), key=lambda e: e.path))
        ),
        tmp_path / "out",
    )


@needs_dpkg
def test_truncation_is_found(tmp_path: Path) -> None:
    """A package cut short is unusable wherever the cut is."""
    path = built(payload(), tmp_path / "out")
    data = path.read_bytes()
    for length in (len(data) - 1, len(data) // 2, 100, 8):
        path.write_bytes(data[:length])
        with pytest.raises(ArtefactError):
            read_deb(path)


@needs_dpkg
def test_installed_size_is_dpkgs(tmp_path: Path) -> None:
    """Installed-Size is what dpkg-gencontrol counts: `du` of each file rounded up to KiB, 1 for each directory."""
    what = rich(tmp_path / "src")
    path = built(what, tmp_path / "out")
    root = tmp_path / "root"
    subprocess.run(["dpkg-deb", "-x", path, root], check=True)

    found = [root, *root.rglob("*")]
    sizes = (-(-p.lstat().st_size // 1024) if p.is_symlink() or p.is_file() else 1 for p in found)
    assert f"Installed-Size: {sum(sizes)}\n" in rendered(what).texts["control"]


def test_old_dpkg_gets_xz() -> None:
    """Debian 11 can't read zstd: the default changes, and asking for zstd is refused."""
    old = payload(target=Target("x86_64", (2, 17), ("debian:11", "debian:12")))

    assert DEB.describe(old).compression == "xz:6"
    with pytest.raises(ConfigurationError, match="too old"):
        DEB.describe(replace(old, options={"deb": FormatOptions(compression="zstd:3")}))


@pytest.mark.parametrize("compression", ["zip", "zstd:99", "xz:x", "gzip:0"])
def test_unknown_compressions(compression: str) -> None:
    """A compressor or level that is none is refused."""
    with pytest.raises(ConfigurationError):
        DEB.describe(payload(options={"deb": FormatOptions(compression=compression)}))


def test_names_of_the_package() -> None:
    """Epochs stay out of file names, and the architecture is Debian's."""
    what = payload(project=project(version="1!2.0rc1"), target=Target("aarch64", (2, 17)))

    package = DEB.describe(what)
    assert (package.version, package.filename) == ("1:2.0~rc1-1", "hello_2.0~rc1-1_arm64.deb")


def test_library_dependencies() -> None:
    """Sonames become packages, symbol versions become their bounds; drivers and glibc's parts are left out."""
    needs = Needs(
        glibc=(2, 28),
        sonames={"libstdc++.so.6": "a.so", "libz.so.1": "b.so", "libm.so.6": "a.so", "libcuda.so.1": "a.so"},
        versions=(
            ("libstdc++.so.6", "GLIBCXX_3.4.9"),
            ("libstdc++.so.6", "GLIBCXX_3.4.21"),
            ("libz.so.1", "ZLIB_1.2.9"),
        ),
    )

    expected = ("libc6 (>= 2.28)", "libstdc++6 (>= 5.2)", "zlib1g (>= 1:1.2.9)")
    assert debian_dependencies(needs, FormatOptions(), lambda _: "") == expected


def test_unknown_libraries() -> None:
    """A library that no package is known to hold names the file that needs it; the options settle it."""
    needs = Needs(sonames={"libodd.so.9": "lib/odd.so"})
    with pytest.raises(ArtefactError, match=r"lib/odd\.so: needs libodd\.so\.9"):
        debian_dependencies(needs, FormatOptions(), lambda _: "")

    assert debian_dependencies(needs, FormatOptions(libraries={"libodd.so.9": "libodd9"}), lambda _: "") == ("libodd9",)
    assert debian_dependencies(needs, FormatOptions(ignore_libraries=("libodd.so.9",)), lambda _: "") == ()
    assert debian_dependencies(needs, FormatOptions(), lambda _: "found") == ("found",)


def test_user_relations() -> None:
    """The user's relations are spelled as Debian has them, after the computed ones."""
    options = FormatOptions(depends=("git >= 2.30", "nginx | apache2 < 3"), conflicts=("old == 1",))

    relations = DEB.describe(payload(options={"deb": options})).relations
    assert relations["Depends"][-2:] == ("git (>= 2.30)", "nginx | apache2 (<< 3)")
    assert relations["Conflicts"] == ("old (= 1)",)


@pytest.mark.parametrize("text", ["a, b", "a >= ", "a\nb", "", "A_B", "a || b", "${x}", "a (>= 1"])
def test_bad_relations(text: str) -> None:
    """A relation that could smuggle in another field, or is none, is refused."""
    with pytest.raises(ConfigurationError):
        DEB.describe(payload(options={"deb": FormatOptions(depends=(text,))}))


@pytest.mark.parametrize("field", ["summary", "homepage", "maintainer"])
def test_fields_are_single(field: str) -> None:
    """A newline in a field is refused with the field's name."""
    with pytest.raises(ConfigurationError, match=field):
        rendered(payload(project=project(**{field: "x\nEssential: yes"})))


@pytest.mark.parametrize(
    ("given", "expected"),
    {
        "": "Maintainers of hello <hello@package.invalid>",
        "Jane": "Jane <hello@package.invalid>",
        "Jöran Ø <j@x.org>": "Jöran Ø <j@x.org>",
        '"Doe, Jane" <j@x.org>': '"Doe, Jane" <j@x.org>',
    }.items(),
)
def test_maintainers(given: str, expected: str) -> None:
    """A maintainer always has a name and an address, as policy wants."""
    assert f"\nMaintainer: {expected}\n" in rendered(payload(project=project(maintainer=given))).texts["control"]


UNPACKABLE = (
    "/opt/hello/a\nb",
    "/opt/hello/../x",
    "opt/x",
    "/opt/hello/\udcff",
    "/opt/hello/" + "a" * 256,
    "/usr/bin/hello",
    "/usr/bin/hello/x",
)


@pytest.mark.parametrize("path", UNPACKABLE)
def test_paths_that_no_package_carries(path: str) -> None:
    """Names with newlines, not in UTF-8, too long, relative, or taken already are refused."""
    with pytest.raises(ConfigurationError):
        rendered(payload(options={"deb": FormatOptions(entries=(entry(path, b""),))}))


def test_long_descriptions() -> None:
    """Eight kilobytes of Markdown make a valid extended description."""
    text = "# Hello\n\n```python\nprint('%{lua:x}')\n```\n\n* item\n" * 160
    control = rendered(payload(project=project(description=text))).texts["control"]

    assert all(row.startswith(" ") for row in control.split("Description: ")[1].splitlines()[1:])


def test_a_removed_conffile_that_is_there() -> None:
    """A path can't be in the package and among those that it has no more."""
    options = {"deb": FormatOptions(entries=(entry("/etc/a", b""),), removed_conffiles=("/etc/a", "/etc/b"))}
    deb = FORMATS["deb"]

    with pytest.raises(ConfigurationError, match=r"removed-conffiles: /etc/a is still in the package") as caught:
        deb.render(deb.describe(payload(options=options)), Templates())
    assert "/etc/b" not in str(caught.value)
