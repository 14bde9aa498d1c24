"""Applications that other people wrote, packaged from a project that only names them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.e2e.packages import PORTABLE, build, interpreter_options
from tests.targets import Machine, Target

PROJECT = '[project]\nname = "{name}"\nversion = "1.0"\ndependencies = {dependencies}\n'
ASK = """
import sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
request = urllib.request.Request(sys.argv[1], method=sys.argv[2], data=sys.argv[3].encode() or None)
print(opener.open(request, timeout=10).read().decode())
"""


@pytest.fixture(scope="session")
def dagster(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return packages of dagster and its web server."""
    return bundle(tmp_path_factory.mktemp("dagster"), "dagster-server", ["dagster", "dagster-webserver"])


@pytest.fixture(scope="session")
def mooncake(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return packages of the mooncake transfer engine."""
    return bundle(tmp_path_factory.mktemp("mooncake"), "metadata-server", ["mooncake-transfer-engine"])


def bundle(directory: Path, name: str, dependencies: list[str]) -> dict[str, Path]:
    """Build the packages of a project that has no file of its own."""
    root = directory / name
    root.mkdir()
    (root / "pyproject.toml").write_text(PROJECT.format(name=name, dependencies=str(dependencies).replace("'", '"')))
    options = ["--python", str(PORTABLE[0])] if PORTABLE else interpreter_options()
    return build(root, directory / "dist", *options)


def test_dagster_deb(dagster: dict[str, Path], debian_12: Target) -> None:
    """dagster-webserver from a .deb shows its page on a machine without a network."""
    dagster_answers(dagster["deb"], debian_12)


def test_dagster_rpm(dagster: dict[str, Path], rpm_target: Target) -> None:
    """dagster-webserver from an .rpm shows its page on a machine without a network."""
    dagster_answers(dagster["rpm"], rpm_target)


def dagster_answers(package: Path, target: Target) -> None:
    """Install, start the web server and fetch its page."""
    with target.boot(shares={"/pkgs": package.parent}) as machine:
        machine.packages.install(f"/pkgs/{package.name}")
        machine.run("systemd-run --unit web dagster-webserver --empty-workspace --port 3000", check=True)
        page = ask(machine, "dagster-server", "http://127.0.0.1:3000/")
        assert "dagster" in page.lower()
        assert "<html" in page.lower()
        assert '"dagster_version"' in ask(machine, "dagster-server", "http://127.0.0.1:3000/server_info")


def test_mooncake_deb(mooncake: dict[str, Path], debian_12: Target) -> None:
    """Mooncake's metadata server from a .deb stores and returns a value."""
    mooncake_answers(mooncake["deb"], debian_12)


def test_mooncake_rpm(mooncake: dict[str, Path], rpm_target: Target) -> None:
    """Mooncake's metadata server from an .rpm stores and returns a value."""
    mooncake_answers(mooncake["rpm"], rpm_target)


def mooncake_answers(package: Path, target: Target) -> None:
    """Install, start the metadata server, put a value and get it back."""
    with target.boot(shares={"/pkgs": package.parent}) as machine:
        machine.packages.install(f"/pkgs/{package.name}")
        machine.run("systemd-run --unit web mooncake_http_metadata_server --host 127.0.0.1 --port 8080", check=True)
        address = "http://127.0.0.1:8080/metadata?key=greeting"
        ask(machine, "metadata-server", address, "PUT", "hello")
        assert "hello" in ask(machine, "metadata-server", address)


def ask(machine: Machine, app: str, url: str, method: str = "GET", data: str = "") -> str:
    """Return the answer to a request, made with the packaged interpreter for at most 60 s."""
    deadline = time.monotonic() + 60
    while True:
        python = f"/opt/{app}/current/venv/bin/python"
        got = machine.run([python, "-I", "-c", ASK, url, method, data], timeout=30)
        if got.returncode == 0:
            return got.stdout
        if time.monotonic() > deadline:
            pytest.fail(f"no answer from {url}:\n{got.stderr}\n{machine.journal('web')}")
        time.sleep(0.5)
