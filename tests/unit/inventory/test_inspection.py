"""One view of both formats."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pkggen.errors import ArtefactError
from pkggen.formats import FORMATS
from pkggen.inventory.inspection import Inspection, inspect
from pkggen.templating.templates import Templates
from tests.unit.payloads import payload


def built(name: str, directory: Path) -> Inspection:
    directory.mkdir()
    kind = FORMATS[name]
    return inspect(kind.assemble(kind.render(kind.describe(payload()), Templates()), directory))


@pytest.mark.skipif(not (shutil.which("dpkg-deb") and shutil.which("rpmbuild")), reason="needs dpkg-deb and rpmbuild")
def test_both_formats_look_alike(tmp_path: Path) -> None:
    """The two packages of one payload agree in what both can say, and hold the same files of the payload."""
    deb, rpm = built("deb", tmp_path / "deb"), built("rpm", tmp_path / "rpm")

    for key in ("name", "maintainer", "homepage", "summary", "description"):
        assert deb.metadata[key] == rpm.metadata[key]
    prefix = "/opt/hello/layers/"
    ours = [{(e.path, e.kind, e.mode, e.sha256) for e in i.files if e.path.startswith(prefix)} for i in (deb, rpm)]
    assert ours[0] == ours[1]
    assert json.loads(json.dumps(rpm.to_dict()))["metadata"]["version"] == "1.2.0"
    assert "libc6 (>= 2.17)" in deb.relations["Depends"]
    assert set(deb.scripts) == {"preinst", "postinst", "prerm", "postrm"}


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"!<arch>\n", b"!<arch>\ndebian-binary", b"\xed\xab\xee\xdb\3\0"])
def test_foreign_files(tmp_path: Path, content: bytes) -> None:
    """What is no package is an unusable artefact, with the file's name."""
    path = tmp_path / "x"
    path.write_bytes(content)

    with pytest.raises(ArtefactError, match=str(path)):
        inspect(path)


def test_missing_files(tmp_path: Path) -> None:
    """A file that is not there is reported as such."""
    with pytest.raises(ArtefactError, match="No such file"):
        inspect(tmp_path / "none")
