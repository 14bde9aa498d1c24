"""Many publishers at once, some killed, while a host keeps updating: nothing is lost, and the host never fails."""

from __future__ import annotations

import os
import random
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.bucket import NAME as BUCKET
from tests.e2e.bucket import bucket
from tests.e2e.packages import PKGGEN
from tests.e2e.published import Published, both_keys, network
from tests.targets import Box, Target
from tests.unit.repository.shop import deb

WRITERS = 8


@contextmanager
def opened(kind: str, box: Box, directory: Path) -> Iterator[Published]:
    """Yield a repository in a directory, or in a bucket that only the box's network reaches."""
    with both_keys() as keys:
        if kind == "directory":
            yield Published(directory / "project", keys)
            return
        with bucket(directory, network(box)) as environment:
            to = f"s3://{BUCKET}/here"
            yield Published(directory / "project", keys, to, environment=environment, inside=network(box))


@pytest.mark.parametrize("kind", ["directory", "bucket"])
def test_many_publishers(
    debian_12: Target, kind: str, tmp_path: Path, request: pytest.FixtureRequest, figure: Callable[[str], None]
) -> None:
    """Eight at a time, each publication with a fair chance of kill -9 and then tried again."""
    number = WRITERS * request.config.getoption("--publications")
    paths = [deb(tmp_path / "in", name=f"app{n % 5}", version=f"{n}-1") for n in range(number)]
    with debian_12.box() as box, opened(kind, box, tmp_path) as shop:
        shop.publish(deb(tmp_path / "in", name="first"))
        with shop.served(box):
            box.run(shop.setup("apt"), check=True)
            updates = Updates(box)
            updates.start()
            with ThreadPoolExecutor(WRITERS) as writers:
                killed = sum(writers.map(lambda path: insistently(shop, path), paths))
            updates.end()
            box.run(["apt-get", "update"], check=True)
            shown = box.run("apt-cache dump | grep -c '^ Version: [0-9]*-1$'").stdout
        shop.run("repository", "verify")

    assert updates.failed == []
    assert int(shown) == number
    figure(f"{kind}: {number} by {WRITERS} at once, {killed} killed, {updates.count} updates of a host meanwhile")


def insistently(shop: Published, path: Path) -> int:
    """Publish until it succeeds; return how often the publisher was killed before."""
    chance = random.Random(path.name)
    line = [*shop.inside, PKGGEN, "publish", path, "--project", shop.home, "-q"]
    killed = 0
    while chance.random() < 0.4:
        with subprocess.Popen(line, env=shop.environ(), stdout=subprocess.DEVNULL) as process:
            try:
                process.wait(chance.uniform(0.5, 4))
            except subprocess.TimeoutExpired:
                process.kill()
                killed += 1
    done = subprocess.run(line, env=shop.environ(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert os.fspath(done.stdout).startswith("pool/")
    return killed


class Updates(threading.Thread):
    """Runs ``apt-get update`` in a box, one after the other, until it is told to end."""

    def __init__(self, box: Box) -> None:
        super().__init__()
        self._box, self._ending = box, threading.Event()
        self.count, self.failed = 0, list[str]()

    def run(self) -> None:
        while not self._ending.is_set():
            done = self._box.run(["apt-get", "update", "--error-on=any"])
            self.count += 1
            if done.returncode != 0:
                self.failed.append(done.stderr)
            self._ending.wait(0.2)

    def end(self) -> None:
        self._ending.set()
        self.join()
