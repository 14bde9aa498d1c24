"""What a package runs on: computed from its files, said in one line, held against what was declared."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from pkggen.errors import ArtefactError, Problem
from pkggen.model import Distribution, Needs, Package, Parts, Purpose, Target
from pkggen.targets import elf
from pkggen.targets.distributions import DISTRIBUTIONS, GLIBC, GLIBCXX, PYTHON, WITHOUT_ZSTD

_CXX = "libstdc++.so.6"
_NONE = "no release that pkggen knows"


def needs_of(parts: Parts, target: Target) -> Needs:
    """Return what all parts need together, each file named with the wheel or interpreter that it is of.

    Raises ArtefactError for parts that are for another machine than ``target``, and for those that
    need a newer glibc than a declared target has: each with what to do.
    """
    named = _named(parts)
    ArtefactError.raise_all(
        Problem(f"is for {needs.machine}, the target is {target.arch}", where, f"choose one for {target.arch}")
        for where, needs in named.items()
        if needs.machine not in ("", target.arch)
    )
    merged = elf.merge([elf.within(needs, where) for where, needs in named.items()])
    ArtefactError.raise_all(_unmet(parts, merged, target))
    return merged


def needs_of_layers(parts: Parts, whole: Needs, layers: Collection[str]) -> Needs:
    """Return what some ``layers`` ("python", "deps", "app") need of the system, of what ``whole`` needs."""
    python, app, *deps = _named(parts).items()
    owned = [("python", python), ("app", app), *(("deps", one) for one in deps)]
    rest = Needs(provides=whole.provides)  # another package's libraries count as there
    return elf.merge([*(elf.within(needs, where) for layer, (where, needs) in owned if layer in layers), rest])


def runs_on(packages: Sequence[Package]) -> str:
    """Return the sentence that says which known releases can install and run ``packages``.

    For instance "runs on Debian 11+, RHEL 8+ (glibc 2.28, raised by numpy-….whl)"; the plus says
    that later ones do, too.
    """
    packages = [package for package in packages if package.payload.purpose is not Purpose.LAYERS]
    needs = packages[0].payload.whole_needs
    if packages[0].payload.target.libc == "musl":
        return "runs on systems with musl 1.2"
    oldest = [release for package in packages for release in oldest_releases(package)]
    # the system's Python is of one release: the next has another
    where = ", ".join(_spoken(release) + ("" if needs.python else "+") for release in oldest) or _NONE
    because = f"glibc {_dotted(needs.glibc)}, raised by {_part(needs.glibc_by)}" if needs.glibc else "no compiled code"
    if needs.python:
        because += f", the system's Python {needs.python}"
    if any(GLIBC[r] >= needs.glibc and GLIBCXX[r] < _cxx(needs) for r in GLIBC):
        because += f", and GLIBCXX_3.4.{_cxx(needs)} of libstdc++"
    unread = [_spoken(r) for package in packages for r in _unread(package)]
    packed = f"; its compression keeps {' and '.join(unread)} out, unless declared as a target" if unread else ""
    cpu = f", on CPUs of level x86-64-v{needs.cpu} (raised by {_part(needs.cpu_by)})" if needs.cpu else ""
    return f"runs on {where} ({because}{packed}){cpu}"


def systems(needs: Needs) -> str:
    """Return which known releases have the glibc that ``needs`` asks for: "Debian 11+, RHEL 8+"."""
    releases = _oldest([r for r in GLIBC if _fits(r, needs)])
    return ", ".join(_spoken(release) + "+" for release in releases) or _NONE


def oldest_releases(package: Package) -> tuple[str, ...]:
    """Return, for each distribution of the package's format, the oldest release that it runs on.

    Where the system's own Python is needed: every one that has it by default.
    """
    fitting = [r for r in _new_enough(package) if r not in _unread(package)]
    return tuple(fitting) if package.payload.needs.python else _oldest(fitting)


def _oldest(fitting: Sequence[str]) -> tuple[str, ...]:
    first = {release.partition(":")[0]: release for release in reversed(fitting)}
    return tuple(release for release in fitting if release in first.values())


def _new_enough(package: Package) -> list[str]:
    family = [r for r in GLIBC if DISTRIBUTIONS[r.partition(":")[0]][1] == package.format]
    return [r for r in family if _fits(r, package.payload.whole_needs)]


def _fits(release: str, needs: Needs) -> bool:
    python = not needs.python or f"{PYTHON[release]}.".startswith(f"{needs.python}.")
    return python and GLIBC[release] >= needs.glibc and GLIBCXX[release] >= _cxx(needs)


def _cxx(needs: Needs) -> int:
    """Return N of the newest GLIBCXX_3.4.N that is asked of the system's libstdc++, 0 when none is."""
    if _CXX not in needs.sonames:
        return 0
    found = (re.fullmatch(r"GLIBCXX_3\.4\.(\d+)", version) for soname, version in needs.versions if soname == _CXX)
    return max((int(match[1]) for match in found if match), default=0)


def _unread(package: Package) -> list[str]:
    zstd = package.compression.startswith("zstd")
    return [r for r in _new_enough(package) if zstd and r in WITHOUT_ZSTD]


def _spoken(release: str) -> str:
    distribution, _, number = release.partition(":")
    return f"{DISTRIBUTIONS[distribution][0]} {number}"


def _part(file: str) -> str:
    return file.partition(": ")[0]


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _named(parts: Parts) -> dict[str, Needs]:
    interpreter = parts.interpreter
    named = {f"Python {interpreter.version} ({interpreter.origin})": interpreter.tree.needs}
    return named | {d.wheel.filename: d.tree.needs for d in parts.distributions}


def _unmet(parts: Parts, merged: Needs, target: Target) -> Iterator[Problem]:
    """Yield a problem for each part that needs a newer glibc than a declared target has."""
    waiting = {plugin.glibc_by for plugin in merged.plugins}  # nothing loads these, so they raise nothing
    wheels = {d.wheel.filename: d for d in parts.distributions}
    for where, needs in _named(parts).items():
        loaded = [needs, *(p for p in needs.plugins if f"{where}: {p.glibc_by}" not in waiting)]
        highest = max(loaded, key=lambda part: part.glibc)
        short = [d for d in target.distros if GLIBC[d] < highest.glibc]
        if short:
            have = " and ".join(f"{d} has {_dotted(GLIBC[d])}" for d in short)
            what = f"{highest.glibc_by} needs glibc {_dotted(highest.glibc)}, {have}"
            floor = min(GLIBC[d] for d in short)
            drop = f"or drop {' and '.join(short)} from targets"
            yield Problem(what, where, f"{_way_out(wheels.get(where), parts, floor)}, {drop}")
        if old := [d for d in target.distros if _CXX in merged.sonames and GLIBCXX[d] < _cxx(needs)]:
            have = " and ".join(f"{d} has GLIBCXX_3.4.{GLIBCXX[d]}" for d in old)
            what = f"{needs.sonames[_CXX]} needs GLIBCXX_3.4.{_cxx(needs)} of libstdc++, {have}"
            yield Problem(what, where, f"choose an older build of it, or drop {' and '.join(old)} from targets")


def _way_out(wheel: Distribution | None, parts: Parts, floor: tuple[int, int]) -> str:
    if wheel is None:
        return 'use an interpreter for older systems, such as a standalone build (python.source = "3.13")'
    if wheel is parts.app:
        return f"build the project's wheel where glibc is {_dotted(floor)} or older (a manylinux image)"
    return f"lock a version of {wheel.wheel.name} with a wheel for manylinux_{floor[0]}_{floor[1]} or older"
