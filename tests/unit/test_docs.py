"""The documentation says what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pkggen import errors
from pkggen.config.service_tables import HealthcheckTable, ServiceTable
from pkggen.config.tables import (
    BuildTable,
    Config,
    FileTable,
    FormatTable,
    PublishTable,
    PythonTable,
    ScriptsTable,
    TriggerTable,
    VenvTable,
    WheelsTable,
)

ROOT = Path(__file__).parents[2]
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
TABLES: dict[str, type[BaseModel]] = {
    "`[tool.pkggen]`": Config,
    "`[tool.pkggen.python]`": PythonTable,
    "`[tool.pkggen.wheels]`": WheelsTable,
    "`[tool.pkggen.build]`": BuildTable,
    "`[tool.pkggen.venv]`": VenvTable,
    "`[[tool.pkggen.services]]`": ServiceTable,
    "`[tool.pkggen.services.healthcheck]`": HealthcheckTable,
    "`[tool.pkggen.scripts]`": ScriptsTable,
    "`[[tool.pkggen.files]]`": FileTable,
    "`[[tool.pkggen.triggers]]`": TriggerTable,
    "`[tool.pkggen.deb]` and `[tool.pkggen.rpm]`": FormatTable,
    "`[tool.pkggen.publish]`": PublishTable,
}


def rows(text: str, heading: str) -> dict[str, tuple[str, ...]]:
    """Return the first table under ``heading``: its rows' other cells by the first one."""
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    cells = [[c.strip() for c in re.split(r"(?<!\\)\|", line.strip("|"))] for line in lines]
    return {first.strip("`"): tuple(rest) for first, *rest in cells}


def documented_default(field: FieldInfo) -> str:
    """Return a key's default as TOML in backticks; nothing for a table and for what is unset."""
    if field.is_required():
        return "required"
    if field.default is None or isinstance(field.default, BaseModel):
        return ""
    return f"`{json.dumps(field.default)}`"


@pytest.mark.parametrize("heading", TABLES)
def test_configuration_has_every_key_with_its_default(heading: str) -> None:
    """Keys, their order and their defaults are those of the schema."""
    fields = {f.alias or name: f for name, f in TABLES[heading].model_fields.items()}

    documented = [(key, cells[0]) for key, cells in rows(CONFIGURATION, heading).items()]

    assert documented == [(key, documented_default(f)) for key, f in fields.items()]


@pytest.mark.parametrize("heading", TABLES)
def test_configuration_names_every_choice(heading: str) -> None:
    """Where a key takes one of a few words, the page has them all."""
    documented = rows(CONFIGURATION, heading)
    choices = {
        f.alias or name: get_args(f.annotation)
        for name, f in TABLES[heading].model_fields.items()
        if get_origin(f.annotation) is Literal
    }

    missing = [(k, c) for k, words in choices.items() for c in words if c and f"`{c}`" not in documented[k][1]]

    assert missing == []


def test_exit_codes_are_those_of_the_errors() -> None:
    """Each class of error has its row, with its code."""
    page = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    classes = {c.__name__: str(c.exit_code) for c in errors.PkggenError.__subclasses__()}

    assert {cells[0].strip("`"): code for code, cells in rows(page, "The codes").items() if cells[0]} == classes


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", *(f"docs/{p.name}" for p in sorted((ROOT / "docs").glob("*.md")))]
)
def test_links_lead_somewhere(page: str) -> None:
    """Every relative link names a file that is there and a heading that it has."""
    path = ROOT / page
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", path.read_text(encoding="utf-8"))

    broken = [link for link in links if not leads_somewhere(path, *link)]

    assert broken == []


def leads_somewhere(path: Path, name: str, anchor: str) -> bool:
    target = path.parent / name if name else path
    if not target.exists() or not anchor:
        return target.exists()
    headings = re.findall(r"(?m)^#+ (.*)$", target.read_text(encoding="utf-8"))
    return anchor in {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}
