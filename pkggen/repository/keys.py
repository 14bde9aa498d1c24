"""The keys of a repository: found, weighed, and told to clients in one file."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pkggen.errors import ConfigurationError, Key, Problem
from pkggen.repository.stores import Store, write_changed
from pkggen.signing.keys import SigningKey, find_key
from pkggen.signing.strength import DAY, Strength, strength_of
from pkggen.signing.texts import public_keys
from pkggen.terminal.reporter import Reporter

PUBLIC = "archive-key.asc"
_SOON = 90  # days


def signing_keys(wanted: Sequence[str], where: Key, now: int, reporter: Reporter) -> tuple[SigningKey, ...]:
    """Return the keys that are named, all of which sign; warn of one that ends within 90 days.

    Raises ConfigurationError for one that is missing, can't sign, or is too weak for current clients; ToolError.
    """
    if not wanted:
        raise ConfigurationError(
            "no key is named: apt and dnf want signed indexes",
            where=where,
            remedy="name a key of the gpg keyring, with --key or in publish.keys; gpg --quick-generate-key makes one",
        )
    keys = tuple(dict.fromkeys(find_key(name, where) for name in wanted))
    found = [(key, strength_of(key)) for key in keys]
    ConfigurationError.raise_all(
        Problem(f"the key {key.fingerprint} {fault}", where, "sign with another key, such as one of Ed25519")
        for key, strength in found
        for fault in strength.faults
    )
    for key, strength in found:
        _tell_of_end(key, strength, now, reporter)
    return keys


def _tell_of_end(key: SigningKey, strength: Strength, now: int, reporter: Reporter) -> None:
    if strength.end is not None and strength.end - now < _SOON * DAY:
        date = time.strftime("%Y-%m-%d", time.gmtime(strength.end))
        days = max(0, (strength.end - now) // DAY)
        reporter.warn(
            f"the key {key.fingerprint} expires on {date}, in {days} days: clients refuse the repository then; "
            f"extend it with gpg --quick-set-expire, or sign with a second key from now on"
        )


def show_public(store: Store, keys: Sequence[SigningKey]) -> None:
    """Write the public keys where clients fetch them, unless these are there already."""
    write_changed(store, PUBLIC, public_keys(keys).encode())
