"""Whether the current release is what was installed."""

from __future__ import annotations

import os

from .answers import Verified
from .manifest import RELEASE, Release, load
from .members import File, Link, Member, same_file
from .place import Place
from .plan import Plan
from .protocol import DAMAGED, OTHER, Failure
from .trial import try_release


def verify(place: Place, package: bool = False) -> Verified:
    """Compare the current release with its own record; say each difference; raise Failure when there is one."""
    active = place.active()
    if active is None:
        raise Failure("no release is current")
    if package and active != Plan(place.root).id:
        raise Failure(f"release {active} is current, not the package's, {Plan(place.root).id}", OTHER)
    release = place.releases / active
    plan = Plan(place.copies(active))
    record = load(Release, release / RELEASE)[1]
    expected: dict[str, Member] = {**plan.members, **{row.path: Link(row.target) for row in record.links}}
    expected.update({row.path: File("", row.size, row.sha256) for row in record.written})
    differences = [text for name, member in sorted(expected.items()) for text in compared(f"{release}/{name}", member)]
    for text in differences:
        place.say(text)
    if differences:
        raise Failure(f"release {active}: {len(differences)} files differ, reinstall the package", DAMAGED)
    try_release(plan, str(release))
    place.say(f"release {active}: {len(expected):,} files are as installed, and it starts")
    return Verified(active, tuple(differences))


def compared(path: str, member: Member) -> list[str]:
    """Return how a path differs from what it has to be, in words; nothing where it does not."""
    if not os.path.lexists(path):
        return [f"missing {path}"]
    if isinstance(member, Link):
        right = os.path.islink(path) and os.readlink(path) == member.target
    else:
        right = not isinstance(member, File) or same_file(path, member)
    return [] if right else [f"changed {path}"]
