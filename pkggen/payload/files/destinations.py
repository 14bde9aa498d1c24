"""Where a package may put files of its user's choice, and where it would do harm."""

from __future__ import annotations

from collections.abc import Iterator

from pkggen.errors import Key, Problem
from pkggen.model import Entry, Kind, Role

# hier(7), FHS 3.0: an administrator's, a user's, or gone after a boot. A ghost may lie in /run.
_NOT_OURS = {
    "/home": "people's own files are there",
    "/root": "people's own files are there",
    "/usr/local": "it is the administrator's (FHS 4.9)",
    "/proc": "the kernel makes what is there",
    "/sys": "the kernel makes what is there",
    "/dev": "the kernel makes what is there",
    "/tmp": "it is emptied at boot: use tmpfiles",  # noqa: S108
    "/var/tmp": "it is emptied from time to time: use tmpfiles",  # noqa: S108
    "/run": "it is emptied at boot: use tmpfiles",
    "/var/run": "it is emptied at boot: use tmpfiles",
    "/var/lock": "it is emptied at boot: use tmpfiles",
    "/mnt": "other file systems are mounted there",
    "/media": "other file systems are mounted there",
}
_LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
# A package that held one of these with a mode of its own would change it for everybody.
_SHARED = """
/ /boot /etc /etc/cron.d /etc/cron.daily /etc/cron.hourly /etc/cron.monthly /etc/cron.weekly /etc/default
/etc/init.d /etc/logrotate.d /etc/pam.d /etc/profile.d /etc/skel /etc/ssl /etc/sudoers.d /etc/sysconfig
/etc/sysctl.d /etc/systemd /etc/systemd/system /etc/tmpfiles.d /etc/udev /etc/udev/rules.d /opt /srv /usr
/usr/bin /usr/games /usr/include /usr/lib /usr/lib64 /usr/lib/systemd /usr/lib/systemd/system
/usr/lib/sysctl.d /usr/lib/sysusers.d /usr/lib/tmpfiles.d /usr/lib/udev /usr/libexec /usr/sbin /usr/share
/usr/share/applications /usr/share/doc /usr/share/icons /usr/share/licenses /usr/share/man /usr/src /var
/var/cache /var/lib /var/log /var/mail /var/opt /var/spool
"""
# Commands that scripts of every system call: a second package that owns one can't be installed, or breaks it.
_SYSTEMS_COMMANDS = """
apt apt-get awk bash cat chgrp chmod chown cp curl cut dash date dd df dnf dpkg du echo egrep env expr false
fgrep find getent git grep groupadd gunzip gzip head hostname id install kill less ln login ls mkdir mktemp
more mount mv nologin openssl passwd perl pip pip3 ps pwd python python2 python3 readlink realpath rm rmdir
rpm sed sh sleep sort stat su sudo sync systemctl tail tar tee test touch tr true umount uname uniq useradd vi
wc xargs yum zcat
"""
_OURS = ("layers", "releases", "current", "lib", "bin", "venv", "manifest.json")


def misplaced(entry: Entry, prefix: str, where: Key) -> Iterator[Problem]:
    """Yield what is wrong with the place of an entry that the user declared; ``prefix`` is the package's own."""
    path = entry.path
    for place, why in _NOT_OURS.items():
        if _within(path, place) and not (entry.role is Role.GHOST and place == "/run"):
            yield Problem(f"{path}: no package puts files into {place}", where, why)
    for place in _LINKS:
        if _within(path, place):
            yield Problem(f"{path}: {place} is a link on today's systems", where, f"write /usr{path}")
    if path in _SHARED.split():
        yield Problem(f"{path} is the system's", where, "name a directory of your own")
    for name in _OURS:
        if _within(path, f"{prefix}/{name}"):
            yield Problem(f"{path}: {prefix}/{name} is kept by pkggen", where, "choose another directory")
    yield from taken_command(entry, where)


def taken_command(entry: Entry, where: Key) -> Iterator[Problem]:
    """Yield a problem when the entry is a command that the system has under that name."""
    directory, _, name = entry.path.rpartition("/")
    if (
        directory in ("/usr/bin", "/usr/sbin")
        and name in _SYSTEMS_COMMANDS.split()
        and entry.kind is not Kind.DIRECTORY
    ):
        yield Problem(f"{entry.path} is a command of the system's", where, "give it another name")


def _within(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory + "/")
