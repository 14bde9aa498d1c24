"""A box: a throw-away, offline copy of a root that commands run in.

Nothing is mounted in the host's own mount namespace. The first process of a box (``init.py``)
holds the mounts, the network and every process of the box; when it ends, all are gone, and it
ends when the box is closed or when the test run dies, however that happens.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, TypeVar

from . import host
from .cache import try_lock
from .cgroup import Cgroup
from .errors import TargetError
from .package_manager import PackageManager, package_manager
from .process import Result, execute, kill_group

START_SECONDS = 60

BoxType = TypeVar("BoxType", bound="Box")

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "TERM": "dumb",
    "LC_ALL": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
}
"""All that a command in a box sees of an environment, unless it is given more."""


@dataclass
class Box:
    """A root one can change freely; use it as a context manager.

    ``tree`` is the read-only root below; ``family`` is ``deb`` or ``rpm``; ``shares`` maps
    paths in the box to host directories, mounted read-only; ``tmpfs`` maps paths in the box to
    sizes (``{"/opt": "8M"}`` makes a disk that is soon full).
    """

    tree: Path
    family: str
    shares: Mapping[str, Path] = field(default_factory=dict)
    tmpfs: Mapping[str, str] = field(default_factory=dict)
    _directory: Path = field(init=False, repr=False)
    _lock: IO[str] = field(init=False, repr=False)
    _process: subprocess.Popen[bytes] = field(init=False, repr=False)
    _leader: int = field(init=False, repr=False)

    def __enter__(self: BoxType) -> BoxType:
        """Start the box; raises ``TargetUnavailableError`` or ``TargetError`` when that fails."""
        host.require()
        boxes = host.cache_directory() / "boxes"
        boxes.mkdir(exist_ok=True)
        sweep(boxes)
        self._directory = Path(tempfile.mkdtemp(dir=boxes))
        self._lock = hold(self._directory)
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def root(self) -> Path:
        """The box's root, with everything mounted in it, as a directory on the host.

        Only while the box is open. Absolute symbolic links in it lead to the host's files, so
        read through ``run`` what may be one.
        """
        return Path(f"/proc/{self._leader}/root")

    @property
    def packages(self) -> PackageManager:
        """The box's package manager."""
        return package_manager(self.family, self.run)

    def run(
        self,
        command: str | Sequence[str],
        *,
        check: bool = False,
        timeout: float = 120,
        env: Mapping[str, str] | None = None,
        stdin: str = "",
    ) -> Result:
        """Run ``command`` (a string: by ``sh -c``; a list: as it is) as root in the box.

        Raises ``CommandTimedOutError``, and ``CommandFailedError`` when ``check`` is set and the status
        is not 0. What it leaves running in the background lives on until the box is closed.
        """
        argv = ["sh", "-c", command] if isinstance(command, str) else list(command)
        settings = [f"{name}={value}" for name, value in {**ENVIRONMENT, **(env or {})}.items()]
        entered = [*self.entrance(), "env", "-i", *settings, *argv]
        return execute(entered, timeout=timeout, check=check, stdin=stdin, shown=argv)

    def close(self) -> None:
        """End every process of the box, undo its mounts and delete what was written in it."""
        if hasattr(self, "_process"):
            kill_group(self._process)
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()
        # The kernel unmounts when the last process of the namespace is reaped, a moment later.
        for _ in range(50):
            shutil.rmtree(self._directory, ignore_errors=True)
            if not self._directory.exists():
                break
            time.sleep(0.1)
        self._lock.close()

    def entrance(self) -> list[str]:
        """Return the start of a command line on the host whose rest is run in the box."""
        return [
            "nsenter",
            f"--target={self._leader}",
            "--mount",
            "--pid",
            "--net",
            "--uts",
            "--ipc",
            "--root",
            "--wd",
        ]

    def _boot_command(self, root: Path) -> list[str] | None:
        """Return what boots ``root``: nothing, in a plain box."""
        return None

    def _start(self) -> None:
        layers = [self.tree, self._directory / "upper", self._directory / "work"]
        root = self._directory / "root"
        for made in (*layers[1:], root):
            made.mkdir()
        # mkdtemp's 0700 is for the directory around it: a box's / is readable by all.
        layers[1].chmod(0o755)
        description = {
            "root": str(root),
            "layers": [str(layer) for layer in layers],
            "binds": [[str(source.resolve()), path] for path, source in self.shares.items()],
            "tmpfs": dict(self.tmpfs),
            "hostname": "target",
            "boot": self._boot_command(root),
        }
        program = [
            sys.executable,
            "-I",
            "-S",
            str(Path(__file__).with_name("init.py")),
            json.dumps(description),
        ]
        with (self._directory / "console").open("wb") as console:
            self._process = subprocess.Popen(
                [*host.UNSHARE, *program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=console,
                start_new_session=True,
            )
        self._leader = self._await_ready()

    def _await_ready(self) -> int:
        answer = self._process.stdout
        assert answer is not None
        readable, _, _ = select.select([answer], [], [], START_SECONDS)
        words = os.read(answer.fileno(), 200).split() if readable else []
        if len(words) != 2 or words[0] != b"ready":
            raise TargetError(f"the box did not start: {self.console()}")
        return int(words[1])

    def console(self) -> str:
        """Return what the box's first process, or the system booted in it, has said."""
        return (self._directory / "console").read_text(errors="replace")[-4000:]


def hold(directory: Path) -> IO[str]:
    """Mark ``directory`` as a living box's, for as long as the returned file stays open.

    The lock appears under its name only once it is held, or a sweep could come in between.
    """
    handle = (directory / "unlocked").open("a")
    try_lock(handle.fileno())
    os.replace(directory / "unlocked", directory / "lock")
    return handle


def group_name(directory: Path) -> str:
    """Return the name of the control group of the machine in ``directory``."""
    return f"pkggen-{directory.name}"


def sweep(boxes: Path) -> None:
    """Delete what boxes under ``boxes`` have left whose owner died without closing them."""
    for lock in boxes.glob("*/lock"):
        try:
            with lock.open("a") as handle:
                if try_lock(handle.fileno()):
                    Cgroup.named(group_name(lock.parent)).remove()
                    shutil.rmtree(lock.parent, ignore_errors=True)
        except FileNotFoundError:
            continue
