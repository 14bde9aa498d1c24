"""Keys of the user's gpg keyring, and signatures by them. Passphrases are gpg-agent's affair, never ours.

gpg runs with the user's HOME, GNUPGHOME and terminal, so that it finds the agent that is running.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pkggen.config.values import SIGNING_KEY
from pkggen.errors import ConfigurationError, IntegrityError, Key, Problem, ToolError
from pkggen.run import Finished, find_tool, run

# the keyring, the agent's socket, and where a pinentry can ask
KEYRING_VARIABLES = (
    "HOME", "GNUPGHOME", "XDG_RUNTIME_DIR", "GPG_TTY", "TERM", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY",
    "DBUS_SESSION_BUS_ADDRESS", "PINENTRY_USER_DATA",
)  # fmt: skip
DIGEST = "SHA256"  # what every supported rpm and gpg reads; never the key's own choice of SHA-1
LASTING = ("--default-sig-expire", "0")  # a gpg.conf that ends signatures is about mail, not about packages
_STATES = {"e": "has expired", "r": "has been revoked", "i": "is not valid", "d": "is disabled"}
_LOOK = "gpg --list-secret-keys shows what there is; GNUPGHOME names another keyring"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that can sign: the fingerprint of its primary key, 40 (or 64) digits in upper case.

    ``state`` is a digest of it and its subkeys with what flaws and ends they have. gpg chooses the
    subkey that signs, so a signature made in another state may be of one that was revoked since.
    """

    fingerprint: str
    subkeys: tuple[str, ...]  # their fingerprints
    state: str


def find_key(wanted: str, where: Key) -> SigningKey:
    """Return the one secret key that ``wanted`` (fingerprint, key id of 16 digits, or mail address) names.

    Raises ToolError without gpg; ConfigurationError, which names ``where``, when there is no such
    key, or several, or when it can't sign any more.
    """
    find_tool("gpg", "install GnuPG (apt-get install gpg gpg-agent, dnf install gnupg2), or leave signing out")
    if not re.fullmatch(SIGNING_KEY, wanted):
        raise ConfigurationError(
            f"{wanted!r} is no key", where=where, remedy="name a fingerprint, a key id of 16 digits, or a mail address"
        )
    name = f"<{wanted}>" if "@" in wanted else wanted  # the brackets ask for exactly that address
    listed = gpg("--with-colons", "--list-secret-keys", "--", name, check=False)
    rows = [line.split(":") for line in listed.stdout.splitlines()]
    keys = list(_keys(rows))
    if not keys:
        raise ConfigurationError(f"the keyring holds no secret key {wanted}", where=where, remedy=_LOOK)
    usable = [key for key, flaw in keys if not flaw]
    if not usable:
        raise ConfigurationError(*(Problem(f"the key {k.fingerprint} {flaw}", where, _LOOK) for k, flaw in keys))
    if len(usable) > 1:
        named = ", ".join(key.fingerprint for key in usable)
        raise ConfigurationError(
            f"{wanted} names {len(usable)} keys: {named}", where=where, remedy="name one by its fingerprint"
        )
    return usable[0]


def _keys(rows: list[list[str]]) -> Iterator[tuple[SigningKey, str]]:
    """Yield each key and what keeps it from signing, of gpg's own listing (its doc/DETAILS)."""
    starts = [place for place, row in enumerate(rows) if row[0] == "sec"]
    for start, end in pairwise([*starts, len(rows)]):
        own = rows[start:end]
        flaw = _STATES.get(own[0][1], "")
        fingerprint, *subkeys = (row[9] for row in own if row[0] == "fpr")
        yield SigningKey(fingerprint, tuple(subkeys), _state(own)), flaw or ("" if "S" in own[0][11] else "can't sign")


def _state(rows: list[list[str]]) -> str:
    """Return a digest of a key's rows: flaw, making, end and use of it and its subkeys, and their fingerprints."""
    keys = [(r[0], _STATES.get(r[1], ""), *r[4:7], r[11]) for r in rows if r[0] in ("sec", "ssb")]
    prints = [r[9] for r in rows if r[0] == "fpr"]
    return hashlib.sha256(repr((keys, prints)).encode()).hexdigest()


def sign_detached(key: SigningKey, data: Path, signature: Path) -> None:
    """Write the binary signature of ``data`` to ``signature`` (new), and have gpg verify it.

    Raises ToolError with gpg's words when the agent refuses, IntegrityError when it does not verify.
    """
    gpg(
        "--no-armor", "--digest-algo", DIGEST, *LASTING, "--local-user", key.fingerprint,
        "--output", signature, "--detach-sign", "--", data,
    )  # fmt: skip
    done = gpg("--status-fd", "1", "--verify", "--", signature, data, check=False)
    valid = [line.split()[-1] for line in done.stdout.splitlines() if line.startswith("[GNUPG:] VALIDSIG ")]
    if done.status != 0 or valid != [key.fingerprint]:
        raise IntegrityError(f"gpg does not verify what it signed with {key.fingerprint}", where=data.name)


def export_key(key: SigningKey, issuer: str, path: Path) -> None:
    """Write the public key to ``path`` (new), in ASCII armour, with no subkey but the one that ``issuer`` names.

    rpm 4.18 imports no key that has a revoked subkey. Raises IntegrityError when ``issuer`` is not of the key.
    """
    named = [f for f in (key.fingerprint, *key.subkeys) if f.endswith(issuer)]
    if len(named) != 1:
        raise IntegrityError(f"it is signed by {issuer}, which is not of the key {key.fingerprint}")
    gpg("--armor", "--output", path, "--export", "--", f"{named[0]}!")


def gpg(*arguments: str | Path, check: bool = True, stdin: str | None = None) -> Finished:
    """Run gpg with the user's keyring; raise ToolError with what to do where it would not sign."""
    try:
        return run(["gpg", "--batch", "--no-tty", *arguments], inherit=KEYRING_VARIABLES, check=check, stdin=stdin)
    except ToolError as error:
        raise refused(error) from error


def refused(error: ToolError) -> ToolError:
    """Return ``error`` with what to do where gpg, or rpmsign through it, would not sign."""
    remedy = "try gpg --detach-sign with the key by hand: the agent may need its passphrase, or a terminal (GPG_TTY)"
    return ToolError(*(Problem(p.what, p.where, p.remedy or remedy) for p in error.problems))
