"""Python's own variables in a service that runs isolated."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pkggen.config.service_tables import ServiceTable
from pkggen.errors import ConfigurationError, Key
from pkggen.model import Layout
from pkggen.payload.python_options import python_options
from pkggen.payload.services import planned_service
from tests.unit.payloads import project

KEY = Key.of("services", 0)


@pytest.mark.parametrize(
    ("environment", "options"),
    [
        ({"PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"}, ("-u", "-X", "faulthandler")),
        ({"PYTHONUNBUFFERED": "", "PYTHONPATH": "", "APP_MODE": "x", "PYTHON_ENV": "prod"}, ()),
        ({"PYTHONOPTIMIZE": "2"}, ("-OO",)),
        ({"PYTHONOPTIMIZE": "yes"}, ("-O",)),
        ({"PYTHONOPTIMIZE": "0"}, ()),
        ({"PYTHONWARNINGS": "error,ignore::DeprecationWarning"}, ("-W", "error", "-W", "ignore::DeprecationWarning")),
        ({"PYTHONUTF8": "1", "PYTHONDEVMODE": "1"}, ("-X", "dev", "-X", "utf8=1")),
        ({"PYTHONNOUSERSITE": "1", "PYTHONSAFEPATH": "1"}, ()),
    ],
)
def test_variables_become_options(environment: dict[str, str], options: tuple[str, ...]) -> None:
    """Each has the option that means the same, which Python accepts; empty ones and the application's own have none."""
    assert python_options(environment, KEY) == options
    assert subprocess.run([sys.executable, "-I", *options, "-c", ""], timeout=60, check=False).returncode == 0


def test_all_without_an_option_are_refused() -> None:
    """They are named with their keys and a way out, all at once."""
    with pytest.raises(ConfigurationError) as caught:
        python_options({"PYTHONPATH": "/srv", "PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1"}, KEY / "environment")

    assert [p.what.partition(" ")[0] for p in caught.value.problems] == ["PYTHONPATH", "PYTHONHASHSEED"]
    assert all("isolated = false" in p.remedy for p in caught.value.problems)


@pytest.mark.parametrize(
    ("command", "isolated", "started"),
    [
        ("serve --port 80", {"serve"}, "python -I -u {}/serve --port 80"),
        ("serve", set(), "serve"),
        ("python -m app", {"serve"}, "python -m app"),
        ("/usr/bin/env serve", {"serve"}, "/usr/bin/env serve"),
    ],
)
def test_the_service_is_started_with_them(command: str, isolated: set[str], started: str) -> None:
    """Only a command of the venv that Python runs isolated is started through Python; the variable stays for others."""
    table = ServiceTable(name="web", command=command, environment={"PYTHONUNBUFFERED": "1"})
    layout = Layout("/opt/hello")
    service = planned_service(table, project(), layout, {"serve"}, healthcheck=None, key=KEY, isolated=isolated)

    words = started.format(layout.bin)
    assert " ".join(service.command) == (words if words.startswith("/") else f"{layout.bin}/{words}")
    assert service.environment == (("PYTHONUNBUFFERED", "1"),)
