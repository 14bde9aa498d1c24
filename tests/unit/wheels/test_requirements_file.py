"""requirements.txt read as pip reads it: encodings, variables, comments and every spelling of an option."""

from __future__ import annotations

from pathlib import Path

import pytest

from pkggen.errors import ConfigurationError
from pkggen.wheels.lock.requirements import Requirements, read_requirements


def read(folder: Path, text: str | bytes) -> Requirements:
    path = folder / "requirements.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_requirements(path)


def names(found: Requirements) -> list[str]:
    return [str(p.requirement) for p in found.pins]


@pytest.mark.parametrize(
    "raw",
    [
        "naïve==1\n".encode("utf-8-sig"),
        "naïve==1\n".encode("utf-16"),
        b"\xfe\xff" + "naïve==1\n".encode("utf-16-be"),
        "naïve==1\n".encode("utf-32"),
        "# -*- coding: latin-1 -*-\nnaïve==1\n".encode("latin-1"),
        "# naïve\r\nnaïve==1\r\n".encode(),
    ],
)
def test_encodings(tmp_path: Path, raw: bytes) -> None:
    """A byte order mark or a coding comment says how it is written, as Windows' shells do; else it is UTF-8."""
    raw = raw.replace("naïve==".encode("latin-1"), b"naive==").replace("naïve==".encode(), b"naive==")
    for encoding in ("utf-16-le", "utf-16-be", "utf-32-le"):
        raw = raw.replace("naïve==".encode(encoding), "naive==".encode(encoding))

    assert names(read(tmp_path, raw)) == ["naive==1"]


def test_what_can_not_be_decoded_is_told(tmp_path: Path) -> None:
    """A file that is not what it says it is, is named."""
    for raw in (b"\xff\xfe\x00", b"caf\xe9==1\n", b"# coding: nonsense\n"):
        with pytest.raises(ConfigurationError, match=r"requirements.txt: can't be read"):
            read(tmp_path, raw)


def test_variables_are_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """${NAME} is replaced in requirements, addresses and includes; other spellings and unset names stay."""
    monkeypatch.setenv("WHERE", str(tmp_path / "house"))
    monkeypatch.setenv("V", "1.2")
    monkeypatch.setenv("MORE", "more")
    monkeypatch.delenv("UNSET", raising=False)
    (tmp_path / "more.txt").write_text("b\n")
    found = read(tmp_path, "-f ${WHERE}\na==${V}\n-r ${MORE}.txt\n-i https://${UNSET}/$V/${v}\n")

    assert names(found) == ["a==1.2", "b"]
    assert found.options == ("--find-links", str(tmp_path / "house"), "--index-url", "https://${UNSET}/$V/${v}")


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("-fwheels", ("--find-links", "{}/wheels")),
        ("--find-links=wheels", ("--find-links", "{}/wheels")),
        ("--find-links = wheels", None),
        ("--find-l wheels", ("--find-links", "{}/wheels")),
        ("-ihttps://x.example/simple", ("--index-url", "https://x.example/simple")),
        ("--pypi-url https://x.example/?a=b", ("--index-url", "https://x.example/?a=b")),
        ("--no-index --find-links 'my wheels'", ("--find-links", "{}/my wheels", "--no-index")),
        ("--pre # all of them", ("--prerelease", "allow")),
        ("--prefer-binary --trusted-host x.example", ()),
        ("--only-binary=:all:", ()),
        ("--frobnicate", None),
    ],
)
def test_spellings_of_options(tmp_path: Path, line: str, options: tuple[str, ...] | None) -> None:
    """Glued, with "=", abbreviated, several in a line and quoted: as optparse has them, which pip uses."""
    if options is None:
        with pytest.raises(ConfigurationError, match=r"requirements.txt:2"):
            read(tmp_path, f"a\n{line}\n")
    else:
        assert read(tmp_path, f"a\n{line}\n").options == tuple(o.format(tmp_path) for o in options)


def test_includes_and_constraints(tmp_path: Path) -> None:
    """Paths start from the file that names them, glued or not; what a constraints file includes only limits."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/base.txt").write_text("base\n-cpins.txt\n")
    (tmp_path / "sub/pins.txt").write_text("base<2 # old\n-r more.txt\n")
    (tmp_path / "sub/more.txt").write_text("other==1 --hash=sha256:00\n")
    found = read(tmp_path, "-rsub/base.txt\n")

    assert (names(found), found.constraints) == (["base"], ("base<2", "other==1"))
    with pytest.raises(ConfigurationError, match="download it"):
        read(tmp_path, "-c https://x.example/constraints.txt\n")


def test_hashes_and_continued_lines(tmp_path: Path) -> None:
    """Hashes are options of their line, however it is broken; comments may stand between and hold anything."""
    text = (
        'a==1 ; python_version > "3" \\\n  --hash=sha256:AA \\\n  --hash sha256:bb  # why -- \\\n# -r none\nb-c==1#x\n'
    )
    with pytest.raises(ConfigurationError, match=r"requirements.txt:5"):
        read(tmp_path, text)
    found = read(tmp_path, text.replace("#x", " #x"))

    assert names(found) == ['a==1; python_version > "3"', "b-c==1"]
    assert found.pins[0].hashes == {"sha256:aa", "sha256:bb"}


@pytest.mark.parametrize(
    "own", ["-e .", "-e.", "--editable=.[x]", ".", "./[x]", "-e file:.", "-e {}", "file://{}", ". ; a"]
)
def test_the_project_itself_is_left_out(tmp_path: Path, own: str) -> None:
    """It is packaged anyway, however the file spells it."""
    assert names(read(tmp_path, f"{own.format(tmp_path)}\na\n")) == ["a"]


def test_wheels_by_their_place(tmp_path: Path) -> None:
    """A path or an address of a wheel has its name from its file name, as for pip."""
    lines = (
        "./wheels/b_c-1.0-py3-none-any.whl\nhttps://x.example/d-2-py3-none-any.whl#sha256=00 ; python_version > '3'\n"
    )
    found = read(tmp_path, lines)

    assert [p.name for p in found.pins] == ["b-c", "d"]
    assert found.pins[0].requirement.url == (tmp_path / "wheels/b_c-1.0-py3-none-any.whl").as_uri()
    assert str(found.pins[1].requirement.marker) == 'python_version > "3"'
