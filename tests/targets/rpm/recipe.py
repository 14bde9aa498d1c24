"""How a root that is rpm's own is made."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from ..box import Box
from ..cache import TAR_ATTRIBUTES, RootCache, unpack
from ..debian import DebianRecipe
from ..errors import TargetError
from ..process import execute
from .additions import DIRECTORIES, FILES, LINKS
from .inventory import Member, accounts, read_packages, take_inventory
from .spec import render

BUILD_SECONDS = 600


@dataclass(frozen=True)
class RpmRecipe:
    """A root converted from ``base``, a Debian root that has rpm and dnf in it."""

    name: str
    base: DebianRecipe
    seconds: int

    @property
    def digest(self) -> str:
        """A digest of the base's recipe and of the text of this package."""
        total = hashlib.sha256(self.base.digest.encode())
        for source in sorted(Path(__file__).parent.glob("*.*")):
            total.update(source.read_bytes())
        return total.hexdigest()[:12]

    def make(self, tarball: Path, log: Path, cache: RootCache) -> None:
        """Make the base, convert it in a box of its own, and pack the outcome.

        Raises ``TargetError`` with the end of what rpmbuild and rpm said.
        """
        with cache.scratch() as scratch:
            base, job = Path(scratch, "base"), Path(scratch, "job")
            packed = Path(scratch, "base.tar")
            self.base.make(packed, log, cache)
            unpack(packed, base)
            add_files(base)
            write_job(base, job)
            with Box(base, "deb", {"/base": base, "/job": job}) as box:
                done = box.run(["sh", "/job/convert.sh"], timeout=BUILD_SECONDS)
                log.write_text(done.output)
                if done.returncode != 0:
                    raise TargetError(f"{self.name} could not be converted (see {log}): {done}")
                pack = ["tar", "-C", str(box.root / "new"), *TAR_ATTRIBUTES, "-cf", str(tarball), "."]
                execute(pack, timeout=300)


def add_files(root: Path) -> None:
    """Write the additions into ``root``."""
    for path, text in FILES.items():
        file = root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o644)
    for path in DIRECTORIES:
        (root / path.lstrip("/")).mkdir(parents=True, exist_ok=True)
    for path, aim in LINKS.items():
        link = root / path.lstrip("/")
        if not link.exists():
            link.symlink_to(aim)


def write_job(root: Path, job: Path) -> None:
    """Write what ``convert.sh`` reads into the new directory ``job``."""
    packages = read_packages(root)
    members = take_inventory(root, packages)
    versions = {package.name: package.version for package in packages}
    spec, files = render(members, versions, *accounts(root))
    (job / "files").mkdir(parents=True)
    (job / "base.spec").write_text(spec)
    (job / "members").write_bytes(b"\0".join(_relative(member) for member in members))
    for name, text in files.items():
        (job / "files" / name).write_text(text)
    (job / "convert.sh").write_bytes(Path(__file__).with_name("convert.sh").read_bytes())


def _relative(member: Member) -> bytes:
    return f".{member.path}".encode()
