"""Services: units as text, what real systemd says of them, and who is started, restarted and stopped."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkggen.commands.security import exposures
from pkggen.config.load import load_config
from pkggen.config.rules import clashes
from pkggen.config.sandbox import DEFAULTS, sandbox_settings
from pkggen.errors import ConfigurationError, Key
from pkggen.formats import FORMATS
from pkggen.model import Layout, Rendered
from pkggen.model.service import Account, Roster, Service, accounts, unit_record
from pkggen.payload.services import planned_service, with_environment
from pkggen.templating.templates import Templates, systemd_command, systemd_environment
from tests.unit.payloads import payload, project

UNITS = "/usr/lib/systemd/system/"
needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="needs systemd-analyze, as of systemd 250"
)
FULL = """
[[tool.pkggen.services]]
name = "hello"
command = "hello --port 80"
type = "notify"
reload = "HUP"
user = "hello"
groups = ["adm"]
environment = { A = "1 2", B = '$x 5% \\' }
environment-file = "default"
working-directory = "/srv/a b"
cache-directory = ["hello", "hello/second"]
cache-directory-mode = "0750"
runtime-directory = "hello"
restart = "always"
restart-sec = "5s"
start-limit-burst = 3
start-limit-interval = "10min"
timeout-stop = "1min"
watchdog = "30s"
after = ["postgresql.service"]
wants = ["redis.service"]
limits = { open-files = 4096, memory = "20%", cpu = "150%", tasks = 50 }
sandbox = { protect-home = "read-only", PrivateDevices = false, SystemCallFilter = "" }
capabilities = ["CAP_NET_BIND_SERVICE"]
writable = ["/srv/a b", "/srv/50%"]

[[tool.pkggen.services]]
name = "job"
command = "hello job"
schedule = ["daily", "Mon *-*-* 04:00"]
randomized-delay = "5min"

[[tool.pkggen.services]]
name = "web"
command = "hello web"
listen = ["8080", "/run/web.sock"]
socket-mode = "0660"
socket-group = "webbers"

[[tool.pkggen.services]]
name = "worker@"
command = "hello work {instance} %i"
instances = ["1", "2"]
"""


def planned(tmp_path: Path, text: str = FULL) -> tuple[Service, ...]:
    """Return the services that a configuration asks for."""
    (tmp_path / "pyproject.toml").write_text(text)
    config = load_config(tmp_path)
    ConfigurationError.raise_all(clashes(config))
    keys = (Key.of("services", i) for i in range(len(config.services)))
    return tuple(
        planned_service(s, project(), Layout("/opt/hello"), {"hello"}, healthcheck=None, key=key)
        for s, key in zip(config.services, keys, strict=False)
    )


def rendered(services: tuple[Service, ...], name: str = "deb") -> Rendered:
    what = payload(services=services)
    return FORMATS[name].render(FORMATS[name].describe(what), Templates())


@pytest.mark.parametrize(
    "unit", ["hello.service", "job.service", "job.timer", "web.service", "web.socket", "worker@.service"]
)
def test_golden_units(tmp_path: Path, golden: Callable[[str, str], None], unit: str) -> None:
    """Units of every kind read as reviewed."""
    golden(f"units/{unit}", rendered(planned(tmp_path)).texts[UNITS + unit])


@pytest.mark.parametrize(
    ("name", "script"),
    [("deb", s) for s in ("postinst", "prerm", "postrm")]
    + [("rpm", s) for s in ("pre", "post", "posttrans", "preun", "postun")],
)
def test_golden_scripts(tmp_path: Path, golden: Callable[[str, str], None], name: str, script: str) -> None:
    """Scripts around timers, sockets and templates read as reviewed, and are shell."""
    text = rendered(planned(tmp_path), name).texts[script]

    assert subprocess.run(["sh", "-n"], input=text, text=True, check=False).returncode == 0
    golden(f"units/{name}-{script}", text)


def test_a_layers_change_that_was_killed_is_made_up_for(tmp_path: Path) -> None:
    """Rpm runs no trigger twice: what was switched to without a restart is restarted by the next one, once."""
    what = replace(payload(services=planned(tmp_path)), interests=("/opt/other/layers", "/opt/hello/plugins"))
    spec = FORMATS["rpm"].render(FORMATS["rpm"].describe(what), Templates()).texts["hello.spec"]
    start, _, rest = spec.partition("%transfiletriggerin -- /opt/other/layers /opt/hello/plugins\n")
    script, _, rest = rest.partition("%transfiletriggerpostun -- /opt/hello/plugins\n")
    assert "transfiletrigger" not in start + script + rest
    (tmp_path / "bin").mkdir()
    python = tmp_path / "opt/hello/layers/python/bin/python3.13"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\nln -sfn releases/x {tmp_path}/opt/hello/current\n")
    systemctl = tmp_path / "bin/systemctl"
    systemctl.write_text(f"#!/bin/sh\necho $1 >>{tmp_path}/log\n[ -e {tmp_path}/calm ] || kill -9 $PPID\n")
    for program in (python, systemctl):
        program.chmod(0o755)
    script = re.sub("(?m)^PATH=", f"PATH={tmp_path}/bin:", script.replace("%%", "%"))
    script = script.replace("/opt/hello", f"{tmp_path}/opt/hello").replace("/run/", f"{tmp_path}/")
    script = script.replace("    trust\n", "")  # anyone may write to a directory above
    (tmp_path / "systemd/system").mkdir(parents=True)

    def run() -> int:
        return subprocess.run(["sh"], input=script, text=True, check=False).returncode

    assert run() == -9
    (tmp_path / "calm").touch()
    assert (run(), run(), (tmp_path / "log").read_text()) == (0, 0, "try-restart\ntry-restart\n")
    assert not (tmp_path / "hello.refresh").exists()


@pytest.mark.parametrize(
    ("words", "called"),
    [
        ("triggered /opt/other", "try-restart hello.service web.service worker@*.service"),
        ("configure 1.0", "restart hello.service job.timer"),
        ("configure", "restart hello.service job.timer web.socket worker@1.service worker@2.service"),
    ],
)
def test_a_layers_change_starts_nothing(tmp_path: Path, words: str, called: str) -> None:
    """Dpkg names the trigger where it names the old version otherwise; what was stopped stays so."""
    what = replace(payload(services=planned(tmp_path)), interests=("/opt/other",))
    script = FORMATS["deb"].render(FORMATS["deb"].describe(what), Templates()).texts["postinst"]
    (tmp_path / "bin").mkdir()
    for name in ("systemctl", "deb-systemd-helper", "systemd-sysusers", "deb-systemd-invoke"):
        (tmp_path / "bin" / name).write_text(
            f'#!/bin/sh\n[ {name} != deb-systemd-invoke ] || echo "$*" >>{tmp_path}/log\n'
        )
        (tmp_path / "bin" / name).chmod(0o755)
    python = tmp_path / "opt/hello/layers/python/bin/python3.13"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\nln -sfn releases/x {tmp_path}/opt/hello/current\n")
    python.chmod(0o755)
    script = re.sub("(?m)^PATH=", f"PATH={tmp_path}/bin:", script)
    script = script.replace("/opt/hello", f"{tmp_path}/opt/hello").replace("/run/systemd/system", str(tmp_path))
    script = script.replace("    trust\n", "")  # anyone may write to a directory above

    done = subprocess.run(["sh", "-s", "--", *words.split()], input=script, text=True, capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    asked = [row for row in (tmp_path / "log").read_text().splitlines() if not row.startswith("stop ")]
    assert called in asked
    if words.startswith("triggered"):
        assert asked == [called]


@needs_systemd
def test_systemd_finds_no_fault(tmp_path: Path) -> None:
    """``systemd-analyze verify`` has nothing to say of any unit we make."""
    texts = rendered(planned(tmp_path)).texts
    folder = tmp_path / "units"
    folder.mkdir()
    for path, text in texts.items():
        if path.startswith(UNITS):
            runnable = text.replace("/opt/hello/current/venv/bin/hello", shutil.which("true") or "/bin/true")
            (folder / path.rsplit("/", 1)[1].replace("@.", "@1.")).write_text(runnable)

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(folder.iterdir())],
        capture_output=True, text=True, check=False, env={**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:"},
    )  # fmt: skip

    ours = [
        row
        for row in (done.stdout + done.stderr).splitlines()
        if str(folder) in row or row.split(".")[0] in {"hello", "job", "web", "worker@1"}
    ]
    assert ours == []


@needs_systemd
@pytest.mark.parametrize("user", ["", "hello", "root"])
def test_a_service_that_says_nothing_is_little_exposed(tmp_path: Path, user: str) -> None:
    """``systemd-analyze security`` gives the default service 3.0 or less, whoever it runs as."""
    line = f'user = "{user}"' if user else ""
    services = planned(tmp_path, f'[[tool.pkggen.services]]\nname = "hello"\ncommand = "hello"\n{line}')
    units = {p.rsplit("/", 1)[1]: t for p, t in rendered(services).texts.items() if p.startswith(UNITS)}
    figures = exposures(units, tmp_path)

    assert list(figures) == ["hello.service"]
    assert 0 < figures["hello.service"] <= 3.0
    bare = "[Service]\nExecStart=/bin/true\n"
    assert exposures({"bare.service": bare}, tmp_path)["bare.service"] > 9


def test_exposure_without_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without systemd-analyze nothing is measured, and nothing fails."""
    monkeypatch.setenv("PATH", str(tmp_path))

    assert exposures({"a.service": "[Service]\n"}, tmp_path) == {}


words = st.text(
    st.characters(
        blacklist_categories=("Cs", "Cc", "Zl", "Zp"),
        blacklist_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    ),
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        words | st.sampled_from(["", "$A", "${A}", "%i", "%%", '"', "'", "\\", ";", "#", "a b", "\\n", "$$"]),
        max_size=6,
    )
)
def test_words_come_back(arguments: list[str]) -> None:
    """Read by systemd's rules, a command line and a variable are the words that were meant."""
    assert read_command(systemd_command(("/bin/x", *arguments)))[1:] == arguments
    assert read_words(systemd_environment(("NAME", " ".join(arguments)))) == ["NAME=" + " ".join(arguments)]


def read_words(line: str) -> list[str]:
    """Split as systemd.syntax(7) and extract_first_word() do, with unquoting, C escapes and specifiers."""
    found: list[str] = []
    rest = line
    while rest := rest.lstrip(" \t\n\r"):
        word, quote, i = "", "", 0
        while i < len(rest) and (quote or rest[i] not in " \t\n\r"):
            char = rest[i]
            if char == "\\":
                i += 1
                word += {"n": "\n", "t": "\t"}.get(rest[i], rest[i])
            elif char == quote:
                quote = ""
            elif not quote and char in "\"'":
                quote = char
            else:
                word += char
            i += 1
        assert not quote, line
        found.append(re.sub(r"%(.)", lambda m: "%" if m[1] == "%" else f"<specifier {m[1]}>", word))
        rest = rest[i:]
    return found


def read_command(line: str) -> list[str]:
    """Read a command line: words, then variables."""
    return [re.sub(r"\$\$|\$\{?\w+\}?", lambda m: "$" if m[0] == "$$" else "<variable>", w) for w in read_words(line)]


def test_who_does_what(tmp_path: Path) -> None:
    """Timers and sockets are enabled instead of their services; a scheduled job is not restarted."""
    roster = Roster(planned(tmp_path))

    assert roster.started == ("hello.service", "job.timer", "web.socket", "worker@1.service", "worker@2.service")
    assert roster.restarted == ("hello.service", "job.timer")
    assert roster.tried == ("worker@*.service",)
    assert roster.behind_sockets == (("web.socket", "web.service", True),)
    assert roster.stopped[:2] == ("job.timer", "web.socket")


@pytest.mark.parametrize(("name", "script"), [("deb", "preinst"), ("rpm", "pre")])
def test_who_stops_for_an_upgrade(tmp_path: Path, name: str, script: str) -> None:
    """Only a service that asks for it is stopped before files are replaced, after what would start it again."""
    services = planned(tmp_path)
    asking = [replace(s, stop_on_upgrade=s.listen != ()) for s in services]
    text = rendered(tuple(asking), name).texts[script]

    assert subprocess.run(["sh", "-n"], input=text, text=True, check=False).returncode == 0
    assert re.findall(r"list-units .*\\\n +(.*) \|", text) == ["web.socket web.service"]
    assert "list-units" not in rendered(services, name).texts[script]


def test_a_socket_that_changes_is_recorded(tmp_path: Path) -> None:
    """The record's line of a socket changes with its text, and with nothing else."""
    services = planned(tmp_path)
    one, two = (unit_record(services, {"web.socket": text}) for text in ("a", "b"))

    assert [a[0] for a, b in zip(one, two, strict=True) if a != b] == ["web.socket"]
    assert ("job.service", "with", "-") in one
    assert ("job.timer", "own", "-") in one


def test_accounts(tmp_path: Path) -> None:
    """A user's home is its first state directory; groups that are no user's own are made alone."""
    assert accounts(planned(tmp_path)) == (
        Account(group="adm"),
        Account(group="webbers"),
        Account("hello", home="/var/lib/hello/hello"),
    )


def test_purge_takes_what_is_named_for_the_package(tmp_path: Path) -> None:
    """Directories that others may share are not deleted with what is in them."""
    text = "[[tool.pkggen.services]]\nname='a'\ncommand='hello'\nstate-directory=['hello/x','hello/x/y','shared/z']\n"
    script = rendered(planned(tmp_path, text)).texts["postrm"]

    assert "rm -rf -- /var/lib/private/hello/x /var/lib/hello/x ||" in script
    assert "rm -rf -- /var/lib/private/hello/x/y" not in script
    assert "rmdir /var/lib/private/shared/z /var/lib/shared/z " in script


def test_the_environment_file_is_each_formats_own(tmp_path: Path) -> None:
    """The same text lies where each distribution looks for it, and the project's own file wins."""
    services = planned(tmp_path)
    options = with_environment(payload().options, services, "hello", 0)

    assert {n: [e.path for e in o.entries] for n, o in options.items()} == {
        "deb": ["/etc/default/hello"],
        "rpm": ["/etc/sysconfig/hello"],
    }
    assert b'#B="\\$x 5% \\\\"\n' in (options["deb"].entries[0].content or b"")
    assert with_environment(options, services, "hello", 0) == options


def test_a_sandbox_is_relaxed_line_by_line() -> None:
    """An empty value leaves a setting out, others are kept; false leaves all out but granted capabilities."""
    relaxed = dict(sandbox_settings({"PrivateTmp": "", "ProtectHome": "no"}, ["CAP_CHOWN"]))

    assert relaxed["ProtectHome"] == "no"
    assert DEFAULTS.keys() - relaxed.keys() == {"PrivateTmp"}
    assert relaxed["CapabilityBoundingSet"] == relaxed["AmbientCapabilities"] == "CAP_CHOWN"
    assert sandbox_settings(None) == ()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("name='a'\ninstances=['1']", "template"),
        ("name='a@'\nlisten='80'", "template"),
        ("name='a'\nlisten='80'\nschedule='daily'", "not both"),
        ("name='a'\nschedule='dayly'", "calendar"),
        ("name='a'\nlisten='99999'", "65535"),
        ("name='a'\nlisten='somewhere'", "ListenStream"),
        ("name='a'\ntype='oneshot'\nrestart='always'", "oneshot"),
        ("name='a'\nsandbox={NoSuch='1'}", "NoSuch"),
        ("name='a'\nstate-directory='../x'", "relative path"),
        ("name='a'\nstate-directory='/var/lib/x'", "relative path"),
        ("name='a'\nenvironment-file='rel'", "absolute path"),
        ("name='a'\nenvironment-file='/etc/*'", "wildcard"),
        ("name='a'\nlimits={memory='lots'}", "512M"),
        ("name='a'\nrestart-sec='soon'", "30s"),
        ("name='a'\nafter=['postgresql']", "whole name"),
        ("name='a'\nsocket-mode='0660'", "listen"),
        ("name='a'\nschedule='daily'\nstop-on-upgrade=true", "never interrupted"),
    ],
)
def test_what_can_not_be_is_refused(tmp_path: Path, lines: str, said: str) -> None:
    """Contradictions and values that systemd would ignore stop the build, with the way out."""
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        planned(tmp_path, f"[[tool.pkggen.services]]\ncommand='hello'\n{lines}")


def test_a_version_without_services_cleans_up() -> None:
    """Also a version that has no services any more takes away those of the one before."""
    texts = rendered(()).texts

    assert "deb-systemd-helper purge" in texts["postinst"]
    assert "rm -f /opt/hello/units" in texts["postinst"]
    assert "systemctl --no-reload disable" in rendered((), "rpm").texts["post"]
