"""Who made an OpenPGP signature, as far as the signature itself says (RFC 9580, 5.2)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

_ARMOUR = b"-----BEGIN PGP SIGNATURE-----"
_SIGNATURE = 2  # packet type
_ISSUER, _ISSUER_FINGERPRINT = 16, 33  # types of subpackets


def issuer_of(signature: bytes) -> str:
    """Return the key that ``signature`` names: a fingerprint, or a key id of 16 digits, in upper case.

    The signature is not verified: anyone can write a name into it. Raises ValueError when it is
    none, or names nobody.
    """
    data = _dearmoured(signature) if _ARMOUR in signature else signature
    try:
        body = _packet(data)
        if body[0] == 3:  # one time field and the key id at fixed places
            return body[7:15].hex().upper()
        if body[0] != 4:
            raise ValueError(f"an OpenPGP signature of version {body[0]}")
        hashed = int.from_bytes(body[4:6], "big")
        unhashed = int.from_bytes(body[6 + hashed : 8 + hashed], "big")
        areas = body[6 : 6 + hashed], body[8 + hashed : 8 + hashed + unhashed]
        found = {kind: value for area in areas for kind, value in _subpackets(area)}
    except (IndexError, binascii.Error) as error:
        raise ValueError("no OpenPGP signature") from error
    if _ISSUER_FINGERPRINT in found:
        return found[_ISSUER_FINGERPRINT][1:].hex().upper()
    if _ISSUER in found:
        return found[_ISSUER].hex().upper()
    raise ValueError("an OpenPGP signature that names no key")


def _dearmoured(text: bytes) -> bytes:
    lines = text[text.index(_ARMOUR) :].splitlines()[1:]
    body = lines[lines.index(b"") + 1 :] if b"" in lines else lines
    return base64.b64decode(b"".join(line for line in body if not line.startswith((b"=", b"-"))))


def _packet(data: bytes) -> bytes:
    """Return the body of the first packet, which has to be a signature (4.2)."""
    first = data[0]
    if not first & 0x80:
        raise ValueError("no OpenPGP signature")
    if first & 0x40:
        kind, (start, size) = first & 0x3F, _length(data, 1)
    else:
        width = {0: 1, 1: 2, 2: 4}.get(first & 3, 0)
        kind, start = (first & 0x3C) >> 2, 1 + width
        size = int.from_bytes(data[1:start], "big") if width else len(data) - 1
    if kind != _SIGNATURE or start + size > len(data):
        raise ValueError("no OpenPGP signature")
    return data[start : start + size]


def _subpackets(area: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(area):
        position, size = _length(area, position)
        yield area[position] & 0x7F, area[position + 1 : position + size]
        position += size


def _length(data: bytes, position: int) -> tuple[int, int]:
    """Return where a field with a length of the new format (4.2.1) begins, and its size."""
    first = data[position]
    if first < 192:
        return position + 1, first
    if first < 255:
        return position + 2, ((first - 192) << 8) + data[position + 1] + 192
    return position + 5, int.from_bytes(data[position + 1 : position + 5], "big")
