"""Signing an rpm with ``rpmsign``, and asking ``rpmkeys`` what a machine that trusts the key will say."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from pkggen.archives.rpm import signature_end, signatures
from pkggen.errors import IntegrityError, ToolError
from pkggen.run import find_tool, run
from pkggen.signing.keys import DIGEST, KEYRING_VARIABLES, SigningKey, export_key, refused
from pkggen.signing.openpgp import issuer_of
from pkggen.templating.templates import builtin_text

_CHUNK = 1 << 20


def sign_rpm(path: Path, key: SigningKey, directory: Path) -> None:
    """Sign the header of ``path``; ``directory`` is ours alone, and neither path may have a blank.

    rpmsign gets a HOME without ``.rpmmacros``, gpg the user's own. What is signed has to stay as
    it was, byte for byte. Raises ToolError and IntegrityError.
    """
    before = _body_digest(path)
    gpg = directory / "gpg"
    gpg.write_text(builtin_text("rpm/gpg.sh"), encoding="utf-8")
    gpg.chmod(0o755)
    macros = {
        "__gpg": gpg,
        "_openpgp_sign": "gpg",  # rpm 6 knows others
        "_openpgp_sign_id": key.fingerprint,
        "_gpg_name": key.fingerprint,
        "_gpg_digest_algo": DIGEST.lower(),
    }
    defines = [word for name, value in macros.items() for word in ("--define", f"{name} {value}")]
    try:
        run(
            ["rpmsign", *defines, "--addsign", path.name],
            cwd=path.parent, inherit=KEYRING_VARIABLES, env=_environment(directory), timeout=3600,
        )  # fmt: skip
    except ToolError as error:
        raise refused(error) from error
    if _body_digest(path) != before:
        raise IntegrityError("rpmsign changed more than the signature", where=path.name)
    _check(path, key, directory)


def _environment(directory: Path) -> Mapping[str, str]:
    gpg = find_tool("gpg", "install GnuPG")
    return {"HOME": str(directory), "PKGGEN_HOME": os.environ.get("HOME", ""), "PKGGEN_GPG": gpg}


def _body_digest(path: Path) -> str:
    """Return the digest of header and payload: all that follows the signature."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        stream.seek(signature_end(stream))
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _check(path: Path, key: SigningKey, directory: Path) -> None:
    """Have rpm verify the signature, in a database that holds the key that made it alone; raise IntegrityError."""
    public, database = directory / "key.asc", directory / "rpmdb"
    with path.open("rb") as stream:
        issuers = {issuer_of(signature) for signature in signatures(stream)}
    export_key(key, issuers.pop() if len(issuers) == 1 else key.fingerprint, public)
    rpmkeys = ["rpmkeys", "--dbpath", str(database)]
    home = {"HOME": str(directory)}
    run([*rpmkeys, "--import", public], env=home)
    done = run([*rpmkeys, "--define", "_pkgverify_level all", "--checksig", path], env=home, check=False)
    if done.status != 0:
        raise IntegrityError(
            f"rpm does not verify the signature of {key.fingerprint}: {(done.stdout or done.stderr).strip()}",
            where=path.name,
            remedy="the key's algorithm may be one that rpm does not know; RSA of 3072 bits or more works everywhere",
        )
