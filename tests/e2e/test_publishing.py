"""A published repository, as the real apt and dnf see it: set up, installed, upgraded, held back, gone back, spoilt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.published import NAME, NEW_KEY, OLD_KEY, Published, both_keys, packages, spoil
from tests.targets import Box, Target

KEY_FILE = "etc/apt/keyrings/example.asc"
FORGET_APT = "rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb"
FORGET_DNF = "rm -rf /var/cache/dnf /var/cache/libdnf5 /var/lib/dnf/repos"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Path]]:
    return packages(tmp_path_factory.mktemp("told"), "1.0", "2.0")


@pytest.fixture(scope="module")
def keys() -> Iterator[Path]:
    with both_keys() as home:
        yield home


@pytest.fixture
def shop(tmp_path: Path, keys: Path) -> Published:
    return Published(tmp_path / "project", keys)


def version(box: Box) -> str | None:
    return box.packages.version(NAME)


def test_apt(debian: Target, shop: Published, built: dict[str, dict[str, Path]]) -> None:
    """Set up by the copied lines; installed, held back at 0%, upgraded at 100%, gone back with the channel."""
    shop.publish(built["1.0"]["deb"])
    with debian.boot() as machine, shop.served(machine):  # in a chroot apt holds nothing back
        machine.run(shop.setup("apt"), check=True)
        machine.run(["apt-get", "install", "-y", NAME], check=True)
        assert version(machine) == "1.0-1"

        shop.publish(built["2.0"]["deb"], channel="edge")
        shop.run("repository", "promote", f"{NAME}=2.0", "edge", "stable", "--phase", "0%")
        upgrade = "apt-get update && apt-get -y upgrade"
        machine.run(upgrade, check=True)
        assert version(machine) == "1.0-1"

        shop.run("repository", "phase", f"{NAME}=2.0", "100%")
        machine.run(upgrade, check=True)
        assert version(machine) == "2.0-1"

        shop.run("repository", "rollback", "stable", "1")
        machine.run(f"apt-get update && apt-get install -y --allow-downgrades {NAME}=1.0-1", check=True)
        assert version(machine) == "1.0-1"
        assert "2.0-1" not in machine.run(["apt-cache", "madison", NAME]).stdout
    shop.run("repository", "verify")


def test_apt_refuses_what_is_spoilt(debian: Target, shop: Published, built: dict[str, dict[str, Path]]) -> None:
    """A byte of the Release, of an index or of a package; and an index whose time is over."""
    shop.publish(built["1.0"]["deb"])
    with debian.box() as box, shop.served(box):
        box.run(shop.setup("apt"), check=True)
        fetch = f"{FORGET_APT}; apt-get update && apt-get install -y --reinstall {NAME}"
        box.run(fetch, check=True)
        stable = shop.root / "dists/stable"
        indexes = sorted((stable / "main/binary-amd64/by-hash/SHA256").iterdir())
        for spoilt in ([stable / "InRelease"], indexes, [*(shop.root / "pool").rglob("*.deb")]):
            good = {path: spoil(path) for path in spoilt}
            assert box.run(fetch).returncode == 100, spoilt
            for path, data in good.items():
                path.write_bytes(data)
        box.run(fetch, check=True)

        shop.more = "valid-days = 3\n"
        shop.run("repository", "refresh", days_ago=5)
        refused = box.run(f"{FORGET_APT}; apt-get update")
        assert refused.returncode == 100
        assert "expired" in refused.stderr
        shop.run("repository", "refresh")
        box.run(fetch, check=True)


def test_apt_with_either_key_of_a_rotation(debian: Target, shop: Published, built: dict[str, dict[str, Path]]) -> None:
    """Signed with both, it is trusted by who knows the old one and by who knows the new one; by nobody else."""
    shop.publish(built["1.0"]["deb"])
    with debian.box() as box, shop.served(box):
        box.run(shop.setup("apt"), check=True)
        (box.root / KEY_FILE).write_text(shop.public_key(NEW_KEY))
        assert box.run(f"{FORGET_APT}; apt-get update").returncode == 100

        shop.keys = (OLD_KEY, NEW_KEY)
        shop.run("repository", "refresh")
        for key in shop.keys:
            (box.root / KEY_FILE).write_text(shop.public_key(key))
            box.run(f"{FORGET_APT}; apt-get update", check=True)


def test_dnf(rpm_target: Target, shop: Published, built: dict[str, dict[str, Path]]) -> None:
    """Set up by the copied lines; signed on their way in, installed, upgraded and gone back with the channel."""
    shop.publish(built["1.0"]["rpm"])
    with rpm_target.box() as box, shop.served(box):
        set_up(box, shop)
        box.run(["dnf", "install", "-y", NAME], check=True)
        assert version(box) == "1.0-1"

        shop.publish(built["2.0"]["rpm"])
        box.run(["dnf", "upgrade", "-y", "--refresh"], check=True)
        assert version(box) == "2.0-1"

        shop.run("repository", "rollback", "stable")
        box.run(["dnf", "distro-sync", "-y", "--refresh"], check=True)
        assert version(box) == "1.0-1"
    shop.run("repository", "verify")


def test_dnf_in_rings(rpm_target: Target, shop: Published, built: dict[str, dict[str, Path]]) -> None:
    """A host that follows edge has the new version first; one that follows stable when it is promoted."""
    shop.publish(built["1.0"]["rpm"], channel="edge")
    shop.run("repository", "promote", f"{NAME}=1.0", "edge", "stable")
    upgrade = ["dnf", "upgrade", "-y", "--refresh"]
    with rpm_target.box() as first, rpm_target.box() as rest, shop.served(first), shop.served(rest):
        for box, channel in ((first, "edge"), (rest, "stable")):
            set_up(box, shop, channel)
            box.run(["dnf", "install", "-y", NAME], check=True)
        shop.publish(built["2.0"]["rpm"], channel="edge")
        for box in (first, rest):
            box.run(upgrade, check=True)
        assert (version(first), version(rest)) == ("2.0-1", "1.0-1")

        shop.run("repository", "promote", f"{NAME}=2.0", "edge", "stable")
        rest.run(upgrade, check=True)
        assert version(rest) == "2.0-1"


def test_dnf_refuses_what_is_spoilt(rpm_target: Target, shop: Published, built: dict[str, dict[str, Path]]) -> None:
    """A byte of repomd.xml, of its signature, of an index, or of a package."""
    shop.publish(built["1.0"]["rpm"])
    with rpm_target.box() as box, shop.served(box):
        set_up(box, shop)
        fetch = f"{FORGET_DNF}; dnf install -y {NAME}"
        repodata = shop.root / "yum/stable/repodata"
        package = next((shop.root / "pool").rglob("*.rpm"))
        primary = next(repodata.glob("*-primary.xml.gz"))
        for path in (repodata / "repomd.xml", repodata / "repomd.xml.asc", primary, package):
            good = spoil(path)
            assert box.run(fetch).returncode != 0, path
            assert version(box) is None
            path.write_bytes(good)
        box.run(fetch, check=True)
        assert version(box) == "1.0-1"


def test_dnf_with_either_key_of_a_rotation(
    rpm_target: Target, shop: Published, built: dict[str, dict[str, Path]]
) -> None:
    """repomd.xml signed with both is trusted by who knows either one; by nobody else."""
    shop.publish(built["1.0"]["rpm"])
    with rpm_target.box() as box, shop.served(box):
        set_up(box, shop)
        served = shop.root / "archive-key.asc"
        served.write_text(shop.public_key(NEW_KEY))
        assert box.run(f"{FORGET_DNF}; dnf makecache -y").returncode != 0

        shop.keys = (OLD_KEY, NEW_KEY)
        shop.run("repository", "refresh")
        for key in shop.keys:
            served.write_text(shop.public_key(key))
            box.run(f"{FORGET_DNF}; dnf makecache -y", check=True)


def test_a_new_key_reaches_hosts_by_an_upgrade(
    debian: Target, shop: Published, built: dict[str, dict[str, Path]]
) -> None:
    """The keyring's package takes over the copied files; its next version brings the next key, without a question."""
    shop.publish(built["1.0"]["deb"])
    shop.run("repository", "keyring", "--version", "1")
    with debian.box() as box, shop.served(box):
        box.run(shop.setup("apt"), check=True)
        box.run(["apt-get", "install", "-y", "example-archive-keyring"], check=True)
        shop.keys = (OLD_KEY, NEW_KEY)
        shop.run("repository", "refresh")
        shop.run("repository", "keyring", "--version", "2")
        box.run("apt-get update && apt-get -y upgrade", check=True)

        shop.keys = (NEW_KEY,)
        shop.run("repository", "refresh")
        box.run(f"{FORGET_APT}; apt-get update", check=True)
        box.run(["apt-get", "install", "-y", NAME], check=True)
        assert version(box) == "1.0-1"


def set_up(box: Box, shop: Published, channel: str = "stable") -> None:
    """Copy the lines; the directory is there on every system that came with dnf."""
    (box.root / "etc/yum.repos.d").mkdir(exist_ok=True)
    box.run(shop.setup("dnf", channel), check=True)
