"""The rpm format: texts, a real rpm read back, and hostile metadata."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pkggen.archives.rpm import read_rpm
from pkggen.errors import ArtefactError, ConfigurationError, IntegrityError
from pkggen.formats import FORMATS
from pkggen.model import ConfigKind, Entry, FormatOptions, Kind, Needs, Payload, Rendered, Target
from pkggen.templating.templates import Templates
from tests.unit.payloads import EPOCH, entry, payload, project, service

RPM = FORMATS["rpm"]
ODD_NAME = "/etc/hello/a b [c] %d \"e\" {f,g} *h? 'i' \\j $k.conf"
needs_rpmbuild = pytest.mark.skipif(not shutil.which("rpmbuild"), reason="needs rpmbuild")


def rendered(what: Payload) -> Rendered:
    return RPM.render(RPM.describe(what), Templates())


def built(what: Payload, directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = RPM.assemble(rendered(what), directory)
    RPM.verify(path, rendered(what))
    return path


def query(path: Path, tag: str) -> str:
    done = subprocess.run(["rpm", "-qp", "--qf", f"%{{{tag}}}", path], capture_output=True, text=True)
    assert done.returncode == 0
    return done.stdout


def rich(sources: Path | None = None) -> Payload:
    """A payload with configuration, owners, and names that need quoting inside and outside the prefix."""
    return payload(
        sources,
        extra=(
            entry(ODD_NAME, b"a=1\n", config=ConfigKind.NOREPLACE, mode=0o640, group="hello"),
            entry("/etc/hello/%{lua:x}.conf", b"a=1\n", config=ConfigKind.CONFIG),
            Entry("/var/lib/hello/data", Kind.DIRECTORY, 0o750, mtime=EPOCH, owner="hello", group="hello"),
        ),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["hello.spec", "pre", "post", "preun", "postun", "posttrans", "verifyscript"])
def test_golden_texts(golden: Callable[[str, str], None], name: str) -> None:
    """The spec and its scriptlets read as reviewed."""
    golden(f"rpm/{name}", rendered(rich()).texts[name])


@pytest.mark.parametrize("services", [(), (service(), service(name="b", enable=False, start=False, user=""))])
def test_scriptlets_are_posix(tmp_path: Path, services: tuple[object, ...]) -> None:
    """Scriptlets parse under a plain POSIX shell and satisfy shellcheck, with and without services."""
    texts = rendered(payload(services=services)).texts
    for name in ("pre", "post", "preun", "postun", "posttrans", "verifyscript"):
        if name in texts:
            (tmp_path / name).write_text("#!/bin/sh\n" + texts[name])
            assert subprocess.run(["sh", "-n", tmp_path / name]).returncode == 0
    if shutil.which("shellcheck"):
        done = subprocess.run(["shellcheck", *tmp_path.iterdir()], capture_output=True, text=True)
        assert done.stdout == ""


def test_debris_goes_before_unpacking(tmp_path: Path) -> None:
    """%pre removes what a killed rpm left of the package's files, and nothing that is only called alike."""
    text = rendered(rich()).texts["pre"]
    script = text[text.index("find /opt/hello") :].replace(" /opt/", f" {tmp_path}/opt/").replace(
        " /usr/", f" {tmp_path}/usr/").replace(" /etc/", f" {tmp_path}/etc/")  # fmt: skip
    names = ("opt/hello/layers/a.py", "opt/hello/a b", "usr/bin/hello", "usr/share/licenses/hello/copyright")
    debris = [tmp_path / f"{name};6b01dd73" for name in names]
    others = [tmp_path / name for name in names]
    others += [
        tmp_path / "opt/hello/a;b",
        tmp_path / "opt/hello/releases/1/x;6b01dd73",
        tmp_path / "usr/bin/z;6b01dd73",
    ]
    for path in (*debris, *others):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    subprocess.run(["sh", "-eu", "-c", script], check=True)

    assert sorted(p for p in tmp_path.rglob("*") if p.is_file()) == sorted(others)


@needs_rpmbuild
def test_a_real_package(tmp_path: Path) -> None:
    """A real rpmbuild packs what the payload says, reading it back agrees, and rpm's own reader does, too."""
    path = built(rich(tmp_path / "src"), tmp_path / "out")

    assert query(path, "NAME") + query(path, "VERSION") + query(path, "BUILDTIME") == f"hello1.2.0{EPOCH}"
    ghosts = read_rpm(path).ghosts
    assert ghosts == {"/opt/hello/current", "/opt/hello/releases"}
    listing = subprocess.run(["rpm", "-qlp", path], capture_output=True, text=True).stdout.splitlines()
    assert not {"/opt", "/usr/bin", "/etc", "/usr/lib/systemd/system"} & set(listing)
    assert "/etc/hello" in listing


@needs_rpmbuild
def test_same_bytes(tmp_path: Path) -> None:
    """Directory, umask, time zone, language and a hostile ~/.rpmmacros leave no trace in the package."""
    first = built(rich(tmp_path / "one" / "src"), tmp_path / "one" / "out")
    home = tmp_path / "home"
    home.mkdir()
    (home / ".rpmmacros").write_text(f"%_binary_payload w1.gzdio\n%vendor %(touch {home}/ran)\n%dist .evil\n")
    old = os.umask(0o077)
    saved = dict(os.environ)
    os.environ.update(TZ="Asia/Tokyo", HOME=str(home), LANG="tr_TR.UTF-8", LC_ALL="tr_TR.UTF-8")
    try:
        second = built(rich(tmp_path / "two words, 100%" / "elsewhere" / "src"), tmp_path / "two words, 100%" / "out")
    finally:
        os.umask(old)
        os.environ.clear()
        os.environ.update(saved)

    assert first.read_bytes() == second.read_bytes()
    assert not (home / "ran").exists()


HOSTILE = """Greets 100 % of the world, %name and %{name}.
%post
touch {marker}
%%post
%include /etc/passwd
  %if 0
# a heading
%{{lua:os.execute('touch {marker}')}} %(touch {marker}) %{{!?x:%(touch {marker})}}
%changelog
ends in a backslash \\
%{{"""


@needs_rpmbuild
def test_hostile_descriptions(tmp_path: Path) -> None:
    """Macros, sections, directives and comments in a description are text: nothing runs, nothing is lost."""
    marker = tmp_path / "ran"
    text = HOSTILE.format(marker=marker, name="{name}")
    about = project(description=text, summary=f"%(touch {marker}) %{{lua:x}}", homepage="https://x.invalid/%41%{name}")

    path = built(payload(project=about), tmp_path / "out")
    assert not marker.exists()
    assert query(path, "DESCRIPTION").replace("\u00a0", "") == text
    assert query(path, "URL") == "https://x.invalid/%41%{name}"


@needs_rpmbuild
@pytest.mark.parametrize("compression", ["zstd:3", "xz:0", "gzip:1", "none"])
def test_compressions(tmp_path: Path, compression: str) -> None:
    """Every compressor packs a package that can be read back."""
    path = built(payload(options={"rpm": FormatOptions(compression=compression)}), tmp_path / "out")

    expected = {"zstd:3": "zstd", "xz:0": "xz", "gzip:1": "gzip", "none": "(none)"}[compression]
    assert query(path, "PAYLOADCOMPRESSOR") == expected


@needs_rpmbuild
def test_other_architectures(tmp_path: Path) -> None:
    """A package for another architecture is built and named for it."""
    path = built(payload(target=Target("aarch64", (2, 17))), tmp_path / "out")

    assert path.name == "hello-1.2.0-1.aarch64.rpm"
    assert query(path, "ARCH") == "aarch64"


@needs_rpmbuild
def test_differences_are_found(tmp_path: Path) -> None:
    """Another file, tag, scriptlet or relation than the rendered one is named."""
    what = payload()
    path = built(what, tmp_path / "out")
    options = FormatOptions(depends=("git",), entries=(entry("/etc/x", b""),))
    other = rendered(replace(what, project=project(summary="else"), options={"rpm": options}))
    other = replace(other, texts=dict(other.texts) | {"post": "true\n"})

    with pytest.raises(IntegrityError) as caught:
        RPM.verify(path, other)
    said = str(caught.value)
    assert all(part in said for part in ("/etc/x is missing", "summary is", "%post is not", "Requires: git is missing"))


@needs_rpmbuild
def test_truncation_is_found(tmp_path: Path) -> None:
    """A package cut short or altered is unusable wherever that happened."""
    path = built(payload(), tmp_path / "out")
    data = path.read_bytes()
    for damaged in (data[:-1], data[: len(data) // 2], data[:200], data[:4], data[:-20] + bytes(20)):
        path.write_bytes(damaged)
        with pytest.raises(ArtefactError):
            read_rpm(path)


def test_requirements() -> None:
    """The version of glibc and outside libraries are asked for as rpm's own generator would."""
    needs = Needs(
        glibc=(2, 28),
        sonames={"libstdc++.so.6": "a.so", "libm.so.6": "a.so", "libcuda.so.1": "a.so"},
        versions=(
            ("libstdc++.so.6", "GLIBCXX_3.4.9"),
            ("libstdc++.so.6", "GLIBCXX_3.4.21"),
            ("libc.so.6", "GLIBC_2.28"),
        ),
    )

    assert RPM.describe(payload(needs=needs)).relations["Requires"] == (
        "libc.so.6(GLIBC_2.28)(64bit)",
        "libstdc++.so.6()(64bit)",
        "libstdc++.so.6(GLIBCXX_3.4.21)(64bit)",
    )


@needs_rpmbuild
def test_user_relations(tmp_path: Path) -> None:
    """The user's relations are spelled as rpm has them, and reach the header."""
    options = FormatOptions(depends=("git >= 2.30", "nginx | httpd < 3"), replaces=("old",), provides=("web = 1",))
    path = built(payload(options={"rpm": options}), tmp_path / "out")

    relations = read_rpm(path).relations
    assert {"git >= 2.30", "(nginx or httpd < 3)"} <= set(relations["Requires"])
    assert relations["Obsoletes"] == ("old",)


@needs_rpmbuild
def test_epochs(tmp_path: Path) -> None:
    """A PEP 440 epoch becomes rpm's."""
    path = built(payload(project=project(version="2!1.0.dev1")), tmp_path / "out")

    assert query(path, "EPOCH") + query(path, "VERSION") == "21.0~~dev1"


@pytest.mark.parametrize("field", ["summary", "homepage", "maintainer", "licence"])
def test_fields_are_single(field: str) -> None:
    """A newline in a tag is refused with the field's name."""
    with pytest.raises(ConfigurationError, match=field):
        rendered(payload(project=project(**{field: "x\n%post\nid"})))


def test_names_that_globs_confuse() -> None:
    """Two names that rpm's globs could not tell apart are refused rather than given each other's attributes."""
    entries = (entry("/etc/hello/a[", b""), entry("/etc/hello/ab", b"", config=ConfigKind.NOREPLACE))
    with pytest.raises(ConfigurationError, match="can't tell"):
        rendered(payload(options={"rpm": FormatOptions(entries=entries)}))
