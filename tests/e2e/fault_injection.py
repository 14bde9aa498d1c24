"""Faults: what may go wrong at which system call, and strace(1), which makes it so.

strace runs inside the target with libraries of its own, so that it follows the one process it
starts and none of that one's children: a fault strikes the on-target program, not the interpreter it tries.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.targets import Box

TRACER = "/tracer/ld-linux-x86-64.so.2 --library-path /tracer /tracer/strace"
UPGRADE, FIRST, MEND, ROLLBACK, REMOVE = "upgrade", "first installation", "mending", "rollback", "remove"
CHANGING = {
    "link": "link,linkat",
    "mkdir": "mkdir,mkdirat",
    "rename": "rename,renameat,renameat2",
    "symlink": "symlink,symlinkat",
    "unlink": "unlink,unlinkat,rmdir",
    "open": "open,openat",
    "write": "write",
    "fsync": "fsync,syncfs",
    "chmod": "chmod,fchmod,fchmodat",
    "utime": "utimensat",
    "flock": "flock",
    "child": "vfork,clone,clone3,wait4,poll",
    "any": "all",
}
"""What a fault strikes → strace's names of the system calls."""

ERRORS = {
    "link": ("EXDEV", "EMLINK", "EPERM", "ENOSPC", "EIO"),
    "mkdir": ("ENOSPC", "EROFS"),
    "rename": ("EIO", "ENOSPC"),
    "symlink": ("ENOSPC", "EIO"),
    "unlink": ("EIO", "EROFS"),
    "open": ("EMFILE", "EIO", "ENOSPC"),
    "write": ("ENOSPC", "EIO", "EDQUOT"),
    "fsync": ("EIO", "ENOSPC"),
    "chmod": ("EPERM",),
    "utime": ("EPERM",),
    "flock": ("ENOLCK",),
    "child": ("EAGAIN",),
}
ALWAYS = {"link": ("EXDEV", "EMLINK", "EPERM"), "write": ("ENOSPC",), "rename": ("EIO",), "fsync": ("EIO",)}
"""Errors that last from one call on, as a full disk's does, rather than strike once."""


@dataclass(frozen=True)
class Fault:
    """One fault in one ``scenario``: ``error`` (or death, when empty) at the ``when``-th call of ``names``.

    strace counts each name by itself. ``call`` is the kind that they are of. ``lasting`` repeats the error from
    there on. ``copying`` has every link refused as between file systems, so that the files are copied.
    """

    scenario: str
    call: str
    names: str
    error: str
    when: int
    lasting: bool = False
    copying: bool = False

    def __str__(self) -> str:
        """Tell the fault as a line that finds it again."""
        what = self.error or "SIGKILL"
        where = f"{self.names} {self.when}{'+' if self.lasting else ''}"
        return f"{self.scenario}{' by copies' if self.copying else ''}: {what} at {where}"

    def options(self) -> str:
        """Return the options of strace that bring the fault about."""
        what = f"error={self.error}" if self.error else "signal=SIGKILL"
        injected = f"-e inject={self.names}:{what}:when={self.when}{'+' if self.lasting else ''}"
        return injected + (" -e inject=link,linkat:error=EXDEV" if self.copying else "")


def tracer(directory: Path) -> Path:
    """Put strace and its libraries into the new ``directory`` and return it."""
    program = shutil.which("strace")
    assert program, "apt-get install strace"
    directory.mkdir()
    libraries = re.findall(r"(/\S+) \(", subprocess.run(["ldd", program], capture_output=True, text=True).stdout)
    for path in (program, *libraries):
        shutil.copy(path, directory)
    return directory


def calls_of(box: Box, command: str, options: str = "") -> Counter[str]:
    """Run ``command`` under strace without a fault; return how often it made each call, by its name."""
    box.run(f"{TRACER} -qq {options} -o /trace {command}", check=True)
    return made((box.root / "trace").read_text(errors="replace"))


def made(trace: str) -> Counter[str]:
    """Return how often each call was made; the first execve(2) is strace's own."""
    names = Counter(re.findall(r"(?m)^(\w+)\(", trace))
    del names["execve"]
    return names


def struck(trace: str, fault: Fault) -> bool:
    """Tell whether a fault came to pass."""
    if not fault.error:
        return "+++ killed by SIGKILL" in trace
    return any("(INJECTED)" in line and f" {fault.error} " in line for line in trace.splitlines())


def every_fault(calls: Mapping[tuple[str, bool], Mapping[str, int]], seed: str) -> Iterator[Fault]:
    """Yield faults for ever-finer steps: in turn one of each kind, none of them twice.

    ``calls`` has how often each call is made by its name, by scenario and by whether files are copied.
    """
    chance = random.Random(seed)
    kinds: list[list[Fault]] = []
    for (scenario, copying), counts in calls.items():
        for call in CHANGING:
            lasting = [("", False)]
            lasting += [(error, False) for error in ERRORS.get(call, ())]
            lasting += [(error, True) for error in ALWAYS.get(call, ())]
            for error, always in lasting:
                steps = places(call, counts, copying=copying, always=always)
                some = [Fault(scenario, call, names, error, when, always, copying) for names, when in steps]
                kinds.append(chance.sample(some, len(some)))
    chance.shuffle(kinds)
    kinds.sort(key=lambda some: bool(some and some[0].error))  # deaths of each kind come first
    while any(kinds):
        for some in kinds:
            if some:
                yield some.pop()


def places(call: str, counts: Mapping[str, int], *, copying: bool, always: bool) -> list[tuple[str, int]]:
    """Return where a kind of call can be struck: names, and which of their calls; what lasts strikes all names."""
    refused = CHANGING["link"].split(",") if copying else []
    wanted = sorted(counts) if call == "any" else CHANGING[call].split(",")
    names = [name for name in wanted if counts.get(name) and name not in refused]
    if always and names:
        return [(",".join(names), when) for when in range(1, max(counts[name] for name in names) + 1)]
    return [(name, when) for name in names for when in range(1, counts[name] + 1)]
