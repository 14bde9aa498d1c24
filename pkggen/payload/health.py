"""The health checks of services, from what the user wrote to what the target is told."""

from __future__ import annotations

import shlex
from collections.abc import Collection

from pkggen.config.service_tables import ServiceTable
from pkggen.errors import ConfigurationError, Key
from pkggen.model.service import Healthcheck

# A process that has just been started is active, whatever becomes of it: systemd's word needs a while.
_STABLE = 3.0


def healthcheck_of(table: ServiceTable, programs: Collection[str], key: Key) -> Healthcheck | None:
    """Return a service's check, None when it asks for none; ``programs`` are the console scripts that there are.

    Raises ConfigurationError for a command that nobody brings; ``key`` is the service's.
    """
    check = table.healthcheck
    if check is None:
        return None
    command = tuple(shlex.split(check.command))
    if command and not command[0].startswith("/") and command[0] not in {"python", "python3", *programs}:
        remedy = f"use an absolute path, or one of: {', '.join(sorted(programs)[:8])}"
        where = key / "healthcheck" / "command"
        raise ConfigurationError(f"no wheel has a command {command[0]!r}", where=where, remedy=remedy)
    stable = check.stable
    if stable is None:
        stable = 0.0 if check.http or command else _STABLE
    return Healthcheck(check.http, check.status, command, check.timeout, check.interval, stable)
