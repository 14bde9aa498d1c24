"""A service as data: its units, what each package script does with them, and the accounts it runs as.

Names follow systemd.unit(5): ``worker@`` is a template, whose instances are units of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

DEFAULT_FILE = "default"
"""``environment-file`` of a service that wants the distribution's own place for one."""
_ENVIRONMENT_FOLDERS = {"deb": "/etc/default", "rpm": "/etc/sysconfig"}

# systemd.exec(5): where each kind of directory lies, and where it really lies with DynamicUser=
ROOTS = {
    "State": "/var/lib",
    "Cache": "/var/cache",
    "Logs": "/var/log",
    "Runtime": "/run",
    "Configuration": "/etc",
}
_KEPT = ("State", "Cache", "Logs")  # systemd deletes runtime directories; configuration is the package's


@dataclass(frozen=True, slots=True)
class Directory:
    """Directories of one kind ("State", "Cache", "Logs", "Runtime", "Configuration"), relative to its root."""

    kind: str
    names: tuple[str, ...]
    mode: str = ""


@dataclass(frozen=True, slots=True)
class Managed:
    """One unit that is enabled or started by itself: a service, an instance, a timer or a socket."""

    name: str
    enable: bool
    start: bool
    template: str = ""  # the file of an instance
    wanted_by: str = "multi-user.target"


@dataclass(frozen=True, slots=True)
class Account:
    """A user with a group of the same name or, without ``user``, a group alone. ``home`` may be empty."""

    user: str = ""
    group: str = ""
    home: str = ""


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """What proves that a service works: ``http`` answers ``status``, or ``command`` ends with 0, or systemd's word.

    It has to be so within ``timeout`` seconds, is looked at every ``interval``, and has to stay so for ``stable``.
    """

    http: str = ""
    status: int = 200
    command: tuple[str, ...] = ()
    timeout: float = 30
    interval: float = 0.5
    stable: float = 0


@dataclass(frozen=True, slots=True)
class Service:
    """A systemd service: ``command`` is already split into words, the first one absolute.

    ``unit_settings``, ``settings``, ``limits`` and ``sandbox`` are (setting, value) pairs of the sections [Unit]
    and [Service], values as the user means them. ``reload`` is a command, or one word: a signal.
    """

    name: str
    command: tuple[str, ...]
    description: str
    type: str = "exec"
    user: str = ""
    group: str = ""
    groups: tuple[str, ...] = ()
    restart: str = "on-failure"
    environment: tuple[tuple[str, str], ...] = ()
    environment_file: str = ""
    reload: tuple[str, ...] = ()
    directories: tuple[Directory, ...] = ()
    after: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    unit_settings: tuple[tuple[str, str], ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    limits: tuple[tuple[str, str], ...] = ()
    sandbox: tuple[tuple[str, str], ...] = ()
    writable: tuple[str, ...] = ()
    listen: tuple[str, ...] = ()
    socket_settings: tuple[tuple[str, str], ...] = ()
    schedule: tuple[str, ...] = ()
    timer_settings: tuple[tuple[str, str], ...] = ()
    instances: tuple[str, ...] = ()
    enable: bool = True
    start: bool = True
    stop_on_upgrade: bool = False
    healthcheck: Healthcheck | None = None

    @property
    def unit(self) -> str:
        """Return the service unit's file name."""
        return f"{self.name}.service"

    @property
    def socket(self) -> str:
        """Return the socket unit's name, or nothing."""
        return f"{self.name}.socket" if self.listen else ""

    @property
    def timer(self) -> str:
        """Return the timer unit's name, or nothing."""
        return f"{self.name}.timer" if self.schedule else ""

    @property
    def units(self) -> tuple[str, ...]:
        """Return the names of all unit files: what starts the service comes before it."""
        return tuple(filter(None, (self.socket, self.timer, self.unit)))

    @property
    def is_template(self) -> bool:
        """Tell whether the unit is started by instances only."""
        return self.name.endswith("@")

    @property
    def managed(self) -> tuple[Managed, ...]:
        """Return what is enabled and started: the timer or the socket where there is one, else the service."""
        if self.listen:
            return (Managed(self.socket, self.enable, self.start, wanted_by="sockets.target"),)
        if self.schedule:
            return (Managed(self.timer, self.enable, self.start, wanted_by="timers.target"),)
        if self.is_template:
            names = (f"{self.name}{i}.service" for i in self.instances)
            return tuple(Managed(n, self.enable, self.start, self.unit) for n in names)
        return (Managed(self.unit, self.enable, self.start),)

    @property
    def pattern(self) -> str:
        """Return what names every running unit of the service to ``systemctl stop``."""
        return f"{self.name}*.service" if self.is_template else self.unit

    def environment_path(self, package: str, format_name: str) -> str:
        """Return the path of the file with variables in the package of that format, or nothing."""
        if self.environment_file != DEFAULT_FILE:
            return self.environment_file
        return f"{_ENVIRONMENT_FOLDERS[format_name]}/{package}"


@dataclass(frozen=True, slots=True)
class Roster:
    """What the scripts of one package do with which units; every name is there once."""

    services: tuple[Service, ...]

    @property
    def units(self) -> tuple[Managed, ...]:
        """Return all units that are enabled or started by themselves."""
        return tuple(m for s in self.services for m in s.managed)

    @property
    def started(self) -> tuple[str, ...]:
        """Return the units that installation starts."""
        return tuple(m.name for m in self.units if m.start)

    @property
    def sockets(self) -> tuple[str, ...]:
        """Return the sockets: they stay open through an upgrade, unless they have changed."""
        return tuple(s.socket for s in self.services if s.socket)

    @property
    def instances(self) -> tuple[str, ...]:
        """Return the instances that installation starts."""
        return tuple(m.name for m in self.units if m.start and m.template)

    @property
    def restarted(self) -> tuple[str, ...]:
        """Return the services and timers that installation starts and an upgrade restarts."""
        apart = {*self.sockets, *self.instances}
        return tuple(n for n in self.started if n not in apart)

    @property
    def tried(self) -> tuple[str, ...]:
        """Return what an upgrade restarts only where it is running; templates by a pattern.

        A scheduled job is not among them: it ends as what it began, and the next one is the new
        version's. Nor is a service behind a socket, which scripts treat together.
        """
        resting = (m.name for m in self.units if not (m.start or m.template or m.name in self.sockets))
        return (*resting, *(s.pattern for s in self.services if s.is_template))

    @property
    def behind_sockets(self) -> tuple[tuple[str, str, bool], ...]:
        """Return (socket, service, started on installation) of what is activated by sockets."""
        return tuple((s.socket, s.unit, s.start) for s in self.services if s.socket)

    @property
    def running(self) -> tuple[str, ...]:
        """Return what runs for long, and is restarted when its files change; templates by a pattern."""
        return tuple(s.pattern for s in self.services if not s.schedule)

    @property
    def stopped(self) -> tuple[str, ...]:
        """Return what removal stops: what would start a service again comes before it."""
        triggers = tuple(n for s in self.services for n in (s.socket, s.timer) if n)
        return triggers + tuple(s.pattern for s in self.services)

    @property
    def names(self) -> tuple[str, ...]:
        """Return every unit by its name: files and instances, what starts another one before it."""
        files = [n for s in self.services for n in s.units]
        return tuple(dict.fromkeys((*files, *(m.name for m in self.units))))

    @property
    def directories(self) -> tuple[str, ...]:
        """Return the directories that systemd makes and that outlast the service, deepest first."""
        found = {
            f"{ROOTS[d.kind]}/{n.split('/%', 1)[0]}"
            for s in self.services
            for d in s.directories
            if d.kind in _KEPT
            for n in d.names
        }
        return tuple(sorted(found, reverse=True))

    def own_directories(self, name: str) -> tuple[str, ...]:
        """Return those named for the package or one of its services, the outermost: purging deletes them."""
        ours = {name, *(s.name.rstrip("@") for s in self.services)}
        found = {d for d in self.directories if d.split("/")[3] in ours}
        # one that lies in another is its user's to replace by a link: it goes with the outer one
        return tuple(sorted(d for d in found if not any(d.startswith(f"{o}/") for o in found)))

    def parents(self) -> tuple[str, ...]:
        """Return the directories around them that may be empty then, deepest first."""
        found = {d.rsplit("/", n)[0] for d in self.directories for n in range(1, d.count("/") - 2)}
        return tuple(sorted(found, reverse=True))


def private(directory: str) -> str:
    """Return where systemd keeps the directory of a dynamic user: /var/lib/private/x for /var/lib/x."""
    root = directory.split("/", 3)
    return "/".join((*root[:3], "private", root[3]))


def accounts(services: Iterable[Service]) -> tuple[Account, ...]:
    """Return the users and groups to make, sorted, root left out.

    A user's home is the first state directory of its first service that has one (systemd makes it), else none.
    """
    homes: dict[str, str] = {}
    groups: set[str] = set()
    for service in services:
        groups |= {service.group, *service.groups, *(v for k, v in service.socket_settings if k == "SocketGroup")}
        state = (n for d in service.directories if d.kind == "State" for n in d.names)
        home = next((f"/var/lib/{n}".split("/%", 1)[0] for n in state), "")
        if service.user:
            homes[service.user] = homes.get(service.user) or home
    alone = groups - {"", "root"} - set(homes)
    users = (Account(u, home=homes[u]) for u in sorted(homes) if u != "root")
    return (*(Account(group=g) for g in sorted(alone)), *users)


def unit_record(services: tuple[Service, ...], texts: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    """Return what the target remembers of each unit: (name, "own" or "with", digest).

    "own" units are enabled by themselves, the others come with one of those. The digest is a socket's: it
    tells an upgrade whether the socket may stay open. ``texts`` are the unit files by name.
    """
    roster = Roster(services)
    own = {m.name for m in roster.units}
    return tuple(
        (n, "own" if n in own else "with", _digest(texts[n]) if n in roster.sockets else "-") for n in roster.names
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def environment_text(name: str, services: Sequence[Service]) -> str:
    r"""Return the file with variables that administrators edit: what the units set, as comments to change.

    systemd.exec(5), EnvironmentFile=: double quotes take a backslash before ``"``, ``\\``, `````, ``$``.
    """
    lines = [
        f"# Variables of {name}'s services: {', '.join(s.unit for s in services)}.",
        "# NAME=value, one on each line; they take effect when a service is restarted.",
    ]
    for key, value in sorted({pair for s in services for pair in s.environment}):
        quoted = "".join(f"\\{c}" if c in '"\\`$' else c for c in value)
        lines.append(f'#{key}="{quoted}"')
    return "\n".join(lines) + "\n"
