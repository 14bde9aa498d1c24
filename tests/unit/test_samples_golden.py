"""``<sample>/rendered/`` shows what pkggen makes of each sample, and is what it makes.

The one unit test that reaches a package index, until the cache holds the samples' wheels. The
goldens are made with the portable interpreter of the tests' data; another one brings other
libraries, licences and relations.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pkggen.cli.boundary import default_cache
from pkggen.config.options import Options
from pkggen.formats import FORMATS
from pkggen.model import Rendered
from pkggen.pipeline import render
from pkggen.terminal.reporter import Silent

REPOSITORY = Path(__file__).parents[2]
PORTABLE = sorted((REPOSITORY.parent / "shared" / "interpreters").glob("cpython-*-x86_64-*-install_only.tar.gz"))
EPOCH = "1767225600"  # 2026-01-01

ALWAYS = ((r"(?m)^Installed-Size: \d+$", "Installed-Size: SIZE"),)
"""The samples' build back-ends are not locked: their next version may write a longer METADATA."""

pytestmark = pytest.mark.skipif(
    not PORTABLE, reason="no portable interpreter beside the checkout: the rendered folders show what is made with it"
)


def options(root: Path) -> Options:
    """Return what to render: for a fixed target, whatever the host's glibc."""
    return Options(root, formats=tuple(FORMATS), python=str(PORTABLE[0]), targets=("debian:12",))


def texts(rendered: Rendered) -> dict[str, str]:
    """Return the texts of a package by their goldens' names: control files, and paths in the package."""
    return {name.lstrip("/"): text for name, text in rendered.texts.items()}


def comparable(text: str) -> str:
    """Return what of a text has to be the same here."""
    for pattern, word in ALWAYS:
        text = re.sub(pattern, word, text)
    return text


@pytest.fixture(scope="module", params=["debian-sample", "rpm-sample"])
def sample(request: pytest.FixtureRequest) -> tuple[Path, dict[str, dict[str, str]]]:
    """Return a sample and its texts by format."""
    root = REPOSITORY / request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", EPOCH)
        made = render(options(root), default_cache(), Silent())
    return root, {one.package.format: texts(one) for one in made}


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_the_rendered_folder_is_what_pkggen_makes(
    sample: tuple[Path, dict[str, dict[str, str]]], name: str, pytestconfig: pytest.Config
) -> None:
    """No text is missing, none is left over, and each is the same."""
    root, made = sample
    folder = root / "rendered" / name
    if pytestconfig.getoption("update_goldens", default=False):
        rewrite(folder, made[name])

    kept = {p.relative_to(folder).as_posix(): p.read_text(encoding="utf-8") for p in folder.rglob("*") if p.is_file()}

    assert {k: comparable(v) for k, v in kept.items()} == {k: comparable(v) for k, v in made[name].items()}


def rewrite(folder: Path, made: dict[str, str]) -> None:
    for path in [p for p in folder.rglob("*") if p.is_file()]:
        path.unlink()
    for name, text in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
