"""What is a directory in one version may be a file or a link in the next, and the other way round."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.example_packages import PYTHON
from tests.e2e.packages import build, pkggen
from tests.targets import Box, Target
from tests.unit.wheelsmith import Smith

MODES = ("activated", "packaged")
SHARE = "/usr/share/turning"
TREES = {"activated": "/opt/turning/current/venv", "packaged": "/opt/turning/venv"}
OWNED = {"activated": "/opt/turning/layers/app", "packaged": "/opt/turning/venv"}
LINKS = {"1": ("near", "apart"), "2": ("apart", "near")}  # what is a link, what is a directory


def project(root: Path, version: str, mode: str) -> Path:
    """Write a version: logo is a directory in the first and a file in the second, theme the other way round."""
    data = root / "src/turning/data"
    data.mkdir(parents=True)
    folder, file = ("logo", "theme") if version == "1" else ("theme", "logo")
    (data / folder).mkdir()
    (data / folder / "big.txt").write_text(version)
    (data / file).write_text(version)
    (root / "src/turning/__init__.py").touch()
    (root / "real").mkdir()
    (root / "real/kept.txt").write_text("the same")
    link, directory = LINKS[version]
    (root / "there").mkdir()
    (root / "there/inner.txt").write_text(version)
    (root / "etc.conf").write_text(version)
    rows = [
        ("real/kept.txt", f"{SHARE}/real/kept.txt", "file"),
        ("real", f"{SHARE}/{link}", "symlink"),
        ("there/inner.txt", f"{SHARE}/{directory}/inner.txt", "file"),
        ("etc.conf", "/etc/turning/main" + ("/etc.conf" if version == "1" else ""), "config"),
        ("etc.conf", f"{SHARE}/" + ("outer/etc.conf" if version == "1" else "outer"), "file"),
    ]
    tables = "".join(f'[[files]]\nsrc = "{a}"\ndst = "{b}"\ntype = "{c}"\n' for a, b, c in rows)
    quick = '[deb]\ncompression = "zstd:1"\n[rpm]\ncompression = "zstd:1"\n'
    head = f'name = "turning"\nversion = "{version}"\nsource = "src"\nvenv.mode = "{mode}"\n'
    (root / "pkggen.toml").write_text(head + quick + tables)
    return root


@pytest.fixture(scope="module", params=MODES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Return a mode and a directory with both versions in it, such as ``1.deb``."""
    home = tmp_path_factory.mktemp(request.param)
    for version in ("1", "2"):
        root = project(home / f"project{version}", version, request.param)
        for path in build(root, home / f"dist{version}", *PYTHON).values():
            path.rename(home / f"{version}{path.suffix}")
    return request.param, home


def change(box: Box, version: str) -> str:
    """Go to a version, up or down, with apt or dnf, which ask rpm first whether it would work; return what was said."""
    path = f"/pkgs/{version}.{box.family}"
    apt, dnf = "apt-get install -y --allow-downgrades", "dnf install -y"
    dnf = "dnf downgrade -y" if box.packages.version("turning") == "2-1" else dnf
    return box.run(f"{apt if box.family == 'deb' else dnf} {path}", check=True, timeout=600).output


def look(box: Box, mode: str) -> dict[str, str]:
    """Return what is where: "dir", "link", or the text of a file."""
    data = f"{TREES[mode]}/lib/python3*/site-packages/turning/data"
    near = " ".join(f"{SHARE}/{name}" for name in ("near", "apart", "outer"))
    script = (
        f"for p in {data}/logo {data}/theme {near} /etc/turning/main; do "
        'if [ -L "$p" ]; then k=link; elif [ -d "$p" ]; then k=dir; else k=$(cat "$p"); fi; '
        'echo "${p##*/}=$k"; done'
    )
    return dict(line.split("=") for line in box.run(script, check=True).stdout.split())


FIRST = {"logo": "dir", "theme": "1", "near": "link", "apart": "dir", "outer": "dir", "main": "dir"}
SECOND = {"logo": "2", "theme": "dir", "near": "dir", "apart": "link", "outer": "2", "main": "2"}


def both_ways(target: Target, made: tuple[str, Path]) -> None:
    """Install the first version, go up and down again, with files of an administrator's in what goes."""
    mode, share = made
    with target.box(shares={"/pkgs": share}) as box:
        change(box, "1")
        assert look(box, mode) == FIRST
        own = f"{OWNED[mode]}/lib/python3*/site-packages/turning/data/logo"
        box.run(f"for d in {own} {SHARE}/apart {SHARE}/outer; do echo mine >$d/mine; done", check=True)
        said = change(box, "2")
        assert look(box, mode) == SECOND
        assert box.packages.verify("turning").output == ""
        kept = box.run("find /opt/turning /usr/share/turning -name mine -path '*save*'").stdout.split()
        assert len(kept) == 3, said
        assert all(place.rpartition("/")[0] in said for place in kept)
        change(box, "1")
        assert look(box, mode) == FIRST
        assert box.packages.verify("turning").output == ""
        assert box.run(["cat", *kept], check=True).stdout == "mine\n" * 3


def test_kinds_change_on_debian(debian_12: Target, made: tuple[str, Path]) -> None:
    """Directories, files and links of the package change places, and nobody's file is lost."""
    both_ways(debian_12, made)


def test_kinds_change_on_rpm_systems(rpm_target: Target, made: tuple[str, Path]) -> None:
    """The same where rpm would refuse it."""
    both_ways(rpm_target, made)


def test_what_is_no_known_link_stays(rpm_target: Target, debian_12: Target, made: tuple[str, Path]) -> None:
    """A directory that an administrator moved to another disk, and linked there, stays where it is."""
    mode, share = made
    for target in (rpm_target, debian_12):
        with target.box(shares={"/pkgs": share}) as box:
            change(box, "1")
            box.run(
                f"mkdir -p /srv/disk && mv {SHARE}/real /srv/disk/real && ln -s /srv/disk/real {SHARE}/real", check=True
            )
            change(box, "2")
            assert look(box, mode) == SECOND
            assert box.run(f"readlink {SHARE}/real").stdout.strip() == "/srv/disk/real"


def parted(home: Path, version: str) -> None:
    """Build an application with its dependencies in a package of their own; one has a directory, later a file."""
    root = home / f"parted{version}"
    (root / "src/parted").mkdir(parents=True)
    (root / "src/parted/__init__.py").touch()
    names = {"1": "shelf/data/logo/big.txt", "2": "shelf/data/logo"}
    wheel = Smith("shelf", version, files={"shelf/__init__.py": b"", names[version]: version.encode()})
    (root / "wheels").mkdir()
    (root / "wheels" / wheel.filename).write_bytes(wheel.bytes())
    (root / "pkggen.toml").write_text(
        f'name = "parted"\nversion = "{version}"\nsource = "src"\nsplit = "deps"\nwheels.dir = "wheels"\n'
        '[deb]\ncompression = "zstd:1"\n[rpm]\ncompression = "zstd:1"\n'
    )
    done = pkggen("build", root, "-o", home / f"dist{version}", "-q", *PYTHON)
    assert done.returncode == 0, done.stderr


def test_kinds_change_in_packages_of_layers(
    rpm_target: Target, debian_12: Target, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A split application's dependencies are a package that does the same, up and down."""
    home = tmp_path_factory.mktemp("parted")
    for version in ("1", "2"):
        parted(home, version)
    place = "/opt/parted/current/venv/lib/python3*/site-packages/shelf/data/logo"
    for target in (rpm_target, debian_12):
        change = (
            "apt-get install -y --allow-downgrades" if target.family == "deb" else "rpm -U --oldpackage --nosignature"
        )
        with target.box(shares={"/pkgs": home}) as box:
            for version, kind in (("1", "-d"), ("2", "-f"), ("1", "-d")):
                box.run(f"{change} /pkgs/dist{version}/*.{target.family}", check=True, timeout=600)
                box.run(f"test {kind} {place}", check=True)
                assert box.packages.verify("parted-deps").output == ""
