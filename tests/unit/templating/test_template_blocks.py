"""Every template says what it becomes and which blocks it has: that is what projects extend."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[3] / "templates"


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.j2")), ids=lambda p: p.relative_to(TEMPLATES).as_posix())
def test_a_template_describes_its_blocks(path: Path) -> None:
    """The comment at the top has a line for what the file becomes, then "block: what it holds" for each block."""
    text = path.read_text(encoding="utf-8")
    comment = re.match(r"\{# (.+?) #\}\n", text, re.DOTALL)
    assert comment, "begin it with {# what it becomes, then a line `block: what it holds` for each block #}"

    described = [row.partition(": ")[0] for row in comment[1].splitlines()[1:]]
    assert described == re.findall(r"\{%-? *block (\w+)", text)
    assert described, "without a block a project can only replace it whole"
