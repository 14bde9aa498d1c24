"""Systems that are not as a desk has them: minimal, linked elsewhere, closed by a umask, no system yet but an image."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.e2e.fault_application import NEW, OLD, Tiny, TinyPackages
from tests.e2e.packages import PORTABLE
from tests.targets import Box, Target, difference, snapshot
from tests.targets.host import UNSHARE
from tests.targets.process import Result

pytestmark = pytest.mark.skipif(not PORTABLE, reason="no portable interpreter beside the checkout")

HEARD = '#!/bin/sh\necho "heard: $(tiny)"\n'
TINY = Tiny()
SERVED = Tiny(
    "served",
    (("serve.py", "import time\n\n\ndef main():\n    time.sleep(3600)\n"),),
    "serve",
    tables='\n[tool.pkggen.scripts]\nafter-install = "heard.sh"\nafter-upgrade = "heard.sh"\n',
    files=(("heard.sh", HEARD),),
    keys='depends = ["tiny"]\n',
)
"""Depends on the other, and its hook runs that one's command: it has to be configured by then."""
INSTALL = {
    "deb": "apt-get install -y --no-install-recommends {0}",
    "rpm": "dnf install -y --setopt=install_weak_deps=False --setopt=tsflags=nodocs {0}",
}
UPGRADE = {**INSTALL, "rpm": INSTALL["rpm"].replace(" install ", " upgrade ")}
REMOVE = {"deb": "apt-get purge -y {0}", "rpm": "dnf remove -y {0}"}
EXCLUDE = "path-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\npath-exclude=/usr/share/lintian/*\n"
USE = """\
import importlib, sys
for name in sorted(sys.stdlib_module_names - {"antigravity", "this", "idlelib", "turtledemo"}):
    try:
        importlib.import_module(name)
    except ImportError:
        pass
"""
NOBODY = "env HOME=/nonexistent setpriv --reuid=65534 --regid=65534 --clear-groups "
WANTED = "etc/systemd/system/multi-user.target.wants/served.service"


@pytest.fixture(name="tiny_packages", scope="module")
def with_both(tiny_packages: TinyPackages) -> TinyPackages:
    """Return both applications' packages."""
    for version in (OLD, NEW):
        tiny_packages.add(TINY, version)
        tiny_packages.add(SERVED, version)
    return tiny_packages


def both(tiny_packages: TinyPackages, version: str, family: str) -> str:
    """Return the packages of both, the one that needs the other first."""
    return f"{tiny_packages.add(SERVED, version)[family]} {tiny_packages.add(TINY, version)[family]}"


def test_deb_minimal_system(tiny_packages: TinyPackages, debian_12: Target) -> None:
    """No documents, nothing recommended, no systemd, umask 077: two applications come, work and go without a trace."""
    with debian_12.box(shares={"/pkgs": tiny_packages.directory}) as box:
        (box.root / "etc/dpkg/dpkg.cfg.d/minimal").write_text(EXCLUDE)
        life(box, tiny_packages)


def test_rpm_minimal_system(tiny_packages: TinyPackages, rpm_target: Target) -> None:
    """The same with rpm and dnf."""
    with rpm_target.box(shares={"/pkgs": tiny_packages.directory}) as box:
        life(box, tiny_packages)


def test_deb_linked_opt(tiny_packages: TinyPackages, debian_12: Target) -> None:
    """Where /opt is a link, packages come, work and go through it, and it stays; dpkg would take it away."""
    with debian_12.box(shares={"/pkgs": tiny_packages.directory}) as box:
        linked(box, tiny_packages)


def test_rpm_linked_opt(tiny_packages: TinyPackages, rpm_target: Target) -> None:
    """The same with rpm and dnf."""
    with rpm_target.box(shares={"/pkgs": tiny_packages.directory}) as box:
        linked(box, tiny_packages)


def linked(box: Box, tiny_packages: TinyPackages) -> None:
    """Live below a link for /opt, then see a link for the prefix itself refused."""
    box.run("rmdir /opt && mkdir -p /srv/opt && ln -s srv/opt /opt", check=True)
    life(box, tiny_packages)
    assert box.run("readlink /opt").stdout.strip() == "srv/opt"
    box.run("mkdir /srv/elsewhere && ln -s /srv/elsewhere /opt/tiny", check=True)
    before = snapshot(box)
    done = box.run(INSTALL[box.family].format(tiny_packages.add(TINY, OLD)[box.family]))
    assert done.returncode != 0
    assert "/opt/tiny is a symbolic link: replace it with a directory" in done.output
    assert difference(before, snapshot(box)) == []


def life(box: Box, tiny_packages: TinyPackages) -> None:
    """Install, use, upgrade and remove both applications with a closed umask; compare the whole root."""
    family, before = box.family, snapshot(box)
    for version, command in ((OLD, INSTALL), (NEW, UPGRADE)):
        done = box.run(
            "umask 077; " + command[family].format(both(tiny_packages, version, family)), check=True, timeout=300
        )
        assert f"heard: tiny {version}" in done.output
        used(box, version)
    at_once = " & ".join(
        f"/opt/{name}/layers/python/bin/python3 -I -B /opt/{name}/lib/activate.pyz configure >/dev/null"
        for name in ("tiny", "served")
    )
    assert box.run(f"{at_once} & wait").output == ""
    used(box, NEW)
    # one after the other: the last one decides what becomes of /opt
    for name in ("served", "tiny"):
        box.run("umask 077; " + REMOVE[family].format(name), check=True, timeout=300)
    assert difference(before, snapshot(box)) == []


def used(box: Box, version: str) -> None:
    """Run and import everything as root and as nobody; nothing has changed by that."""
    for name in ("tiny", "served"):
        for prefix in ("", NOBODY):
            said = box.run(f"{prefix}/usr/bin/{name}", check=True).stdout
            assert said == f"{name} {version}\n"
            if version == OLD:
                box.run(f"cd / && {prefix}/opt/{name}/current/venv/bin/python -", stdin=USE, check=True)
        verified = box.packages.verify(name)
        missing_documents = [line for line in verified.stdout.splitlines() if "/usr/share/" not in line]
        assert missing_documents == [], verified.output
        assert box.run(f"/opt/{name}/bin/{name}-releases verify").returncode == 0
    assert (box.root / WANTED).is_symlink()


def test_deb_image(tiny_packages: TinyPackages, debian_12: Target, tmp_path: Path) -> None:
    """In a hook of mmdebstrap, and by ``dpkg --root`` without /proc: commands work, and services are enabled."""
    debs = [tiny_packages.directory / path.removeprefix("/pkgs/") for path in both(tiny_packages, OLD, "deb").split()]
    hook = f'cp {debs[0]} {debs[1]} "$1/root" && chroot "$1" sh -c "apt-get install -y /root/*.deb && rm /root/*.deb"'
    options = ["--mode=root", "--variant=custom", "--skip=check/empty,update,cleanup/apt", "--format=directory"]
    hooks = [f'--setup-hook=cp -a {debian_12.tree()}/. "$1"', f"--customize-hook={hook}"]
    image = tmp_path / "image"
    ended(["mmdebstrap", *options, *hooks, "bookworm", image, "deb [trusted=yes] copy:/nonexistent ./"])
    assert (image / WANTED).is_symlink()
    assert ended(["chroot", image, "served"]).stdout == f"served {OLD}\n"
    for name in ("tiny", "served"):
        ended(["chroot", image, "dpkg", "--verify", name])
    ended(["dpkg", f"--root={image}", "--purge", "served", "tiny"])
    assert sorted(path.name for path in (image / "opt").iterdir()) == []
    ended(["dpkg", f"--root={image}", "-i", *reversed(debs)])
    assert ended(["chroot", image, "served"]).stdout == f"served {OLD}\n"


def test_rpm_image(tiny_packages: TinyPackages, rpm_target: Target) -> None:
    """``dnf --installroot`` builds an image from outside, in which the command runs."""
    with rpm_target.box(shares={"/pkgs": tiny_packages.directory, "/base": rpm_target.tree()}) as box:
        box.run("cp -a /base /image", check=True, timeout=300)
        command = INSTALL["rpm"].replace("dnf ", "dnf --installroot=/image --releasever=/ ", 1)
        box.run(command.format(both(tiny_packages, OLD, "rpm")), check=True, timeout=300)
        assert (box.root / "image" / WANTED).is_symlink()
        assert box.run("chroot /image served", check=True).stdout == f"served {OLD}\n"
        for name in ("tiny", "served"):
            assert box.run(f"rpm --root /image -V {name}").output == ""
        box.run("dnf --installroot=/image remove -y served tiny", check=True, timeout=300)
        assert box.run("ls -A /image/opt").output == ""


def ended(command: list[str | Path]) -> Result:
    """Run a command of the host in namespaces of its own, without a network; fail the test with what it said."""
    done = subprocess.run([*UNSHARE, *map(str, command)], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return Result(tuple(map(str, command)), 0, done.stdout, done.stderr)
