"""Pages for people: complete, without scripts, and with nothing in them that a package could say in HTML."""

from __future__ import annotations

import random
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pkggen.repository.newest import version_key
from pkggen.repository.site import write_site
from pkggen.templating.templates import Templates
from tests.unit.repository.shop import Shop, deb

VOID = {"meta", "br", "link", "img", "hr"}


class Page(HTMLParser):
    """What a page is made of: its tags, the addresses that it names, and whether all is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def written(shop: Shop) -> list[str]:
    return write_site(shop.store, shop.settings, Templates())


def test_each_application_has_a_page(shop: Shop, tmp_path: Path) -> None:
    """index.html links to it, with the newest version by channel; it links to the files, which are there."""
    shop.publish(deb(tmp_path / "in", version="1.9-1"), deb(tmp_path / "in", version="1.10-1"))
    shop.publish(deb(tmp_path / "in", name="lib+x"), channel="edge")

    keys = written(shop)

    assert keys == ["index.html", "applications/app.html", "applications/lib_2b_x.html"]
    assert "<td>1.10-1</td>" in shop.text("index.html")
    assert Page(shop.text("index.html")).links[:2] == keys[1:]
    files = [link for link in Page(shop.text(keys[1])).links if "pool/" in link]
    assert len(files) == 2
    assert all(shop.store.status(link.removeprefix("../")) for link in files)


def test_pages_are_whole_and_hold_no_script(shop: Shop, tmp_path: Path) -> None:
    """Every tag is closed; nothing is loaded from elsewhere; there is one heading of the first rank, and a main."""
    shop.publish(deb(tmp_path / "in"))
    for key in written(shop):
        page = Page(shop.text(key))

        assert page.open == []
        assert {"script", "link", "img", "iframe"} & set(page.tags) == set()
        assert (page.tags.count("h1"), page.tags.count("main"), page.tags.count("title")) == (1, 1, 1)


def test_a_package_writes_no_html(shop: Shop, tmp_path: Path) -> None:
    """Neither in its summary nor as a homepage that is a script."""
    lines = "Homepage: javascript:alert(1)\nDepends: <script>alert(2)</script>\n"
    shop.publish(deb(tmp_path / "in", more=lines))
    written(shop)

    page = shop.text("applications/app.html")

    assert "<script" not in page
    assert "javascript:" not in page


def test_what_has_not_changed_is_not_written(shop: Shop, tmp_path: Path) -> None:
    """The same packages give the same pages."""
    shop.publish(deb(tmp_path / "in"))
    written(shop)

    assert written(shop) == []


ORDERED = [
    "1.0~~dev1-1",
    "1.0~a1-1",
    "1.0~rc1-1",
    "1.0-1",
    "1.0-2",
    "1.0+post1-1",
    "1.0.1-1",
    "1.2-1",
    "1.10-1",
    "2-1",
    "1:0.1-1",
]


def test_versions_sort_as_package_managers_sort_them() -> None:
    """Those that pkggen makes, at least."""
    mixed = random.Random(1).sample(ORDERED, len(ORDERED))

    assert sorted(mixed, key=version_key) == list(ORDERED)


@pytest.mark.parametrize("version", ["", "-", "1", "~", ":1", "a:b-c-d", "1^2-1"])
def test_any_version_has_a_place(version: str) -> None:
    """However odd it is."""
    assert version_key(version) == version_key(version)
