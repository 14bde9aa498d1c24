"""Settings that can't be had together."""

from __future__ import annotations

from pathlib import Path

import pytest

from pkggen.config.options import Options
from pkggen.errors import ConfigurationError
from pkggen.gather import effective_config

PACKAGED = '[venv]\nmode = "packaged"\n'


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (PACKAGED + "keep = 2", "venv.keep"),
        (PACKAGED + '[python]\nsource = "system"', "python.source"),
        (PACKAGED + '[[services]]\nname = "x"\ncommand = "x"\nhealthcheck = {}', "services[0].healthcheck"),
        ('[[services]]\nname = "x"\ncommand = "x"\nstop-on-upgrade = true', "services[0].stop-on-upgrade"),
        (PACKAGED + '[scripts]\nafter-install = "x.sh"', "scripts.after-install"),
        (PACKAGED + '[wheels]\nlayout = "archived"', "wheels.layout"),
        ('split = ["deps"]\n[wheels]\nlayout = "archived"', "wheels.layout"),
        ('[wheels]\nlayout = "archived"\n[python]\nsource = "system"', "wheels.layout"),
    ],
)
def test_settings_that_rule_each_other_out(tmp_path: Path, text: str, key: str) -> None:
    """What can't be had together is a configuration error that names the key and the way out."""
    (tmp_path / "pkggen.toml").write_text(text)

    with pytest.raises(ConfigurationError) as caught:
        effective_config(Options(tmp_path))
    assert [p.where for p in caught.value.problems] == [f"tool.pkggen.{key}"]
    assert caught.value.problems[0].remedy


def test_the_command_line_counts(tmp_path: Path) -> None:
    """--python can mend what the file says, and break it."""
    (tmp_path / "pkggen.toml").write_text(PACKAGED + '[python]\nsource = "system"')

    assert effective_config(Options(tmp_path, python="3.13")).venv.mode == "packaged"
    (tmp_path / "pkggen.toml").write_text(PACKAGED)
    with pytest.raises(ConfigurationError, match=r"python\.source"):
        effective_config(Options(tmp_path, python="system"))
