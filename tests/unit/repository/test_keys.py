"""Keys: what clients would refuse is refused before anything is signed, and an end is told in time."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pkggen.errors import ConfigurationError, Key
from pkggen.repository.keys import signing_keys
from pkggen.signing.strength import DAY
from pkggen.terminal.reporter import Silent
from tests.unit.repository.shop import MAIL, keyring

HERE = Key.of("publish", "keys")


def make(home: Path, mail: str, kind: str, *options: str, expires: str = "never") -> None:
    words = ("--passphrase", "", *options, "--quick-generate-key", f"Somebody <{mail}>", kind, "sign", expires)
    environment = {**os.environ, "GNUPGHOME": str(home)}
    subprocess.run(["gpg", "-q", "--batch", *words], env=environment, check=True, capture_output=True)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Return a keyring with a good key, and one of each fault."""
    with keyring(MAIL) as home, pytest.MonkeyPatch.context() as patch:
        patch.setenv("GNUPGHOME", str(home))
        make(home, "soon@example.invalid", "ed25519", expires="30d")
        make(home, "short@example.invalid", "rsa1024")
        make(home, "dsa@example.invalid", "dsa2048")
        make(home, "sha1@example.invalid", "rsa2048", "--cert-digest-algo", "SHA1")
        yield home


def test_a_good_key_is_taken_in_silence(home: Path) -> None:
    """Once, however often it is named."""
    reporter = Silent()

    assert len(signing_keys([MAIL, MAIL], HERE, int(time.time()), reporter)) == 1
    assert reporter.warnings == []


@pytest.mark.parametrize(
    ("mail", "said"), [("short", "1024 bits"), ("dsa", "DSA"), ("sha1", "SHA-1"), ("nobody", "no secret key")]
)
def test_a_key_that_clients_refuse_is_refused(home: Path, mail: str, said: str) -> None:
    """Which Debian 13 and RHEL 9 would say to every host."""
    with pytest.raises(ConfigurationError, match=said):
        signing_keys([f"{mail}@example.invalid"], HERE, int(time.time()), Silent())


def test_no_key_is_told_with_the_way_out(home: Path) -> None:
    """Apt and dnf want signed indexes."""
    with pytest.raises(ConfigurationError, match="no key is named"):
        signing_keys([], HERE, 0, Silent())


@pytest.mark.parametrize(("days", "warned"), [(-61, False), (0, True)])
def test_an_end_within_90_days_is_told(home: Path, days: int, warned: bool) -> None:
    """At each publication, in time to have the next key reach all hosts."""
    reporter = Silent()
    signing_keys(["soon@example.invalid"], HERE, int(time.time()) + days * DAY, reporter)

    assert [("expires on" in text) for text in reporter.warnings] == [True] * warned
