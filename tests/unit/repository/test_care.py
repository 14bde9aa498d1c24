"""Looking after a repository: what is wrong is found, what is needed stays, and a channel goes back."""

from __future__ import annotations

import re
import threading
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import pytest

from pkggen.commands.repository import pin, promote, refresh, remove, rollback
from pkggen.config.tables import PublishTable
from pkggen.errors import ConfigurationError
from pkggen.repository.garbage import garbage
from pkggen.repository.generations import existing
from pkggen.repository.retention import Retention
from pkggen.repository.serving import server
from pkggen.repository.stores.directory import Directory
from tests.unit.repository.shop import Shop, deb

TABLE = PublishTable.model_validate({})
INRELEASE = "dists/stable/InRelease"
INDEX = "dists/stable/main/binary-amd64/Packages.gz"


def root(shop: Shop) -> Path:
    assert isinstance(shop.store, Directory)
    return shop.store.root


def by_hash(shop: Shop) -> Path:
    return next((root(shop) / "dists/stable/main/binary-amd64/by-hash/SHA256").iterdir())


@pytest.mark.parametrize(
    ("find", "said"),
    [
        (lambda shop: next((root(shop) / "pool").rglob("*.deb")), "other bytes"),
        (by_hash, "other bytes"),
        (lambda shop: root(shop) / INRELEASE, "signature does not hold"),
        (lambda shop: root(shop) / "dists/stable/Release", "signature does not hold"),
    ],
)
def test_a_spoilt_file_is_found(shop: Shop, tmp_path: Path, find: object, said: str) -> None:
    """Of each kind, with its name."""
    shop.publish(deb(tmp_path / "in"))
    path = find(shop)  # type: ignore[operator]
    data = path.read_bytes()
    path.unlink()  # it may have a second name
    path.write_bytes(data[:150] + bytes([data[150] ^ 1]) + data[151:] if len(data) > 150 else b"x" + data[1:])

    assert [p.what for p in shop.faults() if said in p.what and path.name in str(p.where)] != []


def test_a_missing_file_is_found_and_written_again(shop: Shop, tmp_path: Path) -> None:
    """An index is made of the shards; the digests are the same, and so is the generation."""
    shop.publish(deb(tmp_path / "in"))
    by_hash(shop).unlink()
    (root(shop) / INRELEASE).unlink()

    assert len(shop.faults()) >= 2
    assert refresh(shop.channel().repository, [])["stable"].number == 1
    assert shop.faults() == []


def test_a_signature_by_a_stranger_is_found(shop: Shop, tmp_path: Path) -> None:
    """Clients are told one key, and another has signed."""
    shop.publish(deb(tmp_path / "in"))
    Shop.opened(shop.store, tmp_path, "new@example.invalid")

    assert any("none of the keys" in problem.what for problem in shop.faults())


def test_a_promoted_package_is_in_both_channels(shop: Shop, tmp_path: Path) -> None:
    """Its file lies there once."""
    shop.publish(deb(tmp_path / "in"), deb(tmp_path / "in", version="2.0-1"), channel="edge")
    promote(shop.channel().repository, TABLE, ["app=2.0"], "edge", "stable", percentage=100)

    assert (shop.held("edge"), shop.held("stable")) == (["app=1.0-1", "app=2.0-1"], ["app=2.0-1"])
    assert len(list((root(shop) / "pool").rglob("*.deb"))) == 2


def test_a_channel_goes_back_step_by_step(shop: Shop, tmp_path: Path) -> None:
    """Each time to what was before what it holds now; further than the first it can't."""
    for version in ("1-1", "2-1", "3-1"):
        shop.publish(deb(tmp_path / "in", version=version))
    back = partial(rollback, shop.channel().repository, "stable", None)

    assert [(back().number, shop.held()) for _ in range(2)] == [(4, ["app=1-1", "app=2-1"]), (5, ["app=1-1"])]
    with pytest.raises(ConfigurationError, match="nothing earlier"):
        back()
    assert rollback(shop.channel().repository, "stable", 3).content == 3
    assert shop.held() == ["app=1-1", "app=2-1", "app=3-1"]
    assert shop.faults() == []


def test_going_back_empties_an_index_that_came_later(shop: Shop, tmp_path: Path) -> None:
    """A component of which the older generation knew nothing is still there, and empty."""
    shop.publish(deb(tmp_path / "in"))
    shop.publish(deb(tmp_path / "in", name="other"), component="extra")
    rollback(shop.channel().repository, "stable", 1)

    assert shop.text("dists/stable/extra/binary-amd64/Packages") == ""
    assert "Components: extra main" in shop.text("dists/stable/Release")
    assert shop.faults() == []


def test_what_was_removed_stays_for_the_other_channel(shop: Shop, tmp_path: Path) -> None:
    """And may be published again, as it was."""
    path = deb(tmp_path / "in")
    shop.publish(path, channel="edge")
    shop.publish(path)
    remove(shop.channel().repository, ["app=1.0"], "stable")

    assert (shop.held(), shop.held("edge")) == ([], ["app=1.0-1"])
    shop.publish(path)
    assert shop.held() == ["app=1.0-1"]


def test_what_is_not_there_is_named_with_what_is(shop: Shop, tmp_path: Path) -> None:
    """All that is wrong at once: two names, and for one the versions that there are."""
    shop.publish(deb(tmp_path / "in"))

    with pytest.raises(ConfigurationError) as raised:
        remove(shop.channel().repository, ["app=3", "none=1"], "stable")
    assert [problem.remedy for problem in raised.value.problems] == ["of app it has: 1.0-1", "of none it has: none"]


def test_a_pinned_version_outlasts_retention(shop: Shop, tmp_path: Path) -> None:
    """Until it is let go."""
    shop.publish(deb(tmp_path / "in", version="1-1"))
    pin(shop.channel().repository, ["app=1"], "stable", pinned=True)
    for version in ("2-1", "3-1"):
        shop.publish(deb(tmp_path / "in", version=version), retention=Retention(keep_last=1))

    assert shop.held() == ["app=1-1", "app=3-1"]


def collect(shop: Shop, *, days: int, grace: int = 7, keep: int = 1) -> set[str]:
    """Collect garbage as of some days later, and return the first folder of what went."""
    then = datetime.now(timezone.utc) + timedelta(days=days)
    found = garbage(shop.store, then, timedelta(days=grace), keep)
    for item in found.items:
        shop.store.delete(item.key)
    return {re.split("/", item.key)[0] for item in found.items}


def test_garbage_is_what_no_generation_needs(shop: Shop, tmp_path: Path) -> None:
    """Not before its time; then the removed package goes, its indexes and its generation, and all is whole."""
    shop.publish(deb(tmp_path / "in"), deb(tmp_path / "in", name="other"))
    remove(shop.channel().repository, ["app=1.0"], "stable")
    (root(shop) / "pool" / ".pkggen-new-killed").write_text("half")

    assert collect(shop, days=6) == set()
    assert collect(shop, days=8) == {"pool", "dists", ".pkggen"}
    assert [path.name for path in (root(shop) / "pool").rglob("*") if path.is_file()] == ["other_1.0-1_amd64.deb"]
    assert shop.faults() == []
    assert collect(shop, days=100) == set()


def test_garbage_is_not_what_another_channel_or_a_kept_generation_needs(shop: Shop, tmp_path: Path) -> None:
    """However old it is."""
    path = deb(tmp_path / "in")
    shop.publish(path, channel="edge")
    shop.publish(path)
    remove(shop.channel().repository, ["app=1.0"], "stable")
    remove(shop.channel().repository, ["app=1.0"], "edge")

    assert collect(shop, days=100, keep=2) == set()
    rollback(shop.channel().repository, "edge", 1)
    collect(shop, days=100)
    assert shop.held("edge") == ["app=1.0-1"]
    assert shop.faults() == []


def test_a_version_that_was_collected_keeps_its_bytes(shop: Shop, tmp_path: Path) -> None:
    """The same file may come back, another one not."""
    path = deb(tmp_path / "in")
    shop.publish(path)
    remove(shop.channel().repository, ["app=1.0"], "stable")
    collect(shop, days=100)
    shop.publish(path)

    assert shop.faults() == []


def test_the_preview_shows_files_and_nothing_of_ours(shop: Shop, tmp_path: Path) -> None:
    """As a web server would that leaves out /.pkggen; whatever way leads there."""
    shop.publish(deb(tmp_path / "in"))
    with server(shop.store, 0) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{web.server_port}"

        def status(path: str) -> int:
            try:
                return int(urllib.request.urlopen(address + path).status)
            except urllib.error.HTTPError as error:
                return error.code

        ways = ("/.pkggen/heads/stable", "/dists/../.pkggen/heads/stable", "/%2e%2e/secret", "//.pkggen/heads/stable")
        assert urllib.request.urlopen(f"{address}/{INRELEASE}").read() == (root(shop) / INRELEASE).read_bytes()
        assert [status(way) for way in ways] == [404] * 4
        web.shutdown()


def test_the_generations_of_a_channel_are_a_chain(shop: Shop, tmp_path: Path) -> None:
    """Each names the one before."""
    first = shop.publish(deb(tmp_path / "in"))
    digest = existing(shop.store, "stable").digest
    second = shop.publish(deb(tmp_path / "in", version="2-1"))

    assert (first.number, second.number, second.previous) == (1, 2, digest)
