"""A target in which faults are tried: the old version is active, the new one is unpacked."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.fault_application import NEW, OLD
from tests.e2e.fault_injection import FIRST, MEND, REMOVE, ROLLBACK, TRACER, UPGRADE, Fault, struck
from tests.targets import Box, Result

PROGRAM = "/opt/tiny/layers/python/bin/python3.* -I -B /opt/tiny/lib/activate.pyz"
CONFIGURE = "configure --reason upgrade --format deb"
VERBS = {UPGRADE: CONFIGURE, FIRST: CONFIGURE, MEND: CONFIGURE, ROLLBACK: "rollback", REMOVE: "remove"}
KILLED = 137
UNCLEAN = ("unlink", "open", "flock", "any")
"""Calls that cleaning up takes as well: when they fail nothing can be promised before the next run.

What can't be locked may be another run's lock, and has to stay.
"""

UNLIKE = {
    "activated": "for f in {0}/venv/lib/python3.*/site-packages/tiny/*.py; do cp -p $f $f.x && mv $f.x $f; done",
    "archived": """sed 's/"written":.*/"written":[]}}/' {0}/release.json >{0}/x && mv {0}/x {0}/release.json""",
}
"""By mode, what gives a release to mend that is whole.

As after a reinstallation, its files are no longer the layers'; or it does not know any more what pip wrote.
"""
UNPACK = {"deb": "dpkg --unpack {0}", "rpm": "rpm -U --noscripts {0}"}


@dataclass
class Trial:
    """A box with both versions' releases known by heart, put back to its start before each fault."""

    box: Box
    packages: dict[str, str]
    mode: str = "activated"
    root: Path = field(init=False)
    whole: dict[str, dict[str, str]] = field(init=False, default_factory=dict)
    ids: dict[str, str] = field(init=False, default_factory=dict)
    struck: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """Install the old version, unpack the new one, and learn what their releases consist of."""
        self.root = self.box.root / "opt/tiny"
        self.box.packages.install(self.packages[OLD])
        self.learn(OLD)
        self.box.run(UNPACK[self.box.family].format(self.packages[NEW]), check=True)
        self.activate(CONFIGURE).check_returncode()
        self.learn(NEW)
        for version, name in self.ids.items():
            self.box.run(f"cp -al /opt/tiny/releases/{name} /opt/kept-{version}", check=True)

    def activate(self, verb: str, options: str | None = None) -> Outcome:
        """Run the on-target program, below strace when there are ``options`` for it."""
        prefix = "" if options is None else f"{TRACER} {options} -o /trace "
        return Outcome(self.box.run(prefix + f"{PROGRAM} {verb}", timeout=120))

    def learn(self, version: str) -> None:
        """Note the id and the members of the release that is current."""
        self.ids[version] = os.path.basename(os.readlink(self.root / "current"))
        self.whole[version] = self.members(self.ids[version])

    def members(self, name: str) -> dict[str, str]:
        """Return kind, mode and content of each member of a release, but of its own record of when it was made."""
        top = str(self.root / "releases" / name)
        found = {}
        for folder, folders, files in os.walk(top):
            for path in [os.path.join(folder, entry) for entry in (*folders, *files)]:
                found[path[len(top) + 1 :]] = described(path)
        assert found.pop("release.json", None), f"{name} has no release.json"
        return found

    def reset(self, scenario: str) -> None:
        """Put the releases into the state in which ``scenario`` starts."""
        releases = self.root / "releases"
        shutil.rmtree(releases, ignore_errors=True)
        for path in (self.root / "current", self.root / ".current.new"):
            path.unlink(missing_ok=True)
        kept = {UPGRADE: [OLD], FIRST: [], MEND: [OLD, NEW], ROLLBACK: [OLD, NEW], REMOVE: [OLD, NEW]}[scenario]
        lines = ["mkdir /opt/tiny/releases"]
        lines += [f"cp -al /opt/kept-{version} /opt/tiny/releases/{self.ids[version]}" for version in kept]
        if kept:
            lines.append(f"ln -s releases/{self.ids[kept[-1]]} /opt/tiny/current")
        if scenario == MEND:
            lines.append(UNLIKE[self.mode].format(f"/opt/tiny/releases/{self.ids[NEW]}"))
        self.box.run(" && ".join(lines), check=True)

    def losses(self, fault: Fault) -> list[str]:
        """Let ``fault`` happen and say everything that is wrong then, or after the next run."""
        self.reset(fault.scenario)
        outcome = self.activate(VERBS[fault.scenario], fault.options())
        self.struck += struck((self.box.root / "trace").read_text(errors="replace"), fault)
        wrong = self.wrong_now(fault.scenario)
        if outcome.status not in (0, KILLED) and fault.call not in UNCLEAN:
            wrong += [f"left over by a run that failed: {path}" for path in self.left_over()]
        if "Traceback" in outcome.said and ", in main" in outcome.said:  # not: while Python itself was starting
            wrong.append("it failed with a traceback")
        again = self.activate(VERBS[fault.scenario])
        done = [f"the next run gave {again.status}: {again.said[-300:]}"] if again.status else []
        wrong += done + self.wrong_after(fault.scenario)
        return [f"{fault}: {text} (it gave {outcome.status}: {outcome.said[-300:]})" for text in wrong]

    def wrong_now(self, scenario: str) -> list[str]:
        """Say what is wrong with ``current``: it names a whole release, or was not there before, or was to go."""
        try:
            name = os.path.basename(os.readlink(self.root / "current"))
        except FileNotFoundError:
            return [] if scenario in (FIRST, REMOVE) else ["there is no current release"]
        version = next((version for version, known in self.ids.items() if known == name), None)
        if version is None:
            return [f"current names {name}"]
        return self.damage(version)

    def wrong_meanwhile(self) -> list[str]:
        """Say what is wrong with ``current`` while a run that lost its parent may still switch it."""
        while True:
            before = os.readlink(self.root / "current")
            wrong = self.wrong_now("")
            if os.readlink(self.root / "current") == before:
                return wrong

    def damage(self, version: str) -> list[str]:
        """Say how a release differs from what it was, and whether its command fails."""
        try:
            members = self.members(self.ids[version])
        except AssertionError as error:
            return [str(error)]
        wrong = [
            path for path in {*members, *self.whole[version]} if members.get(path) != self.whole[version].get(path)
        ]
        said = self.box.run(["/usr/bin/tiny"]).stdout.strip()
        return [f"{path} of {version} is not as it was" for path in sorted(wrong)[:5]] + (
            [] if said == f"tiny {version}" else [f"the command of {version} says {said!r}"]
        )

    def wrong_after(self, scenario: str) -> list[str]:
        """Say what is wrong after a run in which nothing failed."""
        wrong = [f"left over: {path}" for path in self.left_over()]
        if scenario == REMOVE:
            return wrong + [f"{name} is still there" for name in ("current", "releases") if (self.root / name).exists()]
        # a rollback that was done before it was killed goes forward again: both are whole then
        allowed = [OLD, NEW] if scenario == ROLLBACK else [NEW]
        if os.path.basename(os.readlink(self.root / "current")) not in [self.ids[version] for version in allowed]:
            wrong.append(f"current is {os.readlink(self.root / 'current')}")
        verified = self.activate("verify")
        return wrong + self.wrong_now(scenario) + ([verified.said] if verified.status else [])

    def left_over(self) -> list[str]:
        """Return what is of no use to anyone: scratch names, half a release, a lock that nobody holds."""
        releases = self.root / "releases"
        found = [name for name in os.listdir(self.root) if name.startswith(".")]
        if releases.is_dir():
            found += [name for name in os.listdir(releases) if name not in self.ids.values()]
            found += [name for name in os.listdir(releases) if not (releases / name / "release.json").exists()]
        return found + [path.name for path in (self.box.root / "run").glob("pkggen-*")]


@dataclass(frozen=True)
class Outcome:
    """How a run of the on-target program ended."""

    result: Result

    @property
    def status(self) -> int:
        """The exit status as a shell tells it: 137 when it was killed."""
        return self.result.returncode if self.result.returncode >= 0 else 128 - self.result.returncode

    @property
    def said(self) -> str:
        """What it printed."""
        return self.result.output.strip()

    def check_returncode(self) -> None:
        """Fail unless it ended well."""
        assert self.status == 0, self.said


def described(path: str) -> str:
    """Return what there is at ``path``: a directory, a link and its target, or a file's mode and digest."""
    info = os.lstat(path)
    if stat.S_ISDIR(info.st_mode):
        return f"directory {info.st_mode:o}"
    if stat.S_ISLNK(info.st_mode):
        return f"link {os.readlink(path)}"
    return f"file {info.st_mode:o} {hashlib.sha256(Path(path).read_bytes()).hexdigest()}"
