"""How an application goes, and what stays."""

from __future__ import annotations

import os

from .answers import Done, Left
from .hooks import Occasion, Unable, run_hook
from .lock import locked
from .manifest import MANIFEST, PROGRAM
from .place import Place
from .plan import Plan
from .protocol import Failure
from .releases import drop_current, drop_releases
from .trial import try_release

SHOWN = 20  # paths that stay, before the rest is only counted


def before_remove(place: Place, kind: str) -> Done:
    """Run the hook before-remove with the current release; a broken application can be removed all the same."""
    release = place.active()
    if release is None:
        place.say("no release is current: the hook before-remove does not run")
        return Done()
    home = place.releases / release
    try:
        run_hook(place, "before-remove", home, Occasion("remove", kind, place.version_of(release), ""))
    except Unable as failure:
        place.say(f"{failure}; the removal goes on without it", error=True)
    except Failure:
        try:
            try_release(Plan(place.copies(release)), str(home))
        except (Failure, OSError) as broken:
            place.say(f"{broken}; so the hook's failure does not count, and the removal goes on", error=True)
            return Done()
        raise
    return Done()


def deactivate(place: Place) -> Left:
    """Remove ``current``; the releases stay."""
    with locked(place):
        drop_current(place)
    return Left(("current",) if place.current.exists() else ())


def remove(place: Place) -> Left:
    """Remove ``current`` and the releases; name what else there is below the prefix and stays."""
    with locked(place):
        drop_current(place)
        drop_releases(place)
    left = files_of_others(place)
    for path in left[:SHOWN]:
        place.say(f"{place.root / path} is not the package's and stays")
    if len(left) > SHOWN:
        place.say(f"and {len(left) - SHOWN} more below {place.root}")
    return Left(tuple(left))


def files_of_others(place: Place) -> list[str]:
    """Return paths below the prefix that no layer and no part of ours accounts for; they are someone's own."""
    try:
        plan = Plan(place.root)
    except Failure:
        return []  # the package's files are half gone: nobody can tell
    known = {MANIFEST, PROGRAM, f"bin/{plan.manifest.app}-releases", *plan.descriptions}
    known.update(plan.manifest.owned, (hook.file for hook in plan.manifest.hooks.values()))
    for name, layer in plan.layers.items():
        known.add(f"layers/{name}.json")
        paths = [row.path for row in layer.files] + [row.path for row in layer.links]
        known.update(f"layers/{name}/{path}" for path in paths)
    found = []
    for folder, folders, files in os.walk(place.root):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in files + links:
            path = os.path.relpath(os.path.join(folder, name), place.root)
            if path not in known:
                found.append(path)
    return sorted(found)
