"""The projects of docs/examples on real systems, used as their readers would use them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.debian_archive import download
from tests.e2e.example_packages import example, second_site
from tests.targets import Machine, Target, difference, snapshot

VISITOR = "/opt/guestbook/layers/python/bin/python3 -I -B /pkgs/visitor.py"
ENVIRONMENT_FILE = {"deb": "/etc/default/guestbook", "rpm": "/etc/sysconfig/guestbook"}
LOG = "/var/log/guestbook/worker.log"
# bash-completion is not there to load the file; this is what bash does with it when TAB is pressed.
TAB = """
compopt() { :; }
. /usr/share/bash-completion/completions/twins
complete -p twins
COMP_WORDS=(twins l) COMP_CWORD=1
_twins_completion twins l twins
echo "${COMPREPLY[*]}"
"""
# What a booted system changes by itself, and man-db's index.
BY_ITSELF = ("/run", "/tmp", "/var/tmp", "/var/log/journal", "/var/lib/systemd", "/var/log/wtmp", "/var/cache/man")
ACCOUNTS = {f"/etc/{name}{backup}" for name in ("passwd", "group", "shadow", "gshadow") for backup in ("", "-")}
# Directories of the system's own, which the converted root lacks and Fedora's packages bring.
SYSTEM = {f"/usr/share/{path}" for path in ("fish", "fish/vendor_completions.d")} | {
    "/usr/share/zsh/site-functions", "/etc/sysconfig",
}  # fmt: skip
LEFT = {
    "deb": set(),
    # rpm keeps configuration that was edited, and what services wrote, as docs/services.md says
    "rpm": {
        "+ /etc/sysconfig/guestbook.rpmsave",
        *(f"+ /var/lib/{path}" for path in (
            "guestbook", "guestbook/guestbook.sqlite3", "guestbook/secret", "tally", "tally/tally",
            "private/tally", "private/tally/tally", "private/tally/tally/tally.json",
        )),
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def packages_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory that targets see as /pkgs, with all packages as NAME.deb and NAME.rpm."""
    directory, sources = tmp_path_factory.mktemp("examples"), tmp_path_factory.mktemp("sources")
    built = {name: example(name, sources) for name in ("site", "daemon", "tool")} | {"site-2": second_site(sources)}
    for name, packages in built.items():
        for family, path in packages.items():
            path.rename(directory / f"{name}.{family}")
    shutil.copy(Path(__file__).with_name("visitor.py"), directory)
    return directory


def test_deb_examples(packages_directory: Path, debian_12: Target, tmp_path: Path) -> None:
    """On Debian, the tool, the daemon and the site do what their pages say, from installation to purge."""
    archives = download(debian_12, tmp_path, "logrotate", "man-db")
    with debian_12.boot(shares={"/pkgs": packages_directory, "/debian": archives}) as machine:
        machine.run("apt-get install -y /debian/*.deb", check=True, timeout=300)
        live(machine)


def test_rpm_examples(packages_directory: Path, rpm_target: Target, debian_12: Target, tmp_path: Path) -> None:
    """On an rpm system they do the same; logrotate there is Debian's program, without its package."""
    archives = download(debian_12, tmp_path, "logrotate")
    (package,) = archives.glob("logrotate_*.deb")
    subprocess.run(["dpkg-deb", "-x", package, tmp_path / "logrotate"], check=True)
    with rpm_target.boot(shares={"/pkgs": packages_directory, "/logrotate": tmp_path / "logrotate"}) as machine:
        live(machine)


def live(machine: Machine) -> None:
    """Install all three, use them, upgrade the site, remove them."""
    before = snapshot(machine)
    machine.packages.install(*(f"/pkgs/{name}.{machine.family}" for name in ("tool", "daemon", "site")))
    tool(machine)
    daemon(machine)
    site(machine)
    administrator(machine)
    worker(machine)
    timer(machine)
    upgrade(machine)
    machine.packages.remove("twins", "tally", "guestbook")
    machine.packages.purge("twins", "tally", "guestbook", check=False)
    assert left(machine, before) == LEFT[machine.family]


def tool(machine: Machine) -> None:
    """The command works, has a page that is found, and completes in bash."""
    machine.run("mkdir /srv/a; echo same >/srv/a/1; echo same >/srv/a/2; echo other >/srv/a/3", check=True)
    listed = machine.run("twins list --format json /srv/a", check=True)
    assert json.loads(listed.stdout) == [["/srv/a/1", "/srv/a/2"]]
    machine.run("twins link /srv/a", check=True)
    assert machine.run("stat -c %h /srv/a/2").stdout == "2\n"
    machine.run("rm -r /srv/a", check=True)
    page = "/usr/share/man/man1/twins.1.gz"
    machine.run(["gzip", "-t", page], check=True)
    if machine.family == "deb":
        assert machine.run("man -w twins", check=True).stdout.strip() == page
        assert "find files with the same content" in machine.run("man twins", check=True).stdout
    done = machine.run(["bash", "-c", TAB], check=True)
    assert "-F _twins_completion twins" in done.stdout
    assert done.stdout.splitlines()[-1] == "link list"
    zsh = {"deb": "vendor-completions", "rpm": "site-functions"}[machine.family]
    assert machine.run(f"head -n 1 /usr/share/zsh/{zsh}/_twins", check=True).stdout == "#compdef twins\n"
    assert "complete" in machine.run("cat /usr/share/fish/vendor_completions.d/twins.fish", check=True).stdout


def daemon(machine: Machine) -> None:
    """The first connection starts the daemon, which says when it is ready; systemd replaces it when it hangs."""
    assert machine.run("systemctl is-active tally.socket tally.service").stdout.split() == ["active", "inactive"]
    assert ask(machine, "say", "127.0.0.1:7878", "add rain", "nonsense") == ["1", "? add NAME, get NAME"]
    assert shown(machine, "tally", "ActiveState", "Type", "NRestarts") == ["active", "notify", "0"]
    assert shown(machine, "tally", "StatusText")[0].startswith("0 names"), "what it told systemd when it was ready"
    assert ask(machine, "say", "/run/tally.sock", "add rain", "add sun", "get rain") == ["2", "1", "2"]
    drop_in(machine, "tally.service", "[Service]\nWatchdogSec=1s\n")
    machine.run("systemctl restart tally && systemctl kill -s STOP tally", check=True)
    wait(lambda: shown(machine, "tally", "NRestarts", "ActiveState") == ["1", "active"], "a restart by the watchdog")
    assert shown(machine, "tally", "StatusText")[0].startswith("2 names")
    assert "Watchdog timeout" in machine.journal("tally")
    assert ask(machine, "say", "127.0.0.1:7878", "get rain") == ["2"]
    drop_in(machine, "tally.service", "")


def site(machine: Machine) -> None:
    """The page, its style sheet and an entry come over HTTP; the worker shows what it does not refuse."""
    (page, health) = ask(machine, "get", "/", "/health")
    assert (page["status"], "Nobody has signed yet." in page["body"]) == (200, True)
    assert json.loads(health["body"]) == {"version": "1.0.0", "entries": 0}
    (sheet,) = ask(machine, "get", re.findall('href="(/static/.+?[.]css)"', page["body"])[0])
    assert (sheet["status"], sheet["headers"]["Content-Type"]) == (200, 'text/css; charset="utf-8"')
    assert "immutable" in sheet["headers"]["Cache-Control"]
    assert "max-width: 40rem" in sheet["body"]
    sign(machine, "Ada", "What a lovely engine!")
    assert ask(machine, "sign", "Eve", "Come to my casino")["status"] == 302
    wait(lambda: "entry 2: refused for casino" in machine.run(["cat", LOG]).stdout, "the worker's refusal")
    assert "casino" not in ask(machine, "get", "/")[0]["body"]
    assert set(machine.run("ps -o user= -C gunicorn,guestbook", check=True).stdout.split()) == {"guestbook"}
    owners = machine.run("stat -c '%U %a' /var/lib/guestbook /var/lib/guestbook/guestbook.sqlite3").stdout
    assert owners.splitlines() == ["guestbook 750", "guestbook 640"]


def administrator(machine: Machine) -> None:
    """What an administrator writes into the environment file counts from the next start on."""
    lines = "GUESTBOOK_TITLE='Our guests'\\nGUESTBOOK_KEEP_DAYS=0\\n"
    machine.run(f'printf "{lines}" >>{ENVIRONMENT_FILE[machine.family]}', check=True)
    machine.run("systemctl restart guestbook", check=True)
    assert "<h1>Our guests</h1>" in ask(machine, "get", "/")[0]["body"]


def worker(machine: Machine) -> None:
    """A killed worker is started again; its log is rotated, and it goes on in the new file."""
    (former,) = shown(machine, "guestbook-worker", "MainPID")
    machine.run(["kill", "-9", former], check=True)
    wait(lambda: shown(machine, "guestbook-worker", "NRestarts", "ActiveState") == ["1", "active"], "a restart")
    assert shown(machine, "guestbook-worker", "MainPID") != [former]
    sign(machine, "Grace", "Found a moth.")
    rotate = {"deb": "logrotate", "rpm": "/logrotate/usr/sbin/logrotate"}[machine.family]
    machine.run(f"{rotate} -s /run/logrotate.status -f /etc/logrotate.d/guestbook", check=True)
    sign(machine, "Edsger", "Considered harmful.")
    assert "entry 3: shown" in machine.run(["cat", f"{LOG}.1"], check=True).stdout
    assert machine.run(["cat", LOG]).stdout.splitlines()[-1].endswith("entry 4: shown")
    assert machine.run(f"stat -c '%U %G %a' {LOG}").stdout == "guestbook guestbook 640\n"


def timer(machine: Machine) -> None:
    """The timer is set for its time; when that comes, the job runs with the administrator's settings."""
    assert machine.run("systemctl is-enabled guestbook-cleanup.timer").stdout == "enabled\n"
    assert "No entries" not in machine.journal("guestbook-cleanup")
    often = "[Timer]\nOnCalendar=\nOnCalendar=*:*:*\nRandomizedDelaySec=0\nAccuracySec=100ms\n"
    drop_in(machine, "guestbook-cleanup.timer", often)
    machine.run("systemctl restart guestbook-cleanup.timer", check=True)
    wait(lambda: "deleted 1 refused entries" in machine.journal("guestbook-cleanup"), "a run of the timer")
    drop_in(machine, "guestbook-cleanup.timer", "")
    machine.run("systemctl restart guestbook-cleanup.timer", check=True)
    assert json.loads(ask(machine, "get", "/health")[0]["body"])["entries"] == 3


def upgrade(machine: Machine) -> None:
    """The new version's migrations ran before the switch, as the site's user, while the old version served."""
    (before,) = shown(machine, "guestbook-worker", "MainPID")
    machine.packages.install(f"/pkgs/site-2.{machine.family}")
    (health, page) = ask(machine, "get", "/health", "/")
    assert json.loads(health["body"]) == {"version": "2.0.0", "entries": 4}
    user = machine.run("id -u guestbook").stdout.strip()
    assert f"1.0.0 served, its page gave 200, the migration ran as {user}" in page["body"]
    assert "What a lovely engine!" in page["body"]
    assert 'name="town"' in page["body"]
    assert "<h1>Our guests</h1>" in page["body"], "the administrator's file is kept"
    assert shown(machine, "guestbook-worker", "MainPID") != [before]
    sign(machine, "Barbara", "Nothing is substituted.")
    changed = machine.packages.verify("guestbook").output.splitlines()
    assert [line.split()[-1] for line in changed] == [ENVIRONMENT_FILE[machine.family]]


def left(machine: Machine, before: dict[str, Any]) -> set[str]:
    """Return what is there that was not, but for accounts and what a running system changes by itself."""
    lines = difference(before, snapshot(machine))
    return {line for line in lines if not line[2:].startswith(BY_ITSELF) and line[2:] not in ACCOUNTS | SYSTEM}


def sign(machine: Machine, name: str, text: str) -> None:
    """Sign the book as a visitor and wait until the worker shows it."""
    assert ask(machine, "sign", name, text)["status"] == 302
    wait(lambda: text in ask(machine, "get", "/")[0]["body"], f"{name}'s entry")


def ask(machine: Machine, *words: str) -> Any:
    """Return what the visitor is answered."""
    done = machine.run([*VISITOR.split(), *words], timeout=60)
    assert done.returncode == 0, done.stderr + machine.journal("guestbook") + machine.journal("tally")
    return json.loads(done.stdout)


def shown(machine: Machine, unit: str, *names: str) -> list[str]:
    """Return what systemd says of a unit."""
    properties = [word for name in names for word in ("-p", name)]
    rows = machine.run(["systemctl", "show", *properties, unit], check=True).stdout.splitlines()
    found = dict(row.partition("=")[::2] for row in rows)
    return [found[name] for name in names]


def drop_in(machine: Machine, unit: str, text: str) -> None:
    """Change a unit as "systemctl edit --runtime" would, or change it back."""
    path = f"/run/systemd/system/{unit}.d"
    machine.run(f"mkdir -p {path} && cat >{path}/test.conf" if text else f"rm -r {path}", stdin=text, check=True)
    machine.run("systemctl daemon-reload", check=True)


def wait(condition: Callable[[], bool], what: str) -> None:
    """Wait at most 20 s."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, f"no sign of {what}"
        time.sleep(0.1)
