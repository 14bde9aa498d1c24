"""Hooks and health checks as the build reads them: mistakes are told with file and line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pkggen.config.tables import Config, ServiceTable
from pkggen.errors import ConfigurationError, Key
from pkggen.formats import FORMATS
from pkggen.model import Compiler, Hook, Layout, Payload
from pkggen.model.service import Healthcheck
from pkggen.payload.health import healthcheck_of
from pkggen.payload.hooks import read_hooks
from pkggen.payload.services import planned_service
from pkggen.templating.templates import Templates
from tests.unit.payloads import payload, project, service

HERE = Compiler(Path(sys.executable))
WEB = Key.of("services", 0)


def config(**scripts: object) -> Config:
    """Return a configuration with hooks; keys are spelled with underscores here."""
    return Config.model_validate({"scripts": {key.replace("_", "-"): value for key, value in scripts.items()}})


def told(root: Path, text: str | bytes, name: str, hook: str = "before-upgrade", **more: str) -> str:
    """Return what is said of a hook with that text."""
    (root / name).write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigurationError) as error:
        read_hooks(Config.model_validate({"scripts": {hook: {"file": name, **more}}}), root, HERE)
    return str(error.value)


def test_hooks_are_read_by_their_kind(tmp_path: Path) -> None:
    """A name's ending or the first line tells shell from Python; a table names a user."""
    (tmp_path / "a.sh").write_text("echo\n")
    (tmp_path / "b").write_text("#!/bin/sh\necho\n")
    (tmp_path / "c.py").write_text("match = 1\n")
    hooks = read_hooks(
        config(before_install="a.sh", after_remove="b", before_upgrade={"file": "c.py", "user": "shop"}), tmp_path, HERE
    )

    assert [(h.file, h.user) for h in hooks] == [
        ("lib/hooks/before-install.sh", ""),
        ("lib/hooks/before-upgrade.py", "shop"),
        ("lib/hooks/after-remove.sh", ""),
    ]


@pytest.mark.parametrize("compiler", [HERE, None])
def test_a_python_syntax_error_has_a_line(tmp_path: Path, compiler: Compiler | None) -> None:
    """Found by the interpreter that will run it, or by the one at hand."""
    (tmp_path / "x.py").write_text("import os\n\ndef f(:\n")
    with pytest.raises(ConfigurationError, match=r"x\.py:3: invalid syntax"):
        read_hooks(config(before_upgrade="x.py"), tmp_path, compiler)


def test_a_shell_syntax_error_has_a_line(tmp_path: Path) -> None:
    """As sh -n finds it."""
    assert "x.sh:3: " in told(tmp_path, "#!/bin/sh\n\nfi\n", "x.sh")


@pytest.mark.parametrize(
    ("text", "name", "hook", "more", "words"),
    [
        ("#!/usr/bin/perl\n", "x", "before-install", {}, "neither Python nor shell"),
        ("#!/bin/bash\n", "x.sh", "before-install", {}, "neither Python nor shell"),
        ("echo\r\n", "x.sh", "before-install", {}, "carriage returns"),
        ("pass\n", "x.py", "after-remove", {}, "the interpreter is gone by then"),
        ("cat <<E\n %files\nE\n", "x.sh", "after-remove", {}, "a line that starts with %"),
        ("# " + "x" * 70_000 + "\n", "x.sh", "after-remove", {}, "longer than 64 KiB"),
    ],
)
def test_what_can_be_no_hook_is_refused(
    tmp_path: Path, text: str, name: str, hook: str, more: Mapping[str, str], words: str
) -> None:
    """With the reason."""
    assert words in told(tmp_path, text, name, hook, **more)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    """Missing files and files outside."""
    (tmp_path / "project").mkdir()
    (tmp_path / "out.sh").write_text("echo\n")
    with pytest.raises(ConfigurationError) as error:
        read_hooks(config(before_install="gone.sh", after_install="../out.sh"), tmp_path / "project", HERE)

    assert [p.where for p in error.value.problems] == [
        Key.of("scripts", "before-install"),
        Key.of("scripts", "after-install"),
    ]


def test_a_list_of_scripts_still_means_commands() -> None:
    """``scripts = "Script"`` is what it was."""
    assert Config.model_validate({"scripts": "Script"}).scripts.commands == ("Script",)
    assert Config.model_validate({"scripts": ("a", "b")}).scripts.commands == ("a", "b")


def checked(**check: Any) -> ServiceTable:
    """Return a service with a check."""
    return ServiceTable.model_validate({"name": "web", "command": "serve", "healthcheck": check})


def test_a_check_without_a_kind_takes_systemds_word() -> None:
    """Then active has to last, for every process is at first."""
    assert healthcheck_of(checked(), (), WEB) == Healthcheck(stable=3)
    check = healthcheck_of(checked(http="http://127.0.0.1/x", status=204), (), WEB)
    assert check == Healthcheck("http://127.0.0.1/x", 204, stable=0)
    assert healthcheck_of(checked(command="probe --fast"), ["probe"], WEB) == Healthcheck(command=("probe", "--fast"))


def test_a_check_by_a_command_that_nobody_brings_is_refused() -> None:
    """With the service's key."""
    with pytest.raises(ConfigurationError, match="no wheel has a command") as error:
        healthcheck_of(checked(command="nobody-has-it"), ["probe"], WEB)
    assert error.value.problems[0].where == WEB / "healthcheck" / "command"


@pytest.mark.parametrize(("keys", "limit"), [({}, "7s"), ({"timeout-start": "2min"}, "2min"), ({"type": "exec"}, None)])
def test_a_notifying_service_is_not_waited_for_longer_than_its_check(keys: dict[str, str], limit: str | None) -> None:
    """The scripts wait for its word: what never says it would hold the upgrade for 90 seconds."""
    about = {"name": "web", "command": "serve", "type": "notify", "healthcheck": {"timeout": 7}, **keys}
    table = ServiceTable.model_validate(about)
    planned = planned_service(table, project(), Layout("/opt/hello"), {"serve"}, healthcheck=None, key=WEB)

    assert dict(planned.settings).get("TimeoutStartSec") == limit


@pytest.mark.parametrize("address", ["https://127.0.0.1/", "127.0.0.1:80", "http://", "http://u@h/", "http://h/a b"])
def test_only_plain_http_is_asked(address: str) -> None:
    """What can't be looked at without certificates or logins is a command's work."""
    with pytest.raises(ValueError, match="http"):
        checked(http=address)


NAMES = [f"{when}-{what}" for when in ("before", "after") for what in ("install", "upgrade", "remove")]


def rendered(format_name: str, what: Payload) -> Mapping[str, str]:
    """Return a package's texts."""
    found = FORMATS[format_name]
    return found.render(found.describe(what), Templates()).texts


@pytest.mark.parametrize("name", ["deb", "rpm"])
def test_scripts_with_hooks_are_shell(name: str) -> None:
    """Whatever quotes an after-remove holds; and scripts without hooks say nothing of them."""
    text = "echo 'it''s' \"$PKGGEN_REASON\" %post `date` \\\n  {{ x }} é\n"
    hooks = tuple(Hook(hook, text.encode(), "sh") for hook in NAMES)
    scripts = ("preinst", "postinst", "prerm", "postrm", "pre", "post", "preun", "postun", "posttrans", "verifyscript")
    watched = service(healthcheck=Healthcheck())
    for what in (payload(hooks=hooks), payload(hooks=hooks, services=()), payload(services=(watched,))):
        texts = {script: body for script, body in rendered(name, what).items() if script in scripts}
        for script, body in texts.items():
            done = subprocess.run(["/bin/sh", "-n"], input=body, text=True, capture_output=True, check=False)
            assert done.returncode == 0, (script, done.stderr)
        assert any("activate settle" in body for body in texts.values())
    assert not any("activate settle" in b or "PKGGEN_REASON" in b for b in rendered(name, payload()).values())


def test_after_remove_is_told_what_the_others_are(tmp_path: Path) -> None:
    """The script's own copy of the hook runs with the same variables, on remove and on purge."""
    hook = Hook(
        "after-remove",
        b"env | grep PKGGEN | sort >>TOLD\nexit 7\n".replace(b"TOLD", os.fsencode(tmp_path / "told")),
        "sh",
    )
    text = rendered("deb", payload(hooks=(hook,), services=()))["postrm"]
    text = text.replace("/opt/hello", f"{tmp_path}/hello")
    for reason in ("remove", "upgrade", "purge"):
        subprocess.run(["/bin/sh", "-s", reason], input=text, text=True, check=False, capture_output=True, env={})

    rows = (tmp_path / "told").read_text().splitlines()
    assert [row for row in rows if row.startswith("PKGGEN_REASON")] == ["PKGGEN_REASON=remove", "PKGGEN_REASON=purge"]
    assert len(rows) == 2 * 8
