"""The wheels that building the project itself takes: its back-end and what that needs."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pkggen.model import Interpreter, Target, Tree, Wheel, WheelSpec
from pkggen.network.settings import logins
from pkggen.store.cache import Cache
from pkggen.targets.distributions import host_glibc
from pkggen.terminal.reporter import Reporter
from pkggen.wheels.fetch import Source, fetch
from pkggen.wheels.lock.pylock import parse_pylock
from pkggen.wheels.lock.resolution import Resolver, platform_of
from pkggen.wheels.select import choose


def build_requirements(
    requires: Sequence[str],
    python: str,
    spec: WheelSpec,
    cache: Cache,
    reporter: Reporter,
    *,
    root: Path,
    offline: bool,
) -> tuple[Wheel, ...]:
    """Return verified wheels of ``requires`` and all that they need, for ``python`` ("3.13.5") on the build host.

    They are resolved now, since no lock has them. Raises as :func:`pkggen.wheels.resolve_wheels`.
    """
    target = Target(platform.machine(), host_glibc())
    here = Interpreter(python, Tree(root, ()), "the build host's", "")
    links = tuple(link for link in spec.find_links if link.is_dir())
    resolver = Resolver(root, cache.root / "uv", here.minor, platform_of(target), spec.index, links, offline)
    with cache.scratch() as scratch, reporter.step("Resolving the build back-end"):
        text = resolver.resolve(sorted(requires), (), scratch / "pylock.toml")
    choices = choose(parse_pylock(text, root / "build-system"), target, here)
    found = tuple(replace(choice, path=choice.path and root / choice.path) for choice in choices)
    return fetch(found, cache, reporter, Source(links, spec.index, offline, logins=logins(root, os.environ)))
