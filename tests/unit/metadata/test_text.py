"""Text of a project's METADATA, configuration and file names, found again in the packages as it was written."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pkggen.formats import FORMATS
from pkggen.metadata.headers import decoded, read_headers
from pkggen.model import Rendered, Wheel
from pkggen.project import Metadata, read_metadata
from pkggen.templating.templates import Templates
from tests.unit.payloads import entry, payload, project

# Nothing that a field of one line could not hold; what reverses the reading direction is refused, and is not printable.
PRINTABLE = st.characters(exclude_categories=["C", "Zl", "Zp", "Zs"])
WORDS = st.text(st.one_of(PRINTABLE, st.just(" ")), min_size=1, max_size=40)
# "<", "," and the like have a meaning in an author's field; a back-end quotes a name that has them
NAMES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=30)
FILES = st.text(PRINTABLE.filter(lambda c: c != "/"), min_size=1, max_size=20).filter(lambda n: n not in {".", ".."})


def described(raw: bytes) -> Metadata:
    """Return what is read from a wheel whose METADATA is ``raw``."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "hello-1.0-py3-none-any.whl")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(
                "hello-1.0.dist-info/METADATA", b"Metadata-Version: 2.1\nName: hello\nVersion: 1.0\n" + raw
            )
        return read_metadata(Wheel("hello", "1.0", path.name, path, "0" * 64))


def rendered(form: str, metadata: Metadata, *files: str) -> Rendered:
    about = project(summary=metadata.summary, maintainer=metadata.author, description=metadata.description)
    extra = tuple(entry(f"/opt/hello/data/{name}", b"x") for name in files)
    return FORMATS[form].render(FORMATS[form].describe(payload(project=about, extra=extra)), Templates())


@settings(max_examples=25, deadline=None)
@given(WORDS.filter(str.strip), NAMES)
@example("Café: größere Werkzeuge", "Zoë Łukasz")
def test_metadata_reaches_control_file_and_spec(summary: str, name: str) -> None:
    """Any printable summary and author of METADATA stands in the control file and in the spec."""
    summary = " ".join(summary.split())
    raw = f"Author-email: {name} <zoe@example.org>\nSummary: {summary}\n\nLong {summary}\n".encode()
    metadata = described(raw)
    if summary.upper() == "UNKNOWN":
        return

    assert (metadata.summary, metadata.author) == (summary, f"{name} <zoe@example.org>")
    assert metadata.description == f"Long {summary}"
    control = rendered("deb", metadata).texts["control"]
    assert f"\nDescription: {summary}\n" in control
    assert f"\nMaintainer: {name} <zoe@example.org>\n" in control
    spec = rendered("rpm", metadata).texts["hello.spec"]
    assert summary.replace("%", "%%") in spec
    assert f"{name} <zoe@example.org>" in spec


@pytest.mark.skipif(not shutil.which("dpkg-deb") or not shutil.which("rpmbuild"), reason="needs dpkg-deb and rpmbuild")
@settings(max_examples=2, deadline=None)
@given(WORDS.filter(str.strip), NAMES, FILES)
@example("Café: größere Werkzeuge", "Zoë Łukasz", "naïve ☃ 100%.txt")
def test_packages_hold_it(summary: str, name: str, file: str) -> None:
    """dpkg-deb and rpm find summary and author in real packages, and what is read back has the file's name."""
    summary = " ".join(summary.split())
    metadata = described(f"Author-email: {name} <zoe@example.org>\nSummary: {summary}\n".encode())
    with tempfile.TemporaryDirectory() as directory:
        paths = {}
        for form in ("deb", "rpm"):
            Path(directory, form).mkdir()
            paths[form] = FORMATS[form].assemble(rendered(form, metadata, file), Path(directory, form))
            FORMATS[form].verify(paths[form], rendered(form, metadata, file))
        control = said("dpkg-deb", "-f", paths["deb"], "Maintainer", "Description")
        header = said("rpm", "-qp", "--qf", "%{PACKAGER}|%{SUMMARY}\n", paths["rpm"])

    assert control.splitlines()[:2] == [f"Maintainer: {name} <zoe@example.org>", f"Description: {metadata.summary}"]
    assert header == f"{name} <zoe@example.org>|{metadata.summary}\n"


def said(*words: object) -> str:
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    done = subprocess.run([str(w) for w in words], capture_output=True, env=environment)
    assert done.returncode == 0
    return done.stdout.decode()


@pytest.mark.parametrize(
    ("written", "author"),
    [
        (b"=?utf-8?q?Zo=C3=AB_?= =?utf-8?b?xYF1a2Fzeg==?= <zoe@example.org>", "Zoë Łukasz <zoe@example.org>"),
        (b"Dr. =?iso-8859-1?Q?Ren=E9?= <zoe@example.org>", "Dr. René <zoe@example.org>"),
        ("Ren\u00e9 <zoe@example.org>".encode("latin-1"), "René <zoe@example.org>"),
        (b"=?no-such?q?Zo=C3=AB?= <zoe@example.org>", "=?no-such?q?Zo=C3=AB?= <zoe@example.org>"),
    ],
)
def test_older_spellings_of_names(written: bytes, author: str) -> None:
    """Encoded words of RFC 2047 are decoded, METADATA that is not UTF-8 is read as Latin-1."""
    assert described(b"Author-email: " + written + b"\n").author == author


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_are_read(raw: bytes) -> None:
    """No METADATA, whatever its bytes, ends in a traceback, and every value is text."""
    message = read_headers(decoded(raw))

    assert all(isinstance(value, str) for value in message.values())
