"""Publishing: what is in the channel is in the indexes, whoever else publishes, and whenever one is killed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from pkggen.errors import ArtefactError, ConflictError
from pkggen.repository.changes import change
from pkggen.repository.generations import existing
from pkggen.repository.retention import Retention
from pkggen.repository.selection import Named, chosen, phasing
from pkggen.repository.stores import Listed, Stored
from tests.unit.debsmith import forge
from tests.unit.repository.shop import Shop, Stopped, Watched, deb, versions

PACKAGES = "dists/stable/main/binary-amd64/Packages"


def test_a_package_is_in_the_indexes(shop: Shop, tmp_path: Path) -> None:
    """Packages names it, Release has the digest of Packages, and all signatures hold."""
    shop.publish(deb(tmp_path / "in"))

    assert versions(shop.text(PACKAGES)) == ["1.0-1"]
    assert "Acquire-By-Hash: yes" in shop.text("dists/stable/InRelease")
    assert shop.faults() == []


def test_a_package_for_all_is_in_the_index_of_every_architecture(shop: Shop, tmp_path: Path) -> None:
    """Of those that come later, too."""
    shop.publish(deb(tmp_path / "in", arch="all"))
    shop.publish(deb(tmp_path / "in", name="other", arch="riscv64"))

    shown = {arch: shop.text(f"dists/stable/main/binary-{arch}/Packages") for arch in ("amd64", "arm64", "riscv64")}

    assert [text.count("Package: app\n") for text in shown.values()] == [1, 1, 1]
    assert "Architectures: amd64 arm64 riscv64" in shop.text("dists/stable/Release")


def test_the_index_is_the_same_whoever_came_first(shop: Shop, tmp_path: Path) -> None:
    """Packages that are added one by one give the bytes of those that are added together."""
    paths = [deb(tmp_path / "in", name=f"app{n}", version=f"{v}-1") for n in range(5) for v in (1, 2)]
    for path in paths:
        shop.publish(path, channel="slow")
    shop.publish(*reversed(paths), channel="fast")

    slow, fast = (shop.text(f"dists/{name}/Release") for name in ("slow", "fast"))

    assert re.findall(r"(?m)^ [0-9a-f]{64}.*$", slow) == re.findall(r"(?m)^ [0-9a-f]{64}.*$", fast)


def test_one_more_package_leaves_the_other_shards_alone(shop: Shop, tmp_path: Path) -> None:
    """However many there are: that is why it is fast."""
    shop.publish(*(deb(tmp_path / "in", name=f"app{n}") for n in range(40)))
    before = existing(shop.store, "stable").generation.shards["deb"]
    shop.publish(deb(tmp_path / "in", name="app7", version="2.0-1"))

    after = existing(shop.store, "stable").generation.shards["deb"]

    assert sum(after[number] != shard for number, shard in before.items()) == 1


def test_the_same_again_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    """It is no error, and no generation."""
    path = deb(tmp_path / "in")
    first, second = shop.publish(path), shop.publish(path)

    assert (first.number, second.number) == (1, 1)


def test_the_same_version_with_other_bytes_is_refused(shop: Shop, tmp_path: Path) -> None:
    """In another channel as well, and after it was removed: hosts have it."""
    shop.publish(deb(tmp_path / "in"))

    with pytest.raises(ConflictError, match=r"app 1.0-1 .* other bytes"):
        shop.publish(deb(tmp_path / "other", more="Homepage: https://example.invalid/\n"), channel="edge")


def test_all_problems_are_told_at_once(shop: Shop, tmp_path: Path) -> None:
    """Of every file, and nothing is published."""
    (tmp_path / "text.deb").write_text("no package")
    (tmp_path / "text.txt").write_text("no package")

    with pytest.raises(ArtefactError) as raised:
        shop.publish(tmp_path / "text.deb", tmp_path / "text.txt", deb(tmp_path / "in"), tmp_path / "none.deb")
    assert len(raised.value.problems) == 3
    assert shop.store.status(".pkggen/heads/stable") is None


@pytest.mark.parametrize(
    "line", ["Filename: pool/other.deb", "SHA256: 00", "Phased-Update-Percentage: 0", "Size: 1", "status: x"]
)
def test_a_package_does_not_speak_for_the_index(shop: Shop, tmp_path: Path, line: str) -> None:
    """A field of its control file that an index would believe is left out."""
    shop.publish(deb(tmp_path / "in", more=f"{line}\n"))

    assert line not in shop.text(PACKAGES)
    assert shop.text(PACKAGES).lower().count(line.split(":", maxsplit=1)[0].lower() + ":") <= 1


@pytest.mark.parametrize(
    "control", ["Package: ../../x\nVersion: 1\nArchitecture: all\n", "Package: x\nVersion: 1\n\nA: b\n"]
)
def test_what_no_index_may_say_is_refused(shop: Shop, tmp_path: Path, control: str) -> None:
    """A name that leads out of the pool, and a second paragraph that would be another package."""
    path = forge(tmp_path / "x.deb", {"control": control})

    with pytest.raises(ArtefactError):
        shop.publish(path)


def test_an_address_holds_no_plus(shop: Shop, tmp_path: Path) -> None:
    """S3 takes it for a blank; versions that differ in it alone keep apart."""
    shop.publish(deb(tmp_path / "in", version="1.0+local.cu118-1"), deb(tmp_path / "in", version="1:1.0-1"))

    files = re.findall(r"(?m)^Filename: (.*)$", shop.text(PACKAGES))

    assert len(set(files)) == 2
    assert all(re.fullmatch(r"[A-Za-z0-9/._~-]+", name) for name in files)
    assert shop.faults() == []


def test_two_publishers_both_win(shop: Shop, tmp_path: Path) -> None:
    """Another publishes between this one's reading of the head and its switch: both packages are there."""
    one, two = deb(tmp_path / "in", name="one"), deb(tmp_path / "in", name="two")
    shop.publish(deb(tmp_path / "in"))
    others = [two]

    def meanwhile(key: str) -> None:
        if key == ".pkggen/heads/stable" and others:
            shop.publish(others.pop())

    shop.within(Watched(shop.store, meanwhile)).publish(one)

    assert shop.held() == ["app=1.0-1", "one=1.0-1", "two=1.0-1"]
    assert sorted(re.findall(r"(?m)^Package: (.*)$", shop.text(PACKAGES))) == ["app", "one", "two"]
    assert shop.faults() == []


def test_a_slow_publisher_does_not_put_an_older_index_in_place(shop: Shop, tmp_path: Path) -> None:
    """It has switched the head, and another publishes before its InRelease is written."""
    others = [deb(tmp_path / "in", name="two")]

    def meanwhile(key: str) -> None:
        if key.endswith("/InRelease") and others:
            shop.publish(others.pop())

    shop.within(Watched(shop.store, meanwhile)).publish(deb(tmp_path / "in", name="one"))

    assert "Pkggen-Generation: 2" in shop.text("dists/stable/InRelease")
    assert shop.faults() == []


def test_a_publisher_killed_at_any_write_does_no_harm(shop: Shop, tmp_path: Path) -> None:
    """No index names what is not there, and who comes next finds all that was promised."""
    shop.publish(deb(tmp_path / "in"))
    number = 0
    while True:
        number += 1
        left = iter(range(number))

        def ending(_key: str, left: object = left) -> None:
            if next(left, None) is None:  # type: ignore[call-overload]
                raise Stopped

        version = f"2.{number}-1"
        try:
            shop.within(Watched(shop.store, ending)).publish(deb(tmp_path / "in", version=version))
        except Stopped:
            assert dangling(shop) == [], number
            continue
        break
    shop.publish(deb(tmp_path / "in", version="3.0-1"))

    assert number > 10
    assert shop.faults() == []
    assert {"app=1.0-1", f"app=2.{number}-1", "app=3.0-1"} <= set(shop.held())


def dangling(shop: Shop) -> list[str]:
    """Return what InRelease, and the index that it vouches for, name and is not there."""
    digests = re.findall(r"(?m)^ ([0-9a-f]{64}) \d+ (main/binary-amd64)/Packages$", shop.text("dists/stable/InRelease"))
    index = shop.text(f"dists/stable/{digests[0][1]}/by-hash/SHA256/{digests[0][0]}")
    return [name for name in re.findall(r"(?m)^Filename: (.*)$", index) if shop.store.status(name) is None]


def test_retention_drops_the_oldest(shop: Shop, tmp_path: Path) -> None:
    """The newest two stay, and another package's versions are not counted."""
    shop.publish(deb(tmp_path / "in", name="other"))
    for version in ("1-1", "2-1", "3-1"):
        shop.publish(deb(tmp_path / "in", version=version), retention=Retention(keep_last=2))

    assert shop.held() == ["app=2-1", "app=3-1", "other=1.0-1"]


def test_a_phase_is_told_to_apt(shop: Shop, tmp_path: Path) -> None:
    """In the stanza of that version alone."""
    shop.publish(deb(tmp_path / "in"), deb(tmp_path / "in", version="2.0-1"))
    entries = chosen(shop.store, existing(shop.store, "stable").generation, [Named.of("app=2.0")], "stable")
    change(shop.channel(), phasing(entries, 25))

    old, new = shop.text(PACKAGES).split("\n\n")[:2]

    assert ("Phased" in old, "Phased-Update-Percentage: 25" in new) == (False, True)


def test_valid_until_is_told_when_wanted(shop: Shop, tmp_path: Path) -> None:
    """As many days after the date."""
    replace(shop, settings=replace(shop.settings, valid_days=7)).publish(deb(tmp_path / "in"))

    release = shop.text("dists/stable/Release")

    assert "Date: Mon, 21 Sep 2026 14:13:20 UTC" in release
    assert "Valid-Until: Mon, 28 Sep 2026 14:13:20 UTC" in release


@dataclass
class Counted(Watched):
    """A store that counts what is read and asked of it, too; nothing is listed."""

    reads: list[str] = field(default_factory=list)

    def read(self, key: str) -> Stored | None:
        self.reads.append(key)
        return super().read(key)

    def status(self, key: str) -> Listed | None:
        self.reads.append(key)
        return super().status(key)

    def listed(self, prefix: str) -> Iterator[Listed]:
        raise AssertionError(f"{prefix} is listed")


def test_one_more_package_takes_a_constant_number_of_objects(shop: Shop, tmp_path: Path) -> None:
    """Whether there are three or a hundred, and nothing is listed: that is what a bucket charges for."""
    figures = []
    for channel, number in (("small", 3), ("large", 100)):
        shop.publish(*(deb(tmp_path / "in", name=f"app{n}", version="1-1") for n in range(number)), channel=channel)
        writes: list[str] = []
        store = Counted(shop.store, writes.append)
        shop.within(store).publish(deb(tmp_path / "in", name="app1", version=f"{number}-1"), channel=channel)
        figures.append((len(store.reads), len(writes)))

    assert figures[0] == figures[1] == (15, 20)
