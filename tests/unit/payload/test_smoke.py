"""Which loose modules are imported to prove a release."""

from __future__ import annotations

from pathlib import Path

import pytest

from pkggen.payload.smoke import is_script
from tests.unit.parts import SITE, distribution


@pytest.mark.parametrize(
    ("source", "script"),
    [
        ('"""Doc."""\nimport sys\nX = sys.argv\ndef main():\n    print(X)\n', False),
        ("def main(): ...\nif __name__ == '__main__':\n    main()\n", False),
        ("try:\n    import tomllib\nexcept ImportError:\n    tomllib = None\n", False),
        ("import sys\nif len(sys.argv) < 2:\n    sys.exit('usage')\n", True),
        ("print('up')\n", True),
        ("with suppress(ImportError):\n    import x\nfor n in ():\n    X = n\ndel n\n", False),
        ("while True:\n    pass\n", True),
        ("raise SystemExit(1)\n", True),
        ("try:\n    run()\nfinally:\n    pass\n", True),
        ("match x:\n case\n", False),
    ],
)
def test_what_acts_when_imported(tmp_path: Path, source: str, script: bool) -> None:
    """Definitions and guarded calls don't act; what calls, loops or ends the process does."""
    app = distribution(tmp_path, "tool", {f"{SITE}/tool.py": source})

    assert is_script(app, "tool") == script


def test_a_package_is_imported(tmp_path: Path) -> None:
    """Its __init__ is made to be imported, whatever it does."""
    app = distribution(tmp_path, "tool", {f"{SITE}/tool/__init__.py": "setup()\n"})

    assert not is_script(app, "tool")
