"""Signatures of texts by one key or several, as apt and dnf read them: clear-signed, and detached in armour."""

from __future__ import annotations

from collections.abc import Sequence

from pkggen.signing.keys import LASTING, SigningKey, gpg

_DIGEST = ("--digest-algo", "SHA512")


def clear_signed(text: str, keys: Sequence[SigningKey]) -> str:
    """Return ``text`` with its signatures around it; raise ToolError with gpg's words when the agent refuses."""
    return gpg(*_by(keys), "--clear-sign", stdin=text).stdout


def detached(text: str, keys: Sequence[SigningKey]) -> str:
    """Return the signatures of ``text`` alone; ToolError as :func:`clear_signed`."""
    return gpg(*_by(keys), "--armor", "--detach-sign", stdin=text).stdout


def public_keys(keys: Sequence[SigningKey]) -> str:
    """Return the public keys in ASCII armour, for those who verify."""
    return gpg("--armor", "--export-options", "export-minimal", "--export", *(k.fingerprint for k in keys)).stdout


def _by(keys: Sequence[SigningKey]) -> list[str]:
    return [*_DIGEST, *LASTING, *(word for key in keys for word in ("--local-user", key.fingerprint))]
