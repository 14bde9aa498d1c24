"""The comparison of two inventories: what differs in meaning, each difference once.

The files of a wheel or of the interpreter are told by its version; they are named one by one only
where the version is the same. Two formats spell relations and scripts in their own ways and add
files of their own, so across formats these are not compared, and a note says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from pkggen.comparison.contents import compare_files, is_of_format
from pkggen.comparison.finding import Area, Change, Comparison, Finding
from pkggen.comparison.parts import compare_libraries, compare_wheels, versioned
from pkggen.comparison.texts import compare_texts, unified
from pkggen.inventory.package_inventory import Inventory, is_unit

_FIELDS = ("name", "maintainer", "homepage", "summary", "description")


def compare(old: Inventory, new: Inventory) -> Comparison:
    """Return what differs on the way from ``old`` to ``new``."""
    alike = old.format == new.format
    found = [
        *_package(old, new),
        *compare_wheels(old.wheels, new.wheels),
        *versioned(Area.INTERPRETER, "python", old.interpreter, new.interpreter),
        *compare_libraries(old.libraries, new.libraries),
        *_needs(old, new),
        *(_relations(old, new) if alike else ()),
        *(_scripts(old, new) if alike else ()),
        *_texts(old, new),
        *compare_files(old, new),
        *_sizes(old, new),
    ]
    order = list(Area)
    return Comparison(
        old=old.path.name,
        new=new.path.name,
        findings=tuple(sorted(found, key=lambda f: (order.index(f.area), f.subject, f.change.value))),
        notes=tuple(_notes(old, new)),
        old_size=old.installed,
        new_size=new.installed,
    )


def _notes(old: Inventory, new: Inventory) -> Iterator[str]:
    if old.format != new.format:
        yield (
            f"{old.format} and {new.format} each have relations, scripts and some files of their own: "
            "these were not compared"
        )
    for inventory in (old, new):
        if inventory.needs is None:
            yield f"{inventory.path.name}: a library can't be read, so glibc and sonames were not compared"
        if any(not wheel.site for wheel in inventory.wheels):
            name = inventory.path.name
            yield f"{name}: its wheels are archived: glibc, sonames and libraries in them were not compared"
        for path in inventory.unseen:
            yield f"{inventory.path.name}: {path} is too large to be looked into"


def _package(old: Inventory, new: Inventory) -> Iterator[Finding]:
    yield from versioned(Area.PACKAGE, "version", old.version, new.version)
    fields = [(f, old.inspection.metadata.get(f, ""), new.inspection.metadata.get(f, "")) for f in _FIELDS]
    for field, before, after in [*fields, ("architecture", old.machine, new.machine)]:
        if before != after and "\n" in before + after:
            yield Finding(Area.PACKAGE, Change.CHANGED, field, diff=unified(before, after))
        elif before != after:
            yield Finding(Area.PACKAGE, Change.CHANGED, field, before, after)
    if old.format == new.format and old.licence != new.licence:
        yield Finding(Area.LICENCE, Change.CHANGED, new.name, old.licence, new.licence)


def _needs(old: Inventory, new: Inventory) -> Iterator[Finding]:
    if old.needs is None or new.needs is None:
        return
    before, after = (".".join(map(str, needs.glibc)) for needs in (old.needs, new.needs))
    for finding in versioned(Area.GLIBC, "glibc", before, after):
        yield replace(finding, address=new.needs.glibc_by)
    ours, theirs = old.needs.sonames, new.needs.sonames
    yield from (Finding(Area.SONAMES, Change.REMOVED, name, old=ours[name]) for name in ours if name not in theirs)
    yield from (Finding(Area.SONAMES, Change.ADDED, name, new=theirs[name]) for name in theirs if name not in ours)


def _relations(old: Inventory, new: Inventory) -> Iterator[Finding]:
    for field in dict.fromkeys([*old.inspection.relations, *new.inspection.relations]):
        before, after = (_by_name(s.inspection.relations.get(field, ())) for s in (old, new))
        for name in before.keys() | after.keys():
            was, now = before.get(name, ""), after.get(name, "")
            if was != now:
                change = Change.CHANGED if was and now else Change.ADDED if now else Change.REMOVED
                yield Finding(Area.RELATIONS, change, f"{field}: {name}", was, now)


def _by_name(terms: Iterable[str]) -> dict[str, str]:
    """Return the terms of a relation by their names; one name may have several (``a (>= 1), a (<< 2)``)."""
    found: dict[str, list[str]] = {}
    for term in map(str.strip, terms):
        found.setdefault(re.split(r"\s*\(?\s*[<>=]", term)[0] or term, []).append(term)
    return {name: ", ".join(sorted(terms)) for name, terms in found.items()}


def _scripts(old: Inventory, new: Inventory) -> Iterator[Finding]:
    return compare_texts(lambda _: Area.SCRIPTS, old.inspection.scripts, new.inspection.scripts)


def _texts(old: Inventory, new: Inventory) -> Iterator[Finding]:
    alike = old.format == new.format
    before, after = ({p: t for p, t in s.texts.items() if alike or not is_of_format(p)} for s in (old, new))
    return compare_texts(lambda path: Area.UNITS if is_unit(path) else Area.CONFFILES, before, after)


def _sizes(old: Inventory, new: Inventory) -> Iterator[Finding]:
    """Yield sizes when installed; across formats only those of layers and wheels, which hold the same files."""
    wheels = [{w.name: w.size for w in s.wheels} for s in (old, new)]
    rows = [(f"wheel {n}", wheels[0].get(n, 0), wheels[1].get(n, 0)) for n in {**wheels[0], **wheels[1]}]
    rows += [(f"layer {n}", old.layers.get(n, 0), new.layers.get(n, 0)) for n in {**old.layers, **new.layers}]
    if old.format == new.format:
        rows += [("installed", old.installed, new.installed), ("package file", old.size, new.size)]
    else:
        rows = [row for row in rows if row[0] != "layer package"]
    for subject, before, after in rows:
        if before != after:
            grown = f"{(after - before) * 100 / before:+.1f}%" if before else "new"
            yield Finding(Area.SIZE, Change.CHANGED, subject, _bytes(before), f"{_bytes(after)} ({grown})")


def _bytes(number: int) -> str:
    if number < 10_000:
        return f"{number} B"
    return f"{number / 1e3:.1f} kB" if number < 1_000_000 else f"{number / 1e6:.1f} MB"
