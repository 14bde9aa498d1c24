"""Systems that take files from packages only: fapolicyd lets no others run, an OSTree image has no others."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import replace
from pathlib import Path

from tests.e2e.applications import SAMPLES
from tests.e2e.fault_application import OLD, Tiny, TinyPackages
from tests.e2e.packages import Factory
from tests.e2e.test_lifecycle import inside
from tests.targets import Box, Target
from tests.targets.catalogue import ASIDE

NOTICEBOARD, CSVSTATS = SAMPLES
NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups "
REFUSED = 126  # what a shell says of a program that it may not start
# fapolicyd's policy known-libs without its loop holes for root: only trusted programs, libraries and modules
RULES = "10-* 30-* 41-* 42-* 70-* 72-* 90-* 95-*"
SETTINGS = {"watch_fs": "overlay", "trust": "file", "integrity": "sha256", "uid": "root", "gid": "root"}
DAEMON = """\
fapolicyd --debug-deny >/tmp/daemon.log 2>&1 &
echo $! >/run/daemon.pid
for second in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    if grep -q 'Starting to listen' /tmp/daemon.log; then exit 0; fi
    sleep 0.5
done
cat /tmp/daemon.log
exit 1
"""
TINY = Tiny(keys='prefix = "/usr/lib/tiny"\n', tables='\n[tool.pkggen.venv]\nmode = "packaged"\n')
IMAGE = f"""\
dpkg -i --force-depends {ASIDE}/ostree* {ASIDE}/lib*.deb >/dev/null
ostree --repo=/srv/repo init --mode=bare
ostree --repo=/srv/repo commit --branch=image --tree=dir=/usr/lib/tiny
ostree --repo=/srv/repo checkout image /srv/image
mount --bind -o ro /srv/image /usr/lib/tiny
"""


def test_only_packaged_files_are_trusted(factory: Factory, debian_12: Target) -> None:
    """Where files that no package brought may not run, a packaged venv does, and an activated one does not."""
    packaged = replace(CSVSTATS, mode="packaged")
    made = {sample: factory(sample, sample.versions[0])["deb"] for sample in (packaged, NOTICEBOARD)}
    with debian_12.box(shares={"/pkgs": factory.share}) as box:
        box.run(f"dpkg -i {ASIDE}/fapolicyd_* {ASIDE}/liblmdb* {ASIDE}/libmagic*", check=True)
        box.packages.install(*(inside(path, factory) for path in made.values()))
        for sample in made:
            assert sample.prints.format(version=sample.versions[0]) in box.run(sample.proof).output
        (box.root / "srv/stranger").write_bytes((box.root / "usr/bin/true").read_bytes())
        (box.root / "srv/stranger").chmod(0o755)
        trust_packages_only(box)
        try:
            assert box.run("/srv/stranger").returncode == REFUSED
            for user in ("", NOBODY):
                said = box.run(user + packaged.proof)
                assert packaged.prints.format(version=packaged.versions[0]) in said.output, said.output
                assert box.run(user + NOTICEBOARD.proof).returncode == REFUSED
        finally:
            box.run(["sh", "-c", "kill $(cat /run/daemon.pid)"])


def trust_packages_only(box: Box) -> None:
    """Start fapolicyd with a trust database of all files that dpkg knows, as rpm's plug-in makes it on EL."""
    conf = box.root / "etc/fapolicyd/fapolicyd.conf"
    settings = dict(line.split(" = ") for line in conf.read_text().splitlines() if " = " in line) | SETTINGS
    conf.write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))
    (box.root / "etc/fapolicyd/fapolicyd.trust").write_text("".join(sorted(set(known_files(box)))))
    box.run("rm -f /etc/fapolicyd/*.d/*; mkdir -p /run/fapolicyd")
    box.run(f"cd /usr/share/fapolicyd/sample-rules && cp {RULES} /etc/fapolicyd/rules.d && fagenrules", check=True)
    box.run(DAEMON, check=True)


def known_files(box: Box) -> list[str]:
    """Return path, size and digest of each file of each package, a line each."""
    lines = []
    for listed in (box.root / "var/lib/dpkg/info").glob("*.list"):
        for name in listed.read_text().splitlines():
            path = f"/usr{name}" if name.startswith(("/bin/", "/sbin/", "/lib")) else name
            file = Path(f"{box.root}{path}")
            if file.is_file() and not file.is_symlink() and " " not in path:
                data = file.read_bytes()
                lines.append(f"{path} {len(data)} {hashlib.sha256(data).hexdigest()}\n")
    return lines


def test_an_image_runs_as_it_was_committed(tiny_packages: TinyPackages, debian_12: Target) -> None:
    """In an OSTree checkout, read-only and with all times 0, a packaged venv runs from its own byte code."""
    package = tiny_packages.add(TINY, OLD)["deb"]
    with debian_12.box(shares={"/pkgs": tiny_packages.directory}) as box:
        box.packages.install(package)
        box.run(IMAGE, check=True)
        site = box.run("echo /usr/lib/tiny/venv/lib/python3.*/site-packages/tiny").stdout.strip()
        said = box.run(f"{NOBODY} /usr/lib/tiny/venv/bin/python -I -v -c 'import tiny.main'").output

        assert box.run(NOBODY + "tiny").stdout == f"tiny {OLD}\n"
        assert os.stat(f"{box.root}{site}/main.py").st_mtime == 0
        assert re.search(rf"code object from '{site}/__pycache__/main\.cpython-\d+\.pyc'", said), said
        assert box.run("ostree --repo=/srv/repo fsck --quiet").returncode == 0
