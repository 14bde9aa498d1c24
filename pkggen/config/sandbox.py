"""What a service may not do, unless it is told to: systemd.exec(5), "Sandboxing" and the sections around it.

The settings are those that a Python application, its extension modules and its child processes do
not notice. Left out, and why: MemoryDenyWriteExecute= (libffi's closures, cffi callbacks, numba and
CPython's own JIT want pages that are written and then executed), PrivateNetwork= and
IPAddressDeny= (a service serves), ProcSubset= (psutil reads /proc/meminfo), ``~@resources``
(thread pools of BLAS set their affinity), PrivateUsers= (sockets and files given to groups).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

DEFAULTS: Mapping[str, str] = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "AmbientCapabilities": "",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "ProtectClock": "yes",
    "ProtectHostname": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectControlGroups": "yes",
    "ProtectProc": "invisible",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX AF_NETLINK",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "LockPersonality": "yes",
    "RemoveIPC": "yes",
    "KeyringMode": "private",
    "SystemCallArchitectures": "native",
    "SystemCallFilter": "@system-service",
    "SystemCallErrorNumber": "EPERM",
    # others may pass directories, and read nothing: with 0027 systemd 247 (Debian 11) itself made the ones above a
    # service's own in /var/lib/private such that a dynamic user did not get through
    "UMask": "0026",
}
"""The settings of a service that says nothing, in the order in which its unit has them."""

FURTHER = (
    "MemoryDenyWriteExecute",
    "PrivateNetwork",
    "PrivateUsers",
    "PrivateIPC",
    "ProcSubset",
    "IPAddressAllow",
    "IPAddressDeny",
    "SocketBindAllow",
    "SocketBindDeny",
    "DevicePolicy",
    "DeviceAllow",
    "InaccessiblePaths",
    "ReadOnlyPaths",
    "BindPaths",
    "BindReadOnlyPaths",
    "TemporaryFileSystem",
    "NoExecPaths",
    "ExecPaths",
    "SecureBits",
    "RestrictFileSystems",
)
"""What can be set besides; nothing of it is set by default."""

NAMES: Mapping[str, str] = {name.lower(): name for name in (*DEFAULTS, *FURTHER)}
_LISTS = {"CapabilityBoundingSet", "AmbientCapabilities"}  # where an empty value means none, and is written


def setting_name(key: str) -> str | None:
    """Return ``ProtectSystem`` for itself, ``protect-system`` and ``protect_system``; None for no sandbox setting."""
    return NAMES.get(key.replace("-", "").replace("_", "").lower())


def sandbox_settings(
    overrides: Mapping[str, str] | None, capabilities: Collection[str] = ()
) -> tuple[tuple[str, str], ...]:
    """Return the (setting, value) pairs of one service.

    ``overrides`` maps names as systemd has them to values: a default with an empty value is left
    out of the unit. None means no sandbox at all. ``capabilities`` are kept by the process, and no others.
    """
    kept = " ".join(sorted(capabilities))
    granted = {"CapabilityBoundingSet": kept, "AmbientCapabilities": kept} if kept else {}
    if overrides is None:
        return tuple(granted.items())
    settings = {**DEFAULTS, **granted, **overrides}
    return tuple((k, v) for k, v in settings.items() if v or (k in _LISTS and k not in overrides))
