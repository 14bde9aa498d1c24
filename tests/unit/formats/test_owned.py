"""What a script leaves alone: what another package's list has, or the package database says of another one."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pkggen.formats import FORMATS
from pkggen.templating.templates import Templates
from tests.unit.payloads import payload, service

LISTS = "/usr/share/pkggen/owned"
SCRIPT = {"deb": "postrm", "rpm": "preun"}
DATABASE = {
    "deb": '#!/bin/sh\n[ "$2" != /usr/lib/systemd/system/taken.service ] || echo "hello, official:amd64: $2"\n'
    '[ "$2" != /usr/lib/systemd/system/moved.service ] || echo "diversion by official from: $2"\n'
    '[ "$2" != /usr/lib/systemd/system/kept.service ] || echo "hello: $2"\n',
    "rpm": '#!/bin/sh\n[ "$5" != /usr/lib/systemd/system/taken.service ] || printf "owner hello\\nowner official\\n"\n'
    '[ "$5" != /usr/lib/systemd/system/kept.service ] || echo "owner hello"\n'
    'case "$5" in */taken.service|*/kept.service) ;; *) echo "file $5 is not owned by any package"; exit 1 ;; esac\n',
}

Theirs = Callable[[str, str], bool]


@pytest.fixture(params=sorted(FORMATS))
def theirs(request: pytest.FixtureRequest, tmp_path: Path) -> Theirs:
    """Return what a script of the package ``hello`` asks, beside the lists of itself and of ``other``."""
    kind = FORMATS[request.param]
    texts = kind.render(kind.describe(payload(services=(service(),))), Templates()).texts
    function = "theirs() {" + texts[SCRIPT[request.param]].split("theirs() {", 1)[1].split("\n}\n", 1)[0] + "\n}\n"
    (tmp_path / "hello").write_text(texts[f"{LISTS}/hello"])
    (tmp_path / "other").write_text(
        "prefix /opt/shared\nunit web.service\nunit worker@.service\ndirectory /var/lib/data\n"
        "directory /var/lib/hello/web\nfile /var/log/shared.log\n"
    )
    program = tmp_path / "bin" / {"deb": "dpkg-query", "rpm": "rpm"}[request.param]
    program.parent.mkdir()
    program.write_text(DATABASE[request.param])
    program.chmod(0o755)
    text = f"set -eu\nPATH={program.parent}:$PATH\n" + function.replace(LISTS, str(tmp_path))

    def asked(what: str, name: str) -> bool:
        ends = f'{text}if theirs "$1" "$2"; then echo theirs; else echo ours; fi'
        done = subprocess.run(["sh", "-c", ends, "sh", what, name], capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout == "theirs\n"

    return asked


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("prefix", "/opt/shared"),
        ("unit", "web.service"),
        ("unit", "worker@.service"),
        ("unit", "worker@7.service"),
        ("unit", "worker@*.service"),
        ("unit", "taken.service"),
        ("directory", "/var/lib/data"),
        ("directory", "/var/lib/data/inner"),
        ("directory", "/var/lib/hello"),
        ("file", "/var/log/shared.log"),
    ],
)
def test_what_another_package_has_is_theirs(theirs: Theirs, what: str, name: str) -> None:
    """As it is in a list or the database; an instance with its template, a directory with all around and in it."""
    assert theirs(what, name)


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("prefix", "/opt/hello"),
        ("prefix", "/opt/share"),
        ("unit", "hello.service"),
        ("unit", "kept.service"),
        ("unit", "moved.service"),
        ("unit", "gone.service"),
        ("directory", "/var/lib/hell"),
        ("directory", "/var/lib/database"),
        ("directory", "/opt/shared"),
        ("file", "/var/lib/data"),
    ],
)
def test_what_no_other_package_has_is_not(theirs: Theirs, what: str, name: str) -> None:
    """Its own, nobody's, one of a similar name, or a diverted one."""
    assert not theirs(what, name)
