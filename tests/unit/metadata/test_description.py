"""The first paragraph of a README, as a package's long description."""

from __future__ import annotations

import pytest

from pkggen.metadata.description import first_paragraph

MARKDOWN = """<p align="center"><img src="x.png"></p>

# Hello

[![build](https://b.invalid/x.svg)](https://b.invalid) ![cov][c]

<!-- a comment
over two lines -->

```
pip install hello now please
```

**Hello** is a [small tool](https://x.invalid "title") that `greets` the *whole* world,
and does it in <b>one</b> line. See <https://x.invalid>.

Second paragraph here.
"""
RST = """=====
Hello
=====

.. image:: x.png
   :target: https://x.invalid and more words

|badge| |other|

Example::

    pip install hello now please

``Hello`` greets the `whole world <https://x.invalid>`_ with :func:`~hello.main`.
"""


def test_markdown() -> None:
    """Images, headings, comments, code and badges are passed over; links, emphasis and tags lose their markup."""
    assert first_paragraph(MARKDOWN) == (
        "Hello is a small tool that greets the whole world, and does it in one line.\nSee https://x.invalid."
    )


def test_restructured_text() -> None:
    """Directives, substitutions and literal blocks are passed over, roles and links are plain."""
    assert first_paragraph(RST) == "Hello greets the whole world with hello.main."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("# Only a heading\n", ""),
        ("- a list of\n- more than three words\n", ""),
        ("# Title\nRight below it is prose.\n", "Right below it is prose."),
        ("Title\n-----\nRight below it is prose.\n", "Right below it is prose."),
        ("snake_case_name and a * b stay as they are", "snake_case_name and a * b stay as they are"),
        ("Windows line\r\nends in here\r\n\r\nNext\r\n", "Windows line ends in here"),
    ],
)
def test_small_texts(text: str, expected: str) -> None:
    """Headings and lists are no prose; a lone underscore or asterisk is itself."""
    assert first_paragraph(text) == expected


def test_lines_are_short() -> None:
    """A long paragraph is wrapped for a control file."""
    assert max(map(len, first_paragraph("many words " * 60).splitlines())) <= 79
