"""Whether a key is one that systems accept, and until when.

Debian 13 (sqv, from February 2026 on) and RHEL 9 refuse bindings by SHA-1, and RSA below 2048
bits; apt's own check says so for RSA and DSA as well (apt.conf(5), APT::Key::Assert-Pubkey-Algo).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pkggen.signing.keys import SigningKey, gpg

_RSA, _DSA, _ELGAMAL = {"1", "2", "3"}, "17", {"16", "20"}  # RFC 9580, 9.1
_WEAK_DIGESTS = {"1": "MD5", "2": "SHA-1", "3": "RIPEMD-160"}  # RFC 9580, 9.5
_LEAST_RSA = 2048
DAY = 86400


@dataclass(frozen=True, slots=True)
class Strength:
    """What speaks against a key, a sentence each, and when it or its signing subkey ends (seconds of the epoch)."""

    faults: tuple[str, ...]
    end: int | None


def strength_of(key: SigningKey) -> Strength:
    """Return what clients will hold against a key of the keyring; raise ToolError."""
    rows = [line.split(":") for line in gpg("--with-colons", "--check-sigs", "--", key.fingerprint).stdout.splitlines()]
    ends = [int(row[6]) for row in rows if _signs(row) and row[6]]
    return Strength(tuple(dict.fromkeys(_faults(rows))), min(ends) if ends else None)


def _signs(row: list[str]) -> bool:
    """Tell whether a row of gpg's listing (its doc/DETAILS) is of the primary key, or of a subkey in use that signs."""
    return row[0] == "pub" or (row[0] == "sub" and "s" in row[11] and row[1] not in ("r", "e"))


def _faults(rows: list[list[str]]) -> Iterator[str]:
    own = next((row[4] for row in rows if row[0] == "pub"), "")
    bound: list[str] = []  # the newest binding of what is being looked at, by digest
    for row in [*rows, ["end"]]:
        if row[0] in ("pub", "sub", "uid", "end"):
            if bound and bound[0] in _WEAK_DIGESTS:
                yield f"is bound by {_WEAK_DIGESTS[bound[0]]}, which Debian 13 and RHEL 9 refuse"
            bound = []
        if row[0] in ("pub", "sub") and _signs(row):
            yield from _weak(row)
        elif row[0] == "sig" and row[4] == own and row[1] in ("!", "") and not bound:
            bound = [row[15]]  # gpg shows the newest first


def _weak(row: list[str]) -> Iterator[str]:
    if row[3] in _RSA and int(row[2]) < _LEAST_RSA:
        yield f"is an RSA key of {row[2]} bits, and less than {_LEAST_RSA} are refused"
    if row[3] == _DSA or row[3] in _ELGAMAL:
        yield "is a DSA or ElGamal key, which current systems refuse"
