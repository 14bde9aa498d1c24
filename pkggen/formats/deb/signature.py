"""Signing a .deb as debsigs does: one more member of the archive, ``_gpgorigin``, after those that dpkg reads.

It is the signature of the three other members' bytes, one after the other, without what ar puts
between them (debsigs(1), debsig-verify(1)). dpkg ignores members with an underscore (deb(5)).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from debian.arfile import ArFile

from pkggen.archives.deb import SIGNATURE
from pkggen.signing.keys import SigningKey, sign_detached

_MEMBER = "{name:<16}{mtime:<12}{owner:<6}{group:<6}{mode:<8}{size:<10}`\n"


def sign_deb(path: Path, key: SigningKey, directory: Path) -> None:
    """Add the signature to ``path``, by a rename of a copy; ``directory`` is ours alone.

    Raises ToolError and IntegrityError.
    """
    signed, signature = directory / "members", directory / "signature"
    members = ArFile(str(path)).getmembers()
    with signed.open("wb") as stream:
        for member in members:
            shutil.copyfileobj(member, stream)
    sign_detached(key, signed, signature)
    signed.unlink()
    data = signature.read_bytes()
    # mtime, owner and mode as dpkg-deb gives them to the others
    row = _MEMBER.format(name=SIGNATURE, mtime=members[0].mtime, owner=0, group=0, mode=100644, size=len(data))
    fresh = directory / path.name
    shutil.copyfile(path, fresh)
    with fresh.open("ab") as stream:
        stream.write(row.encode() + data + b"\n" * (len(data) % 2))
    os.replace(fresh, path)
