"""An application that is all services, in two versions that differ in which there are."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from tests.e2e.applications import QUICK
from tests.e2e.packages import build, interpreter_options

OLD, NEW = "1.0", "2.0"
NASTY = (
    "plain",
    "",
    "two words",
    " edges ",
    "it's",
    'say "hi"',
    "back\\slash",
    "ends in \\",
    "$HOME ${HOME} $$",
    "100% %n %i %%",
    "a;b",
    ";;",
    "#no comment",
    "ünïcödé 猫 😀",
    "{curly} [square] (round) *?~!&|<>^`",
    "\\x41 \\n \\t",
    "@first",
    "-dash",
    "=a=b",
    "{instance}",
)
"""Words that each of systemd's own syntaxes would change, were they not quoted."""
PROJECT = """\
[build-system]
requires = ["setuptools>=69"]
build-backend = "setuptools.build_meta"

[project]
name = "svc"
version = "{version}"
description = "Services of all kinds"
requires-python = ">=3.9"

[project.scripts]
svc = "svc.run:main"

[tool.setuptools.packages.find]
where = ["src"]

[tool.pkggen]
maintainer = "Nobody <nobody@example.org>"
"""
PROGRAM = """\
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

VERSION = "{version}"


def main():
    role, *words = sys.argv[1:]
    state = Path(os.environ["STATE_DIRECTORY"])
    seen = {"argv": words, "environment": dict(os.environ), "uid": os.getuid()}
    try:
        Path("/usr/share/written").touch()
    except OSError as error:
        seen["refused"] = error.errno
    (state / f"{role}.json").write_text(json.dumps(seen))
    with open(state / f"{role}.starts", "a") as log:
        print(VERSION, file=log)
    if role == "socket":
        serve(socket.socket(fileno=3))
    if role == "notify":
        signal.signal(signal.SIGHUP, lambda *_: (state / "reloaded").touch())
        time.sleep(0.5)
        (state / "ready").touch()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bus:
            bus.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"].replace("@", "\\0", 1))
    while role != "job":
        signal.pause()


def serve(listening):
    while True:
        connection, _ = listening.accept()
        connection.sendall(VERSION.encode())
        connection.close()
"""
PLAIN = "[[tool.pkggen.services]]\nname = {name}\ncommand = {command}\n"
COMMON = ("off", "masked")
PLAIN_SERVICES = {OLD: ("gone", "former"), NEW: ("latter", "added")}
SERVICES = """
[[tool.pkggen.services]]
name = "svc-notify"
command = {nasty}
type = "notify"
reload = "HUP"
environment-file = "default"
environment = {{ {environment} }}
cache-directory = "svc/notify"
logs-directory = "svc"
limits = {{ open-files = 1000, memory = "200M", cpu = "90%", tasks = 20 }}

[[tool.pkggen.services]]
name = "svc-job"
command = "svc job"
schedule = "*:*:0/2"

[[tool.pkggen.services]]
name = "svc-socket"
command = "svc socket"
listen = ["127.0.0.1:8765", "/run/svc.sock"]
socket-mode = "0660"
socket-group = "svcclients"

[[tool.pkggen.services]]
name = "svc-worker@"
command = "svc worker-{{instance}} %i"
user = "svcworker"
instances = ["1", "2"]
"""


def source(version: str, root: Path) -> Path:
    """Write the project of ``version`` to the new directory ``root`` and return it."""
    package = root / "src" / "svc"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "run.py").write_text(PROGRAM.replace("{version}", version))
    text = PROJECT.format(version=version)
    for name in (*COMMON, *PLAIN_SERVICES[version]):
        text += PLAIN.format(name=json.dumps(f"svc-{name}"), command=json.dumps(f"svc {name}"))
    quoted = shlex.join(["svc", "notify", *NASTY])
    environment = ", ".join(f"NASTY_{i} = {toml(word)}" for i, word in enumerate(NASTY))
    text += SERVICES.format(nasty=toml(quoted), environment=environment)
    (root / "pyproject.toml").write_text(text + QUICK.format(table="tool.pkggen."))
    return root


def toml(text: str) -> str:
    """Return ``text`` as a basic TOML string."""
    return json.dumps(text, ensure_ascii=False)


def packages(directory: Path) -> dict[str, dict[str, Path]]:
    """Build both versions below ``directory``; return them by version and format."""
    return {v: build(source(v, directory / v), directory / f"dist-{v}", *interpreter_options()) for v in (OLD, NEW)}
