"""Root runs nothing that another user may have put there: each installation is refused, and says how to mend it."""

from __future__ import annotations

import os
import re
import struct
from pathlib import Path

import pytest

from tests.e2e.fault_application import NEW, OLD, Tiny, TinyPackages
from tests.e2e.turns import common
from tests.targets import Box, Target

TINY = Tiny()
DEEP = Tiny(name="deep", keys='prefix = "/opt/vendor/deep"\n')
# each lets eve put something in the place of what root runs, and is undone by the commands that the message names
OPENINGS = {
    "the prefix is another user's": "mkdir /opt/tiny && chown eve: /opt/tiny",
    "the prefix is a group's": "mkdir -m 2775 /opt/tiny && chgrp eve /opt/tiny",
    "the prefix is open to root's own group": "mkdir -m 0775 /opt/tiny",
    "anyone may write to the prefix, which is sticky": "mkdir -m 1777 /opt/tiny",
    "the parent is another user's": "chown eve /opt",
    "anyone may write to the parent, which is sticky": "chmod 1777 /opt",
    "an access control list": "mkdir /opt/tiny",  # and open_by_list
    "the root is open": "chmod g+w /",
    "a link leads through another user's directory": "ln -s /home/eve/on /mnt/on && mkdir /srv/opt &&"
    " su eve -c 'ln -s /srv/opt /home/eve/on' && rmdir /opt && ln -s /mnt/on /opt",
    "a folder in the prefix": "mkdir -p /opt/tiny/lib && chown eve /opt/tiny/lib",
    "a link in the prefix": "mkdir -p /opt/tiny && ln -s /home/eve /opt/tiny/lib",
    "a file deep in a layer": "mkdir -p /opt/tiny/layers/python/lib && touch /opt/tiny/layers/python/lib/os.py &&"
    " chown eve /opt/tiny/layers/python/lib/os.py",
}
COMMANDS = re.compile(r": (chown (?:-R )?root:root '[^']+'; chmod (?:-R )?go-w '[^']+')$", re.MULTILINE)
# what root would run, where eve can reach it
PLANT = """
printf '#!/bin/sh\\ntouch /root/ran\\n' >/home/eve/program; chmod 755 /home/eve/program; chown eve: /home/eve/program
for path in /opt/tiny/lib/activate.pyz /opt/tiny/layers/python/bin/python3* /opt/tiny/bin/tiny-releases; do
    su eve -c "cp --remove-destination /home/eve/program $path"
done
"""


@pytest.fixture(scope="module")
def tiny_packages(tmp_path_factory: pytest.TempPathFactory) -> TinyPackages:
    """Return where the packages are built."""
    return TinyPackages(common(tmp_path_factory, "trust"))


def test_deb_is_refused_where_others_may_write(tiny_packages: TinyPackages, debian_12: Target) -> None:
    """Before anything is written: preinst, with each way in which another user comes in."""
    refusals(tiny_packages, debian_12)


def test_rpm_is_refused_where_others_may_write(tiny_packages: TinyPackages, rpm_target: Target) -> None:
    """The same in %pre."""
    refusals(tiny_packages, rpm_target)


def refusals(tiny_packages: TinyPackages, target: Target) -> None:
    """Try each opening in a system of its own state; follow the message, which mends it."""
    path = tiny_packages.add(TINY, OLD)[target.family]
    with target.box(shares={"/pkgs": tiny_packages.directory}) as box:
        box.run("useradd -m eve; chmod 755 /home/eve", check=True)
        for why, opening in OPENINGS.items():
            box.run("rm -rf /opt /srv/opt /mnt/on /home/eve/on; mkdir /opt; chmod 755 / /opt", check=True)
            box.run(opening, check=True)
            if why == "an access control list":
                open_by_list(box.root / "opt/tiny", int(box.run("id -u eve", check=True).stdout))
            before = box.run("find /opt/ -ls | sort").stdout
            refused = install(box, path)
            assert refused.returncode != 0, why
            assert box.run("find /opt/ -ls | sort").stdout == before, f"{why}: nothing is written"
            if "link" not in why:  # where it leads to is not named by a command that mends a link
                for _ in range(3):
                    commands = COMMANDS.findall(refused.output)
                    if not commands:
                        break
                    box.run(" && ".join(commands), check=True)
                    refused = install(box, path)
                assert refused.returncode == 0, f"{why}: {refused.output}"
                assert box.run("tiny", check=True).stdout == f"tiny {OLD}\n"
                remove(box)


def open_by_list(directory: Path, user: int) -> None:
    """Let a user write to a directory as setfacl(1) does it: its bits say 0775, its group has no right to write."""
    rows = [(0x01, 7, 0xFFFFFFFF), (0x02, 7, user), (0x04, 5, 0xFFFFFFFF), (0x10, 7, 0xFFFFFFFF), (0x20, 5, 0xFFFFFFFF)]
    value = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *row) for row in rows)  # linux/posix_acl_xattr.h
    os.setxattr(directory, "system.posix_acl_access", value)


def test_deb_runs_nothing_that_was_given_away(tiny_packages: TinyPackages, debian_12: Target) -> None:
    """An installed prefix that an administrator gave to a user: upgrade, removal and NAME-releases run nothing."""
    given_away(tiny_packages, debian_12)


def test_rpm_runs_nothing_that_was_given_away(tiny_packages: TinyPackages, rpm_target: Target) -> None:
    """The same with rpm, whose verification runs a script, too."""
    given_away(tiny_packages, rpm_target)


def given_away(tiny_packages: TinyPackages, target: Target) -> None:
    """Give the prefix away, have its new owner put programs there, and do all that root does."""
    old, new = (tiny_packages.add(TINY, version)[target.family] for version in (OLD, NEW))
    with target.box(shares={"/pkgs": tiny_packages.directory}) as box:
        box.run("useradd -m eve; chmod 755 /home/eve", check=True)
        assert install(box, old).returncode == 0
        box.run("chown -R eve: /opt/tiny", check=True)
        box.run(PLANT, check=True)
        asked = {
            "upgrade": install(box, new),
            "remove": box.run(["dpkg", "-r", "tiny"] if target.family == "deb" else ["rpm", "-e", "tiny"], timeout=120),
        }
        asked["tiny-releases"] = box.run(["tiny-releases", "status"])
        if target.family == "rpm":
            asked["verify"] = box.run(["rpm", "-V", "tiny"], timeout=120)
        for what, done in asked.items():
            assert done.returncode != 0, what
            assert "another user than root may change" in done.output, (what, done.output)
            assert COMMANDS.findall(done.output), done.output
        assert box.run("test -e /root/ran").returncode != 0


def install(box: Box, path: str):  # type: ignore[no-untyped-def]
    """Install with the plain tool, and no network or database of packages to look at."""
    argv = ["dpkg", "-i", path] if box.family == "deb" else ["rpm", "-U", "--force", "--nosignature", path]
    return box.run(argv, timeout=120)


def remove(box: Box) -> None:
    """Remove all of it."""
    box.run(["dpkg", "-P", "tiny"] if box.family == "deb" else ["rpm", "-e", "tiny"], check=True, timeout=120)
