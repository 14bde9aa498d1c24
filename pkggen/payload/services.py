"""From ``[[tool.pkggen.services]]`` to services: programs found, settings in systemd's own words."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from pkggen.config.sandbox import sandbox_settings, setting_name
from pkggen.config.service_tables import LimitsTable, ServiceTable
from pkggen.errors import ConfigurationError, Key
from pkggen.model import ConfigKind, FormatOptions, Layout, Project
from pkggen.model.entry import generated_entry
from pkggen.model.service import DEFAULT_FILE, Directory, Healthcheck, Service, environment_text
from pkggen.model.versions import package_name
from pkggen.payload.commands import nearest
from pkggen.payload.python_options import python_options

_SIGNALS = {"HUP", "USR1", "USR2", "WINCH", "INT", "CONT"}
_PLAIN = frozenset({"python", "python3"})


def _patience(table: ServiceTable) -> str:
    """Return how long systemd waits for a service's word: no longer than the health check does, which comes after."""
    return f"{table.healthcheck.timeout:g}s" if table.healthcheck and table.type == "notify" else ""


def planned_service(
    table: ServiceTable,
    project: Project,
    layout: Layout,
    scripts: set[str],
    *,
    healthcheck: Healthcheck | None,
    key: Key,
    isolated: Collection[str] = (),
) -> Service:
    """Return the service, which ``key`` names.

    ``isolated`` are those of ``scripts`` that Python runs with -I. Raises ConfigurationError for a program
    that is none of ``scripts``, and for variables of Python's that could have no effect.
    """
    command = _command(table.command, layout, scripts, key / "command")
    return Service(
        name=table.name,
        command=_with_options(command, table.environment, layout, isolated, key / "environment"),
        description=table.description or project.summary or table.name,
        type=table.type or ("oneshot" if table.schedule else "exec"),
        user=table.user,
        group=table.group,
        groups=table.groups,
        restart=_restart(table),
        environment=tuple(sorted(table.environment.items())),
        environment_file=table.environment_file,
        reload=_reload(table, layout, scripts, key / "reload"),
        directories=tuple(_directories(table, package_name(project.name))),
        after=table.after,
        wants=table.wants,
        requires=table.requires,
        unit_settings=tuple(_unit_settings(table)),
        settings=_given(
            WorkingDirectory=table.working_directory,
            RestartSec=table.restart_sec,
            TimeoutStartSec=table.timeout_start or _patience(table),
            TimeoutStopSec=table.timeout_stop,
            WatchdogSec=table.watchdog,
        ),
        limits=tuple(_limits(table.limits)),
        sandbox=sandbox_settings(_overrides(table), table.capabilities),
        writable=table.writable,
        listen=table.listen,
        socket_settings=_given(SocketMode=table.socket_mode, SocketGroup=table.socket_group),
        schedule=table.schedule,
        timer_settings=_given(
            Persistent="yes" if table.persistent else "", RandomizedDelaySec=table.randomized_delay
        ),
        instances=table.instances,
        enable=table.enable,
        start=table.start,
        stop_on_upgrade=table.stop_on_upgrade,
        healthcheck=healthcheck,
    )  # fmt: skip


def with_environment(
    options: Mapping[str, FormatOptions], services: Sequence[Service], package: str, epoch: int
) -> Mapping[str, FormatOptions]:
    """Return the options with the file of variables that services share, unless the project brings its own."""
    reading = [s for s in services if s.environment_file == DEFAULT_FILE]
    if not reading:
        return options
    content = environment_text(package, reading).encode()
    found = {}
    for name, option in options.items():
        path = reading[0].environment_path(package, name)
        entry = replace(generated_entry(path, content, epoch), config=ConfigKind.NOREPLACE)
        own = any(e.path == path for e in option.entries)
        found[name] = option if own else replace(option, entries=(*option.entries, entry))
    return found


def _command(text: str, layout: Layout, scripts: set[str], key: Key) -> tuple[str, ...]:
    program, *arguments = shlex.split(text)
    if not program.startswith("/"):
        known = scripts | _PLAIN
        if program not in known:
            raise ConfigurationError(
                f"no wheel has a command {program!r}",
                where=key,
                remedy=f"use an absolute path, or one of: {', '.join(nearest(program, known))}",
            )
        if program in _PLAIN and not layout.activated:
            arguments.insert(0, "-B")  # as in the first lines of commands
        program = f"{layout.bin}/{program}"
    return (program, *arguments)


def _with_options(
    command: tuple[str, ...], environment: Mapping[str, str], layout: Layout, isolated: Collection[str], key: Key
) -> tuple[str, ...]:
    """Return ``command`` started through the venv's Python where variables are to count that it would not read."""
    directory, _, name = command[0].rpartition("/")
    if directory != layout.bin or name not in isolated:
        return command
    options = python_options(environment, key)
    ours = ("-I",) if layout.activated else ("-I", "-B")  # as in the first lines of commands
    return (f"{layout.bin}/python", *ours, *options, *command) if options else command


def _reload(table: ServiceTable, layout: Layout, scripts: set[str], key: Key) -> tuple[str, ...]:
    signal = table.reload.removeprefix("SIG")
    if not table.reload or signal in _SIGNALS:
        return (signal,) if signal else ()
    return _command(table.reload, layout, scripts, key)


def _restart(table: ServiceTable) -> str:
    """Return when systemd restarts it; a job with a schedule waits for its next time unless it says otherwise."""
    scheduled = bool(table.schedule) and "restart" not in table.model_fields_set
    return "no" if scheduled else table.restart


def _directories(table: ServiceTable, package: str) -> Iterator[Directory]:
    template = table.name.endswith("@")
    own = f"{package}/{table.name.rstrip('@')}"
    state = (own,) if table.state_directory is None else table.state_directory
    # each instance has a dynamic user of its own, who can't share a directory with the others
    apart = "/%i" if template and not table.user else ""
    for kind, names, mode in (
        ("State", state, table.state_directory_mode),
        ("Cache", table.cache_directory, table.cache_directory_mode),
        ("Logs", table.logs_directory, table.logs_directory_mode),
        ("Runtime", table.runtime_directory, table.runtime_directory_mode),
        ("Configuration", table.configuration_directory, table.configuration_directory_mode),
    ):
        below = "" if kind == "Configuration" else apart
        if names:
            yield Directory(kind, tuple(n if n.endswith("/%i") else n + below for n in names), mode)


def _unit_settings(table: ServiceTable) -> Iterator[tuple[str, str]]:
    if table.start_limit_interval:
        yield "StartLimitIntervalSec", table.start_limit_interval
    if table.start_limit_burst is not None:
        yield "StartLimitBurst", str(table.start_limit_burst)


def _limits(limits: LimitsTable) -> Iterator[tuple[str, str]]:
    for name, count in (
        ("LimitNOFILE", limits.open_files),
        ("LimitNPROC", limits.processes),
        ("TasksMax", limits.tasks),
    ):
        if count is not None:
            yield name, str(count)
    yield from _given(MemoryMax=limits.memory, CPUQuota=limits.cpu)


def _overrides(table: ServiceTable) -> dict[str, str] | None:
    """Return the sandbox's settings by their names; yes and no as systemd spells them."""
    if isinstance(table.sandbox, bool):
        return {} if table.sandbox else None
    return {str(setting_name(k)): _spelled(v) for k, v in table.sandbox.items()}


def _spelled(value: bool | str) -> str:
    return value if isinstance(value, str) else ("yes" if value else "no")


def _given(**settings: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in settings.items() if value)
