"""What administrators type besides install, upgrade and remove, and what stops half-way: the application runs on.

Which test tries which verb of the package managers, on real systems:

| verb | .deb | .rpm |
|---|---|---|
| install, upgrade, downgrade, reinstall, remove, purge | test_lifecycle, test_modes | test_lifecycle, test_modes |
| several applications with one call | test_late_import, test_surroundings | test_late_import, test_surroundings |
| `rpm -U --oldpackage` | | test_late_import |
| removed without a purge, `rpm -e`; installed anew | here | here |
| `dnf history undo` of an upgrade, of an installation | | here |
| postinst, %post fail: the new release does not start, is not healthy, a hook fails | test_late_import, test_health, \
test_hook_order | the same |
| `dpkg --configure -a`, or the same again, when the cause is gone | test_health, test_hook_order | the same |
| preinst, %pre refuse an upgrade | here | here |
| the upgrade stops while files are unpacked | here | here |
| the old prerm fails on an upgrade | here | |
| prerm, %preun refuse a removal | here | here |
| the package manager is killed | test_faults | test_faults |
"""

from __future__ import annotations

import gzip
import hashlib

from tests.e2e.fault_application import OLD, Tiny, TinyPackages
from tests.targets import Box, Target

NEW = "2.1"
STAYS = Tiny(
    tables='\n[tool.pkggen.scripts]\nbefore-remove = "stay.sh"\n',
    files=(("stay.sh", "#!/bin/sh\ntest ! -e /srv/stay\n"),),
)
"""Its new version, which stays as long as an administrator says so."""
INSTALL = {"deb": "dpkg -i {0}", "rpm": "rpm -U --oldpackage {0}"}
REMOVE = {"deb": "dpkg -r tiny", "rpm": "rpm -e tiny"}
CLOSED = "mount --bind {0} {0} && mount -o remount,bind,{1} {0}"
HALF_WAY = {
    "deb": "head -c -200000 {0} >/srv/half.deb && dpkg -i /srv/half.deb",
    "rpm": f"{CLOSED.format('/opt/tiny/layers/app', 'ro')}; rpm -U {{0}}; status=$?; umount /opt/tiny/layers/app; "
    "exit $status",
}
"""Ends while files are unpacked: dpkg finds the archive cut short, which rpm would see beforehand."""
REPOMD = '<repomd xmlns="http://linux.duke.edu/metadata/repo"><data type="primary">{}</data></repomd>'
PRIMARY = """\
<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="1">
<package type="rpm"><name>tiny</name><arch>x86_64</arch><version epoch="0" ver="{version}" rel="1"/>
<checksum type="sha256" pkgid="YES">{digest}</checksum><summary/><description/><packager/><url/>
<time file="0" build="0"/>
<size package="{size}" installed="{size}" archive="{size}"/><location href="{path}"/>
<format><rpm:provides><rpm:entry name="tiny" flags="EQ" epoch="0" ver="{version}" rel="1"/></rpm:provides></format>
</package></metadata>
"""
DAMAGE = {"deb": "printf '#!/bin/sh\\nexit 1\\n' >/var/lib/dpkg/info/tiny.prerm", "rpm": ""}


def test_deb_verbs(tiny_packages: TinyPackages, debian_12: Target) -> None:
    """Upgrades and removals that dpkg has to call off leave the application running, and are made good by the next."""
    with debian_12.box(shares={"/pkgs": tiny_packages.directory}) as box:
        new = called_off(box, tiny_packages)
        box.run("printf '#!/bin/sh\\nexit 1\\n' >/var/lib/dpkg/info/tiny.prerm", check=True)
        box.run(f"dpkg -i {new}", check=True)  # the new prerm makes up for the old one: failed-upgrade
        whole(box, NEW)
        removed_and_back(box, new)


def test_rpm_verbs(tiny_packages: TinyPackages, rpm_target: Target) -> None:
    """The same with rpm, which calls less off; dnf undoes an upgrade and an installation."""
    with rpm_target.box(shares={"/pkgs": tiny_packages.directory}) as box:
        new = called_off(box, tiny_packages)
        box.run(f"rpm -U {new}", check=True)
        removed_and_back(box, new)
        box.run("rpm -U --oldpackage " + tiny_packages.add(Tiny(), OLD)["rpm"], check=True)
        repository = f"--repofrompath=local,{repository_of(box, tiny_packages.add(Tiny(), OLD)['rpm'])} --nogpgcheck"
        box.run(f"dnf upgrade -y {new}", check=True, timeout=120)
        whole(box, NEW)
        box.run(f"dnf {repository} history undo -y last", check=True, timeout=120)
        whole(box, OLD)
        box.run("rpm -e tiny", check=True)
        box.run(f"dnf {repository} install -y tiny", check=True, timeout=120)
        whole(box, OLD)
        box.run("dnf history undo -y last", check=True, timeout=120)
        assert gone(box)


def called_off(box: Box, tiny_packages: TinyPackages) -> str:
    """Install the old version and let upgrades be refused, and stop while files are unpacked; return the new one."""
    old, new = (tiny_packages.add(*made)[box.family] for made in ((Tiny(), OLD), (STAYS, NEW)))
    install = INSTALL[box.family]
    box.run(install.format(old), check=True)
    whole(box, OLD)
    box.run(CLOSED.format("/opt/tiny", "noexec"), check=True)
    refused = box.run(install.format(new))
    box.run("umount /opt/tiny", check=True)
    assert refused.returncode != 0
    assert "programs can't be run from /opt/tiny" in refused.output
    whole(box, OLD)
    stopped = box.run(HALF_WAY[box.family].format(new))
    assert stopped.returncode != 0
    assert box.run("tiny", check=True).stdout == f"tiny {OLD}\n"
    if box.family == "rpm":  # rpm takes nothing back; the release is not its own
        box.run(install.format(new), check=True)
        whole(box, NEW)
        box.run(install.format(old), check=True)
    whole(box, OLD)
    return new


def removed_and_back(box: Box, package: str) -> None:
    """Remove the package, which it refuses at first, and install it again."""
    box.run("touch /srv/stay", check=True)
    assert box.run(REMOVE[box.family]).returncode != 0
    whole(box, NEW)
    box.run("rm /srv/stay", check=True)
    box.run(REMOVE[box.family], check=True)
    assert gone(box)
    box.run(INSTALL[box.family].format(package), check=True)
    whole(box, NEW)


def whole(box: Box, version: str) -> None:
    """Check that the version is installed, runs, and is as it was packaged."""
    assert box.packages.version("tiny") == f"{version}-1"
    assert box.run("tiny", check=True).stdout == f"tiny {version}\n"
    verified = box.packages.verify("tiny")
    assert (verified.returncode, verified.output) == (0, "")
    assert box.run("/opt/tiny/bin/tiny-releases verify").returncode == 0


def gone(box: Box) -> bool:
    """Tell whether nothing of the application is left."""
    return not any((box.root / path).exists() for path in ("opt/tiny", "usr/bin/tiny"))


def repository_of(box: Box, package: str) -> str:
    """Make a repository that holds one package, in the target's /srv; return its address."""
    directory = box.root / "srv/repository"
    (directory / "repodata").mkdir(parents=True)
    box.run(f"cp {package} /srv/repository/tiny.rpm", check=True)
    content = (directory / "tiny.rpm").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    primary = PRIMARY.format(version=OLD, digest=digest, size=len(content), path="tiny.rpm").encode()
    (directory / "repodata/primary.xml.gz").write_bytes(gzip.compress(primary, mtime=0))
    packed = hashlib.sha256(gzip.compress(primary, mtime=0)).hexdigest()
    location = f'<checksum type="sha256">{packed}</checksum><location href="repodata/primary.xml.gz"/>'
    (directory / "repodata/repomd.xml").write_text(REPOMD.format(location))
    return "file:///srv/repository"
