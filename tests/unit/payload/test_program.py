"""The on-target program as it is shipped, and the records that it shares with the builder."""

from __future__ import annotations

import ast
import io
import json
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkggen import activation
from pkggen.activation.manifest import Check, FileRow, Layer, Manifest, Mark, Pending, Python, load, written
from pkggen.activation.protocol import DAMAGED, Failure
from pkggen.activation.records import members, read, text
from pkggen.payload.program import activation_program

MODULES = sorted(Path(str(activation.__file__)).parent.glob("*.py"))


def test_the_program_is_one_file_of_plain_text() -> None:
    """Nothing is compressed, so that ``grep -a`` finds a line of any module; the written protocol is among them."""
    data = activation_program()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()

    assert {member.compress_type for member in members} == {zipfile.ZIP_STORED}
    assert [member.filename for member in members] == ["__main__.py", *(f"activation/{path.name}" for path in MODULES)]
    for path in MODULES:
        assert path.read_bytes() in data


def test_the_program_tells_nothing_of_its_making(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same modules give the same bytes, whatever the time, the system and the order of the directory."""
    first = activation_program()
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("TZ", "Asia/Tokyo")

    assert activation_program() == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        members = archive.infolist()
    assert {member.date_time for member in members} == {(1980, 1, 1, 0, 0, 0)}
    assert {(member.create_system, member.external_attr >> 16) for member in members} == {(3, 0o100644)}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_the_oldest_syntax_is_kept(path: Path) -> None:
    """Every module parses as Python 3.8, and imports of our own are relative."""
    tree = ast.parse(path.read_text("utf-8"), feature_version=(3, 8))

    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}
    assert not [name for name in names if name.split(".")[0] in {"pkggen", "activation"}]


PYTHON = Python("bin/python3.13", "3.13.5", layer="python")
MANIFEST = Manifest(
    "hello", "1", "1", "/opt/hello", ("hello",), ("hello.service",), PYTHON, layers=("python", "deps"), isolated=True,
    smoke=("hello",), keep=1,
    user="", hooks={}, owned=(), health={"hello.service": Check(3, 0.5, 0, http="http://127.0.0.1/", status=200)},
)  # fmt: skip
texts = st.text(max_size=8)
rows = st.builds(FileRow, texts, st.integers(0, 1 << 60), texts, st.integers(0, 0o777))
layers = st.builds(
    Layer, name=texts, compile=st.booleans(), files=st.lists(rows, max_size=3).map(tuple), links=st.just(()),
    scripts=st.just(()), rewrite=st.lists(texts, max_size=3).map(tuple), distributions=st.just(()), python=texts,
    archived=st.booleans(), programs=st.lists(texts, max_size=2).map(tuple),
)  # fmt: skip
marks = st.dictionaries(texts, st.builds(Mark, texts, st.booleans()))
switches = st.builds(Pending, texts, st.none() | texts, texts, texts, marks)


@given(st.one_of(layers, switches, st.just(MANIFEST)))
def test_what_is_written_is_read(record: Layer | Pending | Manifest) -> None:
    """A record survives its way through JSON, and its bytes depend on nothing else."""
    again = read(type(record), json.loads(text(members(record))))

    assert again == record
    assert text(members(again)) == text(members(record))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"keep": None}, "keep"),
        ({"keep": "1"}, "keep"),
        ({"keep": True}, "keep"),
        ({"layers": "python"}, "layers"),
        ({"layers": [1]}, "layers"),
        ({"python": {"version": "3.13"}}, "python"),
        ({"health": {"hello.service": []}}, "health"),
        ({"schema": 2}, "schema 2"),
    ],
)
def test_a_description_that_is_not_ours_is_named(tmp_path: Path, change: dict[str, object], words: str) -> None:
    """Missing keys and wrong types are damage, told with the file and the key."""
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({**json.loads(written(MANIFEST)), **change}))

    with pytest.raises(Failure, match=rf"manifest\.json: .*{words}.*reinstall") as failure:
        load(Manifest, path)
    assert failure.value.code == DAMAGED


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    """A key without which nothing can be done has to be there; what is newer than we are is ignored."""
    whole = json.loads(written(MANIFEST))
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({**whole, "newer": 1}))
    assert load(Manifest, path)[1] == MANIFEST

    del whole["prefix"]
    path.write_text(json.dumps(whole))
    with pytest.raises(Failure, match="prefix is missing"):
        load(Manifest, path)
