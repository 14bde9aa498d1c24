"""What settings have to do with each other: all rules about more than one key, reported together.

A rule yields a problem for the key that has to go, with the way out. What a rule needs besides the
configuration, such as the project's files, is checked where that is known.
"""

from __future__ import annotations

from collections.abc import Iterator

from pkggen.config.sandbox import NAMES, setting_name
from pkggen.config.service_tables import ServiceTable
from pkggen.config.tables import SYSTEM, Config, FileTable
from pkggen.errors import Key, Problem

_PACKAGED = 'venv.mode = "packaged"'


def clashes(config: Config) -> Iterator[Problem]:
    """Yield a problem for each key that another one rules out; the command line's wishes are in ``config``."""
    yield from _sources(config)
    yield from _services(config)
    yield from _files(config)
    yield from _python(config)
    yield from _hooks(config)
    yield from _packaged(config)
    yield from _archived(config)
    yield from _split(config)
    yield from _plugin(config)
    yield from _metapackage(config)


def _sources(config: Config) -> Iterator[Problem]:
    if config.exclude and not config.source:
        what = "it is for the folders that source names: of a package, its build back-end says what belongs to it"
        yield Problem(what, Key.of("exclude"), 'remove it, or set source = "."')


def _services(config: Config) -> Iterator[Problem]:
    names: set[str] = set()
    for i, service in enumerate(config.services):
        key = Key.of("services", i)
        if service.name in names:
            yield Problem(f"a second service named {service.name!r}", key / "name", "give one of them another name")
        names.add(service.name)
        yield from _template(service, key)
        yield from _activation(service, key)
        yield from _check(service, key)
        if isinstance(service.sandbox, dict):
            for name in service.sandbox:
                if setting_name(name) is None:
                    yield Problem(f"{name!r} is none of {', '.join(NAMES.values())}", key / "sandbox", "remove it")


def _template(service: ServiceTable, key: Key) -> Iterator[Problem]:
    template = service.name.endswith("@")
    if service.instances and not template:
        yield Problem("instances are those of a template", key / "instances", f"name it {service.name}@")
    if len(set(service.instances)) < len(service.instances):
        yield Problem("an instance is named twice", key / "instances", "keep one of them")
    for name, given in (("listen", service.listen), ("schedule", service.schedule)):
        if template and given:
            yield Problem(f"{service.name} is a template, which has none", key / name, "remove it")


def _activation(service: ServiceTable, key: Key) -> Iterator[Problem]:
    """Say what sockets, timers and one-shots can't have (systemd.socket(5), systemd.timer(5), systemd.service(5))."""
    if service.listen and service.schedule:
        yield Problem("a service has listen or schedule, not both", key / "schedule", "make it two services")
    if service.type == "oneshot" and service.restart in ("always", "on-success"):
        yield Problem(f"a oneshot can't have {service.restart!r}", key / "restart", "remove it")
    for name, given in (("socket-mode", service.socket_mode), ("socket-group", service.socket_group)):
        if given and not service.listen:
            yield Problem("it is for a service that has listen", key / name, "remove it")
    if service.randomized_delay and not service.schedule:
        yield Problem("it is for a service that has schedule", key / "randomized-delay", "remove it")
    if service.stop_on_upgrade and service.schedule:
        yield Problem("a job that runs is never interrupted", key / "stop-on-upgrade", "remove it")


def _check(service: ServiceTable, key: Key) -> Iterator[Problem]:
    check = service.healthcheck
    if check is not None and check.http and check.command:
        yield Problem("http and command are two checks", key / "healthcheck" / "command", "keep one of them")


def _files(config: Config) -> Iterator[Problem]:
    placed: set[tuple[str, str]] = set()
    for i, table in enumerate(config.files):
        key = Key.of("files", i)
        places = {(table.dst, f) for f in ((table.format,) if table.format else ("deb", "rpm"))}
        if table.dst and not table.dst.endswith("/") and placed & places:
            yield Problem(f"a second entry for {table.dst}", key, "give one of the two another dst")
        placed |= places
        yield from _file(table, key)


def _file(table: FileTable, key: Key) -> Iterator[Problem]:
    bare = table.type in ("dir", "ghost")
    if bare and table.src:
        yield Problem(f"a {table.type} has no src", key, "remove src")
    if not bare and not table.src:
        yield Problem(f"a {table.type or 'file'} needs src", key, "name the file, folder or pattern")
    if not table.dst and table.type not in ("doc", "licence"):
        yield Problem("dst is missing: the path on the target", key, 'add it, such as dst = "/etc/myapp.conf"')


def _python(config: Config) -> Iterator[Problem]:
    python, key = config.python, Key.of("python")
    if python.source != SYSTEM:
        for name, given in (("version", python.version), ("site-packages", python.site_packages)):
            if given:
                what = f"it is for the system's Python, and python.source is {python.source!r}"
                yield Problem(what, key / name, f'remove it, or set python.source = "{SYSTEM}"')
    local = python.source == "host" or python.source.startswith("host:")
    if python.sha256 and local:
        yield Problem("a local interpreter has no archive to check", key / "sha256", "remove it")


def _hooks(config: Config) -> Iterator[Problem]:
    after = config.scripts.after_remove
    if after is not None and after.user:
        yield Problem("after-remove runs as root", Key.of("scripts", "after-remove", "user"), "remove it")


def _packaged(config: Config) -> Iterator[Problem]:
    """Say what a venv that is complete in the package can't have: nothing is made on the target."""
    packaged = config.venv.mode == "packaged"
    for i, service in enumerate(config.services):
        key = Key.of("services", i)
        if service.stop_on_upgrade and not packaged and not service.schedule:
            what = f"is for {_PACKAGED}: otherwise a service keeps its release until it is restarted"
            yield Problem(what, key / "stop-on-upgrade", "remove it")
        if service.healthcheck is not None and packaged:
            what = f"goes back to the release before, and with {_PACKAGED} there is none"
            yield Problem(what, key / "healthcheck", "remove it, or leave venv.mode out")
    if not packaged:
        return
    if "keep" in config.venv.model_fields_set:
        what = f"keeps earlier releases, and with {_PACKAGED} there are none"
        yield Problem(what, Key.of("venv", "keep"), "remove it; to go back, install the older package")
    if config.python.source == SYSTEM:
        what = f"leaves byte code to the target, and with {_PACKAGED} that makes none"
        yield Problem(what, Key.of("python", "source"), "embed an interpreter, or leave venv.mode out")
    for key in _given_hooks(config):
        what = f"is run by what makes releases on the target, which {_PACKAGED} leaves out"
        yield Problem(what, key, "extend the template of the script (docs/templates.md), or leave venv.mode out")


def _given_hooks(config: Config) -> Iterator[Key]:
    return (Key.of("scripts", name) for name in config.scripts.hooks())


def _archived(config: Config) -> Iterator[Problem]:
    if config.wheels.layout != "archived":
        return
    key = Key.of("wheels", "layout")
    if config.venv.mode == "packaged":
        what = f"has pip write files on the target, and with {_PACKAGED} nothing does"
        yield Problem(what, key, "leave out wheels.layout, or venv.mode")
    if config.python.source == SYSTEM:
        what = "needs a pip, and the target's own python3 may have none"
        yield Problem(what, key, "embed an interpreter, or leave out wheels.layout")
    if config.split:
        what = "leaves an application in one package, which brings its own pip"
        yield Problem(what, key, "leave out wheels.layout, or split")


def _split(config: Config) -> Iterator[Problem]:
    key = Key.of("split")
    if config.split and config.venv.mode == "packaged":
        yield Problem("a packaged venv is one package", key, "leave out venv.mode, or split")
    if "runtime" in config.split and config.python.source == SYSTEM:
        yield Problem("the system's Python is a package already", key, 'leave "runtime" out')


def _plugin(config: Config) -> Iterator[Problem]:
    """Say what a plugin can't have: it is a layer, and its application has everything else (docs/plugins.md)."""
    if not config.extends:
        if config.extends_package:
            yield Problem("it is for a plugin", Key.of("extends-package"), "name the application in extends")
        return
    if not config.extends_package:
        remedy = 'name the package that it will be added to: extends-package = "../app/dist/app_1.2-1_amd64.deb"'
        yield Problem("a plugin is built with its application's versions", Key.of("extends-package"), remedy)
    given = {
        "services": config.services,
        "triggers": config.triggers,
        "split": config.split,
        "prefix": config.prefix,
        "completions": config.completions,
    }
    keys = [Key.of(name) for name, value in given.items() if value]
    keys += _given_hooks(config)
    keys += [Key.of("venv", name) for name in sorted(config.venv.model_fields_set)]
    for key in keys:
        yield Problem("that is the application's to say", key, "remove it")
    if config.wheels.layout == "archived":
        yield Problem("a plugin is a layer", Key.of("wheels", "layout"), "remove it")


def _metapackage(config: Config) -> Iterator[Problem]:
    """Say what a package without a program can't have: what would make, install or run one."""
    if not config.meta:
        return
    given = {
        "services": config.services,
        "commands": config.commands is not None,
        "requirements": config.requirements,
        "extras": config.extras,
        "source": config.source,
        "smoke": config.smoke is not None,
        "completions": config.completions,
        "split": config.split,
        "extends": config.extends,
    }
    keys = [Key.of(name) for name, value in given.items() if value]
    keys += [Key.of("scripts")] if config.scripts.commands else []
    keys += _given_hooks(config)
    for key in keys:
        yield Problem("a metapackage has no program", key, f"remove {key}, or meta")
