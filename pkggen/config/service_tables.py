"""The schema of ``[[tool.pkggen.services]]``.

What a key becomes in the unit is written in docs/services.md; the settings are those of
systemd.unit(5), systemd.service(5), systemd.exec(5), systemd.socket(5) and systemd.timer(5).
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from pkggen.config.values import AbsolutePath, Command, EnvironmentName, Line, Mode, Table, UserName, matches
from pkggen.model.service import DEFAULT_FILE

_SPAN = r"([0-9]+(\.[0-9]+)?\s?(us|usec|ms|msec|s|sec|seconds?|m|min|minutes?|h|hr|hours?|d|days?|w|weeks?)?\s?)+"
_UNIT_TYPES = "service|socket|target|timer|path|mount|automount|swap|slice|device"
_WORDS = {"minutely", "hourly", "daily", "weekly", "monthly", "quarterly", "semiannually", "annually", "yearly"}


def _environment_file(value: str) -> str:
    if value and value != DEFAULT_FILE and (not value.startswith("/") or ".." in value.split("/")):
        raise ValueError(f'{value!r} must be an absolute path, or "{DEFAULT_FILE}" for /etc/default or /etc/sysconfig')
    if re.search(r"[*?\[]", value):
        raise ValueError(f"{value!r} holds a wildcard, which systemd would expand")
    return value


def _schedule(value: str) -> str:
    """Refuse what can't be an OnCalendar= expression (systemd.time(7)); systemd-analyze knows the rest."""
    if value.lower() in _WORDS:
        return value
    if not re.fullmatch(r"[A-Za-z0-9*:.,/~ _+-]+", value) or not re.search(r"[0-9*]", value):
        raise ValueError(f"{value!r} is no calendar expression, such as daily, Mon *-*-* 04:00 or *:0/15")
    return value


def _address(value: str) -> str:
    if re.fullmatch(r"[0-9]{1,5}", value):
        port = value
    elif found := re.fullmatch(r"([0-9.]{7,15}|\[[0-9A-Fa-f:.]+(%[\w.-]+)?\]):([0-9]{1,5})", value):
        port = found[3]
    elif re.fullmatch(r"[/@][^\s]{1,106}", value) and ".." not in value.split("/"):
        return value  # 108 bytes are what sockaddr_un holds
    else:
        raise ValueError(f"{value!r} is no port, ADDRESS:PORT, /path or @name: see ListenStream= in systemd.socket(5)")
    if not 0 < int(port) < 65536:
        raise ValueError(f"{value!r}: ports are 1 to 65535")
    return value


def _relative(value: str) -> str:
    plain = value.removesuffix("/%i")
    if not re.fullmatch(r"[A-Za-z0-9_][\w.+@-]*(/[A-Za-z0-9_][\w.+@-]*)*", plain):
        raise ValueError(f"{value!r} must be a relative path, such as myapp or myapp/spool")
    if plain.split("/", 1)[0] == "private":
        raise ValueError(f"{value!r}: systemd keeps 'private' for itself")
    return value


Span = Annotated[str, matches(f"(infinity|{_SPAN})?", 'a time such as "30s", "5min" or "infinity"')]
OtherUnit = Annotated[str, matches(rf"[A-Za-z0-9:_.\\@-]+\.({_UNIT_TYPES})", "a unit's whole name, x.service")]
ServiceName = Annotated[str, matches(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,200}@?", "letters, digits, _ . - and @ at the end")]
Instance = Annotated[str, matches(r"[A-Za-z0-9:_.][A-Za-z0-9:_.-]{0,100}", "letters, digits and : _ . -")]
Capability = Annotated[str, matches(r"CAP_[A-Z_]+", "a capability such as CAP_NET_BIND_SERVICE")]
Amount = Annotated[str, matches(r"(infinity|[0-9]+(\.[0-9]+)?[KMGT%]?)?", 'a size such as "512M", or "20%"')]
Count = Annotated[int, Field(ge=0, le=2**31)]
OneOrMore = BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)
Directories = Annotated[tuple[Annotated[str, AfterValidator(_relative)], ...], OneOrMore]


class LimitsTable(Table):
    """``limits`` of a service: what it may use up."""

    open_files: Count | None = None
    processes: Count | None = None
    tasks: Count | None = None
    memory: Amount = ""
    cpu: Annotated[str, matches(r"([0-9]+%)?", 'a percentage of one CPU, such as "150%"')] = ""


class HealthcheckTable(Table):
    """``[tool.pkggen.services.healthcheck]``: what proves that a service works; systemd's word when nothing is said."""

    http: Annotated[
        str, matches(r"(http://[^\s/?#@]+([/?][^\s#]*)?)?", "an address such as http://127.0.0.1:8000/health")
    ] = ""
    status: Annotated[int, Field(ge=100, le=599)] = 200
    command: Command = ""
    timeout: Annotated[float, Field(gt=0, le=3600)] = Field(30, description="seconds until it has to be healthy")
    interval: Annotated[float, Field(ge=0.05, le=60)] = Field(0.5, description="seconds between two looks")
    stable: Annotated[float, Field(ge=0, le=600)] | None = Field(None, description="seconds that it has to stay so")


class ServiceTable(Table):
    """``[[tool.pkggen.services]]``: a systemd service."""

    name: ServiceName
    command: Command
    description: Line = ""
    type: Literal["", "simple", "exec", "notify", "oneshot"] = ""
    instances: tuple[Instance, ...] = Field((), description="of a template, whose name ends in @")
    schedule: Annotated[tuple[Annotated[Line, AfterValidator(_schedule)], ...], OneOrMore] = ()
    persistent: bool = True
    randomized_delay: Span = ""
    listen: Annotated[tuple[Annotated[Line, AfterValidator(_address)], ...], OneOrMore] = ()
    socket_mode: Annotated[str, matches(r"(0?[0-7]{3})?", 'an octal mode such as "0660"')] = ""
    socket_group: UserName = ""
    user: UserName = Field("", description="created on installation; a dynamic user when empty")
    group: UserName = ""
    groups: tuple[UserName, ...] = ()
    environment: dict[EnvironmentName, Line] = Field({})
    environment_file: Annotated[Line, AfterValidator(_environment_file)] = ""
    working_directory: AbsolutePath = ""
    state_directory: Directories | None = Field(None, description="NAME/SERVICE when unset")
    state_directory_mode: Mode = ""
    cache_directory: Directories = ()
    cache_directory_mode: Mode = ""
    logs_directory: Directories = ()
    logs_directory_mode: Mode = ""
    runtime_directory: Directories = ()
    runtime_directory_mode: Mode = ""
    configuration_directory: Directories = ()
    configuration_directory_mode: Mode = ""
    restart: Literal["no", "on-success", "on-failure", "on-abnormal", "on-abort", "always"] = "on-failure"
    restart_sec: Span = ""
    start_limit_burst: Count | None = None
    start_limit_interval: Span = ""
    timeout_start: Span = ""
    timeout_stop: Span = ""
    watchdog: Span = Field("", description="how often it has to say that it is well")
    reload: Command = Field("", description="a command, or the name of a signal")
    after: tuple[OtherUnit, ...] = ()
    wants: tuple[OtherUnit, ...] = ()
    requires: tuple[OtherUnit, ...] = ()
    limits: LimitsTable = LimitsTable()
    sandbox: bool | dict[Line, bool | Line] = True
    capabilities: tuple[Capability, ...] = ()
    writable: tuple[AbsolutePath, ...] = ()
    enable: bool = True
    start: bool = True
    stop_on_upgrade: bool = Field(False, description="stopped before files are replaced, started after")
    healthcheck: HealthcheckTable | None = None
