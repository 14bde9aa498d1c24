"""What a killed package manager leaves half unpacked goes with the next installation, also of another version."""

from __future__ import annotations

import pytest

from tests.e2e.fault_application import Tiny, TinyPackages
from tests.e2e.turns import common
from tests.targets import Box, Target

PLAIN = Tiny()
MANY = Tiny(modules=tuple((f"many/{i % 9}/module{i}.py", f"# {i}\n") for i in range(900)))
KILLED = """
dpkg -i {} >/dev/null 2>&1 & pid=$!
until find /opt/tiny -path '*/many/*.dpkg-new' | grep -q .; do
    kill -0 $pid || exit 1
done
kill -9 $pid; wait $pid; sleep 0.3
"""
LEFT = "find /opt/tiny -name '*.dpkg-new' -o -name many"


@pytest.fixture
def tiny_packages(tmp_path_factory: pytest.TempPathFactory) -> TinyPackages:
    """Return where the packages are built."""
    return TinyPackages(common(tmp_path_factory, "debris"))


def test_a_killed_dpkg_leaves_nothing(tiny_packages: TinyPackages, debian_12: Target) -> None:
    """Version 2.0 is killed while it is unpacked; then 3.0 has none of its files, or a removal comes."""
    first, many, third = (tiny_packages.add(a, v)["deb"] for a, v in ((PLAIN, "1.0"), (MANY, "2.0"), (PLAIN, "3.0")))
    with debian_12.box(shares={"/pkgs": tiny_packages.directory}) as box:
        box.packages.install(first)
        box.run("mkdir /opt/tiny/an-administrators", check=True)
        kill(box, many)
        box.run(["dpkg", "-i", third], check=True, timeout=120)
        assert box.run("tiny", check=True).stdout == "tiny 3.0\n"
        assert box.run(LEFT).stdout == ""
        assert box.run("rmdir /opt/tiny/an-administrators").returncode == 0, "an empty directory of others stays"
        kill(box, many)
        box.run("dpkg --purge --force-remove-reinstreq tiny", check=True, timeout=120)
        assert box.run("find /opt/tiny").stdout == ""


def kill(box: Box, package: str) -> None:
    """Kill dpkg while it unpacks a package."""
    box.run(KILLED.format(package), check=True, timeout=120)
    assert ".dpkg-new" in box.run(LEFT, check=True).stdout
