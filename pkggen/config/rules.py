"""Settings that are right each by itself and can't be had together."""

from __future__ import annotations

from collections.abc import Iterator

from pkggen.config.tables import Config, HookTable
from pkggen.errors import Problem


def clashes(config: Config) -> Iterator[Problem]:
    """Yield a problem for each key that another one rules out; the command line's wishes are in ``config``."""
    if config.venv.mode == "packaged":
        yield from _packaged(config)
    else:
        for i, service in enumerate(config.services):
            if service.stop_on_upgrade:
                what = 'is for venv.mode = "packaged": otherwise a service keeps its release until it is restarted'
                yield Problem(what, f"tool.pkggen.services[{i}].stop-on-upgrade", "remove it")
    if config.wheels.layout == "archived":
        yield from _archived(config)


def _packaged(config: Config) -> Iterator[Problem]:
    if "keep" in config.venv.model_fields_set:
        what = 'keeps earlier releases, and with venv.mode = "packaged" there are none'
        yield Problem(what, "tool.pkggen.venv.keep", "remove it; to go back, install the older package")
    if config.python.source == "system":
        what = 'leaves byte code to the target, and with venv.mode = "packaged" that makes none'
        yield Problem(what, "tool.pkggen.python.source", "embed an interpreter, or leave venv.mode out")
    for i, service in enumerate(config.services):
        if service.healthcheck is not None:
            what = 'goes back to the release before, and with venv.mode = "packaged" there is none'
            yield Problem(what, f"tool.pkggen.services[{i}].healthcheck", "remove it, or leave venv.mode out")
    for name, hook in config.scripts:
        if isinstance(hook, HookTable):
            key = f"tool.pkggen.scripts.{name.replace('_', '-')}"
            what = 'is run by what makes releases on the target, which venv.mode = "packaged" leaves out'
            yield Problem(what, key, "extend the template of the script (docs/architecture.md), or leave venv.mode out")


def _archived(config: Config) -> Iterator[Problem]:
    if config.venv.mode == "packaged":
        what = 'has pip write files on the target, and with venv.mode = "packaged" nothing does'
        yield Problem(what, "tool.pkggen.wheels.layout", "leave out wheels.layout, or venv.mode")
    if config.python.source == "system":
        what = "needs a pip, and the target's own python3 may have none"
        yield Problem(what, "tool.pkggen.wheels.layout", "embed an interpreter, or leave out wheels.layout")
    if config.split:
        what = "leaves an application in one package, which brings its own pip"
        yield Problem(what, "tool.pkggen.wheels.layout", "leave out wheels.layout, or split")
