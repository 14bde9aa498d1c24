"""A repository that the real command publishes, and that a target reaches on its own loopback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.packages import PKGGEN, build
from tests.targets import Box
from tests.unit.repository.shop import keyring

OLD_KEY, NEW_KEY = "old@example.invalid", "new@example.invalid"
ADDRESS = "http://127.0.0.1:8000"
NAME = "told"
LATER = """
import sys, time
now, days = time.time, int(sys.argv.pop(1))
time.time = lambda: now() - days * 86400
from pkggen.cli import main
main()
"""


def packages(folder: Path, *versions: str) -> dict[str, dict[str, Path]]:
    """Build a package without a program, in both formats, by version."""
    made = {}
    for version in versions:
        home = folder / version
        home.mkdir(parents=True)
        (home / "pkggen.toml").write_text(
            f'name = "{NAME}"\nversion = "{version}"\nmeta = true\ntargets = ["debian:11"]\n'
        )
        made[version] = build(home, home / "dist")
    return made


def network(box: Box) -> list[str]:
    """Return the start of a command line on the host whose rest has the box's network, a loopback and nothing else."""
    return ["nsenter", box.entrance()[1], "--net"]


@dataclass
class Published:
    """A project whose ``publish`` table names a repository; ``to`` is a directory or the address of a bucket."""

    home: Path
    keyring: Path
    to: str = ""
    keys: Sequence[str] = (OLD_KEY,)
    more: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    inside: Sequence[str] = ()
    """What is put before each command, such as what enters the network of a box."""

    @property
    def root(self) -> Path:
        """Return the directory of the repository, where it is one."""
        return self.home / "repository"

    def environ(self) -> dict[str, str]:
        return {**os.environ, "GNUPGHOME": str(self.keyring), **self.environment}

    def configure(self) -> None:
        keys = ", ".join(f'"{key}"' for key in self.keys)
        self.home.mkdir(exist_ok=True)
        (self.home / "pkggen.toml").write_text(
            f'[publish]\nto = "{self.to or self.root}"\naddress = "{ADDRESS}"\norigin = "Example"\nkeys = [{keys}]\n'
            + self.more
        )

    def command(self, *words: str | Path, days_ago: int = 0) -> subprocess.CompletedProcess[str]:
        """Run pkggen as of some days ago, and return what came of it."""
        self.configure()
        program = [sys.executable, "-c", LATER, str(days_ago)] if days_ago else [PKGGEN]
        line = [*self.inside, *program, *map(os.fspath, words), "--project", str(self.home)]
        return subprocess.run(line, env=self.environ(), capture_output=True, text=True, timeout=300)

    def run(self, *words: str | Path, days_ago: int = 0) -> str:
        """Run pkggen, fail the test with its own words when it does, and return what it prints."""
        done = self.command(*words, days_ago=days_ago)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stderr}"
        return done.stdout

    def publish(self, *paths: Path, channel: str = "stable", days_ago: int = 0) -> dict[str, object]:
        said = self.run("publish", *paths, "--channel", channel, "--json", days_ago=days_ago)
        return dict(json.loads(said))

    @contextmanager
    def served(self, box: Box) -> Iterator[None]:
        """Serve the repository on the loopback of a box; what is served is what is there at each moment."""
        self.configure()
        line = [*network(box), PKGGEN, "repository", "serve", "--project", str(self.home)]
        with subprocess.Popen(line, env=self.environ(), stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            assert server.stdout.readline().strip() == f"{ADDRESS}/"
            try:
                yield
            finally:
                server.kill()

    def setup(self, manager: str, channel: str = "stable") -> str:
        """Return the lines that ``pkggen repository setup`` has an administrator copy."""
        said = self.run("repository", "setup", "--channel", channel)
        return re.split(r"(?m)^# (?:apt|dnf)\n", said[said.index(f"# {manager}\n") :])[1]

    def public_key(self, mail: str) -> str:
        line = ["gpg", "--batch", "--armor", "--export", mail]
        return subprocess.run(line, env=self.environ(), capture_output=True, text=True, check=True).stdout


@contextmanager
def both_keys() -> Iterator[Path]:
    """Yield a keyring with the keys before and after a rotation."""
    with keyring(OLD_KEY, NEW_KEY) as home:
        yield home


def spoil(path: Path) -> bytes:
    """Change one byte in the middle of a file, in place of it, and return what it was."""
    good = path.read_bytes()
    middle = len(good) // 2
    fresh = path.with_name("spoilt")  # another file: the one that is there may have a second name
    fresh.write_bytes(good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :])
    fresh.replace(path)
    return good
