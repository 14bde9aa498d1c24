"""An application with a health check and every hook, whose new version can be told to fail on the target."""

from __future__ import annotations

import json

from tests.e2e.fault_application import NEW, OLD, Tiny, TinyPackages
from tests.targets import Machine

PORT = 8765
MODE = "/run/pulse-mode"
"""What is in it decides how version 2.0 goes wrong from its next start on: 500, crash, hang or migration."""
LOG = "/var/log/pulse-hooks"
VARIABLES = "HOOK APP PREFIX OLD_VERSION NEW_VERSION RELEASE FORMAT REASON"

SERVICE = f"""\
import json
import os
import sqlite3
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from pulse import VERSION

MODE = Path("{MODE}")


class Answer(BaseHTTPRequestHandler):
    mode = ""

    def do_GET(self):
        columns = [row[1] for row in sqlite3.connect(DATABASE).execute("pragma table_info(notes)")]
        self.send_response(500 if self.mode == "500" else 200)
        self.end_headers()
        self.wfile.write(json.dumps({{"version": VERSION, "pid": os.getpid(), "columns": columns}}).encode())

    def log_message(self, *words):
        pass


DATABASE = os.path.join(os.environ.get("STATE_DIRECTORY", "/nonexistent"), "notes.db")


def main():
    if VERSION == "{NEW}" and MODE.exists():
        Answer.mode = MODE.read_text().strip()
    if Answer.mode == "crash":
        sys.exit("crashed")
    if Answer.mode == "hang":
        time.sleep(3600)
    with sqlite3.connect(DATABASE) as database:
        database.execute("create table if not exists notes (text)")
    HTTPServer.allow_reuse_address = True
    HTTPServer(("127.0.0.1", {PORT}), Answer).serve_forever()
"""

SHELL_HOOK = f"""\
#!/bin/sh
touch {LOG} && chmod 0666 {LOG}
for name in {VARIABLES}; do
    eval "value=\\$PKGGEN_$name"
    printf '%s=%s ' "$name" "$value"
done >>{LOG}
printf 'current=%s user=%s\\n' "$(readlink /opt/pulse/current)" "$(id -un)" >>{LOG}
"""

MIGRATION = f"""\
import json, os, pathlib, pwd, sqlite3, sys, urllib.request
import pulse

with open("{LOG}", "a") as log:
    told = " ".join(f"{{n}}={{os.environ['PKGGEN_' + n]}}" for n in "{VARIABLES}".split())
    user = pwd.getpwuid(os.getuid()).pw_name
    address = "http://127.0.0.1:{PORT}/"
    try:
        serving = json.load(urllib.request.build_opener(urllib.request.ProxyHandler({{}})).open(address))["version"]
    except OSError:
        serving = "none"
    where = os.readlink("/opt/pulse/current")
    log.write(f"{{told}} current={{where}} user={{user}} serving={{serving}} code={{pulse.VERSION}}\\n")
if os.environ["PKGGEN_HOOK"] == "before-upgrade":
    mode = pathlib.Path("{MODE}")
    if mode.exists() and mode.read_text().strip() == "migration":
        sys.exit("the migration does not work")
    with sqlite3.connect("/var/lib/pulse/pulse/notes.db") as database:
        columns = [row[1] for row in database.execute("pragma table_info(notes)")]
        if pulse.VERSION == "{NEW}" and "stamp" not in columns:
            database.execute("alter table notes add column stamp")
"""

HOOKS = """
[tool.pkggen.scripts]
before-install = "hooks/note.sh"
after-install = "hooks/note.sh"
before-upgrade = { file = "hooks/migrate.py", user = "pulse" }
after-upgrade = "hooks/migrate.py"
before-remove = "hooks/note.sh"
after-remove = "hooks/note.sh"
"""
CHECK = f"""\
user = "pulse"
healthcheck = {{ http = "http://127.0.0.1:{PORT}/", timeout = 3, interval = 0.1 }}
"""
PULSE = Tiny(
    "pulse",
    (("service.py", SERVICE),),
    "service",
    service_keys=CHECK,
    tables=HOOKS,
    files=(("hooks/note.sh", SHELL_HOOK), ("hooks/migrate.py", MIGRATION)),
)

FETCH = f"""
import sys, urllib.error, urllib.request
try:
    got = urllib.request.build_opener(urllib.request.ProxyHandler({{}})).open("http://127.0.0.1:{PORT}/", timeout=5)
except urllib.error.HTTPError as error:
    got = error
print(got.read().decode())
"""


def packages(tiny_packages: TinyPackages, family: str) -> tuple[str, str]:
    """Return the old and the new version's package, as the target sees them."""
    return tiny_packages.add(PULSE, OLD)[family], tiny_packages.add(PULSE, NEW)[family]


def serving(machine: Machine) -> dict[str, object]:
    """Ask the service once, at once: its version, process and the database's columns."""
    python = "/opt/pulse/layers/python/bin/python3"
    got = machine.run([python, "-I", "-B", "-c", FETCH], timeout=30)
    assert got.returncode == 0, got.stderr + machine.journal("pulse")
    return dict(json.loads(got.stdout))


def set_mode(machine: Machine, mode: str) -> None:
    """Decide how version 2.0 fails; nothing makes it work."""
    machine.run(f"printf %s {mode} >{MODE}" if mode else f"rm -f {MODE}", check=True)
