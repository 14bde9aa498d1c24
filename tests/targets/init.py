"""The first process of a box: mounts its world, reaps orphans, dies with its owner.

This file runs as a program (``python -I init.py DESCRIPTION``) as process 1 of fresh mount and
pid namespaces, and imports only the standard library: nothing of the host's file system can be
opened once the root has been switched.

Protocol. ``DESCRIPTION`` is JSON with the keys:

    root      directory to mount the overlay on
    layers    [lower, upper, work] directories of the overlay
    binds     [[host directory, path in the box], …], mounted read-only
    tmpfs     {path in the box: size as mount(8) writes it, …}
    hostname  the box's host name
    boot      null: switch into the root and wait; or the command line that boots it

Standard output gets one line, ``ready HOST_PID``. Standard input is never written to: its end
means that the owner is gone, and process 1 leaving ends every process of the box and its mounts.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
from typing import TypedDict

MS_RDONLY, MS_REMOUNT, MS_BIND, MS_MOVE, MS_REC, MS_PRIVATE = 1, 32, 4096, 8192, 16384, 1 << 18
"""Flags of mount(2), <sys/mount.h>."""

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
"""netdevice(7)."""

DEVICES = {
    "null": (1, 3),
    "zero": (1, 5),
    "full": (1, 7),
    "random": (1, 8),
    "urandom": (1, 9),
    "tty": (5, 0),
}
"""The character devices every program may count on, with their numbers from Linux's devices.txt."""

libc = ctypes.CDLL(None, use_errno=True)


class Description(TypedDict):
    """What the owner wants mounted; see the module's docstring."""

    root: str
    layers: list[str]
    binds: list[list[str]]
    tmpfs: dict[str, str]
    hostname: str
    boot: list[str] | None


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Make the system call; raises OSError with the path it failed on."""
    if libc.mount(source.encode(), target.encode(), kind.encode() or None, flags, options.encode() or None):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


def mount_layers(world: Description) -> None:
    """Mount the overlay, the binds and the size-limited file systems."""
    root = world["root"]
    lower, upper, work = world["layers"]
    # volatile: nothing is flushed to a disk that nobody reads again, however often dpkg asks (Linux 5.10)
    mount("overlay", root, "overlay", 0, f"lowerdir={lower},upperdir={upper},workdir={work},volatile")
    for path, size in world["tmpfs"].items():
        os.makedirs(root + path, exist_ok=True)
        mount("tmpfs", root + path, "tmpfs", 0, f"mode=755,size={size}")
    for source, path in world["binds"]:
        os.makedirs(root + path, exist_ok=True)
        mount(source, root + path, "", MS_BIND | MS_REC)
        # A bind mount takes its flags only when mounted again, mount(8).
        mount("", root + path, "", MS_BIND | MS_REMOUNT | MS_RDONLY)


def mount_kernel_files(root: str) -> None:
    """Give ``root`` /proc, a read-only /sys and a minimal /dev."""
    mount("proc", f"{root}/proc", "proc")
    mount("sysfs", f"{root}/sys", "sysfs", MS_RDONLY)
    mount("tmpfs", f"{root}/dev", "tmpfs", 0, "mode=755")
    os.umask(0)
    for name, (major, minor) in DEVICES.items():
        os.mknod(f"{root}/dev/{name}", 0o20666, os.makedev(major, minor))
    for name, kind, options in (
        ("pts", "devpts", "newinstance,ptmxmode=0666"),
        ("shm", "tmpfs", "mode=1777"),
    ):
        os.mkdir(f"{root}/dev/{name}", 0o755)
        mount(kind, f"{root}/dev/{name}", kind, 0, options)
    for name, aim in (
        ("ptmx", "pts/ptmx"),
        ("fd", "/proc/self/fd"),
        ("stdin", "fd/0"),
        ("stdout", "fd/1"),
        ("stderr", "fd/2"),
    ):
        os.symlink(aim, f"{root}/dev/{name}")
    os.umask(0o022)


def raise_loopback() -> None:
    """Bring up ``lo``, which a new network namespace has but leaves down."""
    with socket.socket() as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def switch_root(root: str) -> None:
    """Make ``root`` the root of this process and of the whole mount namespace.

    Moving the mount rather than a bare chroot: rpm >= 4.20 makes mounts of its own around
    scriptlets, which only works when / is a mount point.
    """
    os.chdir(root)
    mount(".", "/", "", MS_MOVE)
    os.chroot(".")
    os.chdir("/")


def reap() -> set[int]:
    """Collect every ended child, orphans of the box included; returns their pids."""
    ended: set[int] = set()
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended.add(pid)


def watch(booted: int | None) -> None:
    """Wait until the owner goes away or the booted system has ended."""
    wake, bell = os.pipe()
    os.set_blocking(bell, False)
    signal.set_wakeup_fd(bell, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        if booted is not None and booted in reap():
            return
        reap()
        readable, _, _ = select.select([0, wake], [], [], 5)
        if 0 in readable:
            return
        if wake in readable:
            os.read(wake, 4096)


def main() -> None:
    """Build the world that the command line describes and keep it until the owner leaves."""
    world: Description = json.loads(sys.argv[1])
    host_pid = os.readlink("/proc/self")  # this /proc is still the host's
    mount("none", "/", "", MS_REC | MS_PRIVATE)
    socket.sethostname(world["hostname"])
    raise_loopback()
    mount_layers(world)
    booted = None
    if world["boot"] is None:
        mount_kernel_files(world["root"])
        switch_root(world["root"])
    else:
        mount("proc", "/proc", "proc")
        mount("tmpfs", "/run", "tmpfs", 0, "mode=755")  # nspawn keeps its notes in the host's otherwise
        booted = subprocess.Popen(world["boot"], stdin=subprocess.DEVNULL, stdout=sys.stderr).pid
    print("ready", host_pid, flush=True)
    watch(booted)


if __name__ == "__main__":
    main()
