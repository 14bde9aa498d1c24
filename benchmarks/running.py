"""Starting a command and importing late on a target, against a plain venv that pip made, in one run.

    python -m benchmarks.running --archive INTERPRETER.tar.gz [--set small|heavy] [--target debian:12] [--rounds 15]

One box has both: the installed package, and a venv of the archive's untrimmed interpreter with the
same wheels, byte code compiled by pip. Cold start: a new process of the command, as /usr/bin has it
and as the venv has it, the files in the page cache. Late import: what a process that already runs
takes to import modules of the dependencies, told by itself. The order changes from round to
round; the medians count.
"""

from __future__ import annotations

import shutil
from statistics import median

from benchmarks.sets import SETS, Subject, arguments_of, make_subject, workshop
from tests.targets import TARGETS, Box

STARTS = 5  # in a row: each sample is one start of a shell and these
LATE = "import time; a = time.perf_counter(); import {modules}; print(time.perf_counter() - a)"
TIMER = """\
import subprocess, sys, time
a = time.perf_counter()
for _ in range({starts}):
    subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print((time.perf_counter() - a) / {starts})
"""


def main() -> None:
    """Install both ways, measure, and print one line for each comparison."""
    arguments = arguments_of(__doc__, rounds=15)
    with workshop(arguments.archive) as directory:
        for name in arguments.sets or SETS:
            subject = make_subject(name, directory, arguments.archive, arguments.target)
            with TARGETS[arguments.target].box(shares={"/share": directory}) as box:
                install(box, subject)
                compare(name, box, subject, arguments.rounds)
            shutil.rmtree(subject.home)


def install(box: Box, subject: Subject) -> None:
    """Install the package, and the same wheels into /srv/venv with an interpreter of its own."""
    share = f"/share/{subject.home.name}"
    box.run(f"apt-get install -qq -y {share}/dist/{subject.packages[0].name}", check=True, timeout=900)
    box.run("cp -a /share/interpreter/python /srv/python && /srv/python/bin/python3 -m venv /srv/venv", check=True)
    pip = "/srv/venv/bin/pip install -q --no-index"
    box.run(f"{pip} {share}/wheels/*.whl", check=True, timeout=900)


def compare(name: str, box: Box, subject: Subject, rounds: int) -> None:
    """Print medians and ratios of both comparisons."""
    command, *words = subject.command.split()
    ours = f"/opt/{subject.name}/current/venv/bin/python"
    late = LATE.format(modules=", ".join(subject.late))
    commands = {
        "late import": {"ours": [ours, "-I", "-c", late], "plain": ["/srv/venv/bin/python", "-c", late]},
        "start": {
            "ours": start(f"/usr/bin/{command}", *words),
            "plain": start(f"/srv/venv/bin/{command}", *words),
        },
    }
    for what, both in commands.items():
        seconds: dict[str, list[float]] = {who: [] for who in both}
        for number in range(rounds + 1):
            for who in sorted(both, reverse=bool(number % 2)):
                taken = float(box.run(both[who], check=True).stdout)
                seconds[who] += [taken] if number else []  # the first is for the page cache
        mine, theirs = median(seconds["ours"]), median(seconds["plain"])
        print(f"{name}: {what} {mine * 1e3:.0f} ms, plain venv {theirs * 1e3:.0f} ms: {mine / theirs:.2f}", flush=True)


def start(*command: str) -> list[str]:
    """Return what prints the seconds that a start of ``command`` takes."""
    return ["/srv/python/bin/python3", "-c", TIMER.format(starts=STARTS), *command]


if __name__ == "__main__":
    main()
