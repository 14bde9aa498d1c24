"""Licences: SPDX from words, DEP-5 from wheels, and the record of what is vendored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from debian.copyright import Copyright
from debian.deb822 import Deb822

from pkggen.formats import FORMATS
from pkggen.metadata.copyright import short_name
from pkggen.metadata.licences import components
from pkggen.metadata.spdx import expression
from pkggen.model import Component, Layer, Layout, Parts
from pkggen.templating.templates import Templates
from tests.unit.parts import SITE, distribution, interpreter
from tests.unit.payloads import payload

MIT = "Permission is hereby granted, free of charge, to any person obtaining a copy\nof this software: go on."
APACHE = "  Apache License\n  Version 2.0, January 2004\n\n  1. Definitions.\n\n  END OF TERMS AND CONDITIONS\n"
GPL = (
    "GNU GENERAL PUBLIC LICENSE\n  Version 3, 29 June 2007\n\n Preamble\n\nEND OF TERMS AND CONDITIONS\n\n"
    "How to Apply These Terms\n\n<https://www.gnu.org/licenses/why-not-lgpl.html>.\n"
)


@pytest.mark.parametrize(
    ("declared", "spdx"),
    {
        "MIT": "MIT",
        "mit": "MIT",
        "MIT License": "MIT",
        "Apache Software License": "Apache-2.0",
        "Apache License, Version 2.0": "Apache-2.0",
        "(MIT or apache-2.0) AND BSD-3-Clause": "(MIT OR Apache-2.0) AND BSD-3-Clause",
        "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
        "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
        "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
        "BSD License, MIT License": "LicenseRef-BSD-License AND MIT",
        "My Company's terms": "LicenseRef-My-Company-s-terms",
        "": "",
    }.items(),
)
def test_words_become_spdx(declared: str, spdx: str) -> None:
    """What classifiers and License fields say becomes an expression; what is unknown stays visible."""
    assert expression(declared) == spdx


def test_the_text_settles_which_bsd_it_is() -> None:
    """The word BSD names no licence; its text does."""
    text = "Redistributions in binary form must reproduce.\nNeither the name of X nor Y\nmay be used to endorse"

    assert expression("BSD License", text) == "BSD-3-Clause"
    assert expression("BSD", text.splitlines()[0]) == "BSD-2-Clause"
    assert expression("", MIT) == "MIT"


@pytest.mark.parametrize(
    ("spdx", "short"),
    {
        "MIT AND BSD-3-Clause": "Expat and BSD-3-clause",
        "GPL-3.0-or-later": "GPL-3+",
        "LGPL-2.1-only OR MIT": "LGPL-2.1 or Expat",
        "(MIT OR ISC) AND Zlib": "custom-x",
        "": "unspecified",
    }.items(),
)
def test_short_names(spdx: str, short: str) -> None:
    """DEP-5 spells some licences in its own way."""
    assert short_name(Component("x", "1", spdx, ("*",))) == short


def parts(root: Path) -> Parts:
    def wheel(name: str, licence: str, *texts: tuple[str, str], files: tuple[str, ...] = ()) -> object:
        info = f"{SITE}/{name}-1.0.dist-info"
        held = {f"{info}/METADATA": f"Name: {name}\nAuthor: Author of {name}\n"}
        held |= {f"{info}/{path}": text for path, text in texts}
        held |= dict.fromkeys(files or (f"{SITE}/{name}/__init__.py",), "x = 1\n")
        return replace(distribution(root, name, held), licence=licence)

    made = [
        wheel("hello", "Apache-2.0", ("licenses/LICENSE", APACHE), ("licenses/NOTICE", "Hello includes things.")),
        wheel("one", "MIT", ("LICENSE", f"MIT License\n\nCopyright (c) 2020 One\n\n{MIT}\n")),
        wheel("two", "MIT License", ("LICENSE.txt", f"MIT License\n\nCopyright (c) 2021-2023 Two\n\n{MIT}\n")),
        wheel("three", "MIT", ("COPYING", f"Other words.\n{MIT}")),
        wheel("four", "BSD-3-Clause AND GPL-3.0-or-later", ("licenses/a/LICENSE", "Four\x0c\n" + GPL)),
        wheel("ns-a", "", files=(f"{SITE}/ns/a.py", f"{SITE}/ns a b.py")),
        wheel("ns-b", "Odd terms", files=(f"{SITE}/ns/b.py", "bin/nsb")),
    ]
    app, *dependencies = made
    python = interpreter(root)
    return Parts(python, app, tuple(dependencies))  # type: ignore[arg-type]


def made_of(root: Path) -> tuple[Component, ...]:
    found = parts(root)
    layers = (
        Layer("python", found.interpreter.tree.entries),
        Layer("deps", (), distributions=tuple((d.wheel.name, "1.0") for d in found.dependencies)),
        Layer("app", (), distributions=(("hello", "1.0"),)),
    )
    return components(found, layers, Layout("/opt/hello"))


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_copyright_is_dep5(tmp_path: Path, golden: Callable[[str, str], None], name: str) -> None:
    """One paragraph for each distribution with its own paths, texts quoted once, strict python-debian agrees."""
    what = payload(components=made_of(tmp_path))
    texts = FORMATS[name].render(FORMATS[name].describe(what), Templates()).texts
    text = next(t for path, t in texts.items() if path.endswith("/copyright"))
    golden(f"{name}/copyright", text)

    read = Copyright(text.splitlines(), strict=True)
    assert len(list(read.all_files_paragraphs())) == 8
    at = read.find_files_paragraph(f"opt/hello/layers/deps/{SITE}/ns/b.py")
    assert at is not None
    assert at.license is not None
    assert at.license.synopsis == "LicenseRef-Odd-terms"
    assert text.count("Permission is hereby granted") == 2  # one and two share theirs
    assert ("Definitions" in text) == (name == "rpm")  # Debian has the Apache licence


def test_every_file_has_one_owner(tmp_path: Path) -> None:
    """No two distributions claim a path, also where they share a directory."""
    patterns = [p for c in made_of(tmp_path) for p in c.paths]

    assert len(patterns) == len(set(patterns))
    assert f"layers/deps/{SITE}/ns/a.py" in patterns
    assert f"layers/deps/{SITE}/ns?a?b.py" in patterns


def test_the_record_of_what_is_vendored() -> None:
    """150 wheels make a control field of lines that are not too long, and one Provides each."""
    many = tuple(Component(f"wheel-{n}", f"1.{n}", "MIT", (f"x{n}/*",)) for n in range(150))
    what = payload(components=(Component("hello", "1.2.0", "MIT", ("*",)), *many))
    control = FORMATS["deb"].render(FORMATS["deb"].describe(what), Templates()).texts["control"]

    field = Deb822(control)["X-Pkggen-Vendored"]
    assert max(map(len, control.splitlines())) <= 80
    assert " ".join(field.split()).split(", ") == [f"wheel-{n} (= 1.{n})" for n in range(150)]
    provides = FORMATS["rpm"].describe(what).relations["Provides"]
    assert provides[7] == "bundled(python3dist(wheel-7)) = 1.7"
