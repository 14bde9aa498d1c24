"""Pins with hashes and without addresses: checked, and the located files restricted to those allowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from packaging.pylock import Package, PackageSdist, PackageWheel, Pylock
from packaging.requirements import Requirement
from packaging.version import Version

from pkggen.errors import IntegrityError, Problem
from pkggen.network.address import filename_of
from pkggen.wheels.lock.pylock import Lock
from pkggen.wheels.lock.requirements import Pin


def plain(requirement: Requirement) -> str:
    """Return the requirement without its marker, which was decided for the target already."""
    bare = Requirement(str(requirement))
    bare.marker = None
    return str(bare)


def at_hand(requirement: Requirement, folders: Sequence[Path]) -> Requirement:
    """Return ``requirement``; one of a URL with the address of its file in ``folders``, where that lies there."""
    name = filename_of(requirement.url or "")
    found = next((folder / name for folder in folders if name and (folder / name).is_file()), None)
    if found is None:
        return requirement
    local = Requirement(str(requirement))
    local.url = found.resolve().as_uri()
    return local


def check_pins(pins: Sequence[Pin]) -> None:
    """Raise IntegrityError for every pin without a sha256, of no single version, or that is there twice."""
    problems = []
    for pin in pins:
        if not pin.hashes:
            what = f"{pin.requirement.name} has no hash, others have"
            problems.append(Problem(what, pin.where, "lock again with hashes for all"))
        elif not any(h.startswith("sha256:") for h in pin.hashes):
            kinds = ", ".join(sorted({h.partition(":")[0] for h in pin.hashes}))
            problems.append(Problem(f"{pin.requirement.name} has {kinds} only, not sha256", pin.where, "lock again"))
        elif not pin.exact and not pin.requirement.url:
            problems.append(Problem(f"{pin.requirement.name} is not pinned with ==", pin.where, "pin one version"))
    versions = {(pin.name, plain(pin.requirement)): pin.where for pin in pins}
    for name, times in Counter(name for name, _ in versions).items():
        if times > 1:
            where = ", ".join(where for (other, _), where in versions.items() if other == name)
            problems.append(Problem(f"{name} is pinned differently {times} times for this target", where, "lock again"))
    IntegrityError.raise_all(problems)


def restricted(lock: Lock, pins: Sequence[Pin]) -> Lock:
    """Return ``lock`` with only those files that have a hash of ``pins``.

    Raises IntegrityError naming each package of which no file remains.
    """
    allowed = {p.name: {h.removeprefix("sha256:") for h in p.hashes} for p in pins}
    where = {p.name: p.where for p in pins}
    packages, problems = list[Package](), list[Problem]()
    for package in lock.pylock.packages:
        kept = _only(package, allowed.get(package.name, set()))
        if not (kept.wheels or kept.sdist or kept.archive):
            what = f"no wheel of {package.name} {package.version or ''} has one of the given hashes".replace("  ", " ")
            remedy = "the hashes are of a source archive or of other files: lock again with the wheels' hashes"
            problems.append(Problem(what, where.get(package.name, lock.path.name), remedy))
        packages.append(kept)
    IntegrityError.raise_all(problems)
    pylock = Pylock(lock_version=Version("1.0"), created_by="pkggen", packages=packages)
    return replace(lock, pylock=pylock)


def _only(package: Package, hashes: set[str]) -> Package:
    wheels: list[PackageWheel] = [w for w in package.wheels or () if w.hashes["sha256"].lower() in hashes]
    sdist: PackageSdist | None = package.sdist
    if sdist and sdist.hashes.get("sha256", "").lower() not in hashes:
        sdist = None
    archive = package.archive
    if archive and archive.hashes["sha256"].lower() not in hashes:
        archive = None
    return Package(name=package.name, version=package.version, wheels=wheels or None, sdist=sdist, archive=archive)
