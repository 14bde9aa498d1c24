"""Which lock a build uses, and making one where there is none; the order is told in :mod:`.lock`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from packaging.pylock import Package, PackageWheel, Pylock, is_valid_pylock_path
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from pkggen.cache import Cache
from pkggen.errors import ConfigurationError, IntegrityError, Problem, StorageError
from pkggen.model import Interpreter, Target, WheelSpec
from pkggen.reporter import Reporter
from pkggen.wheels.address import redacted
from pkggen.wheels.inputs import Inputs, write_atomically
from pkggen.wheels.lock import Lock, parse_pylock, read_pylock
from pkggen.wheels.requirements import Pin, Requirements, read_requirements
from pkggen.wheels.resolution import Resolver, platform_of
from pkggen.wheels.select import applies, environment


def find_lock(root: Path, named: Path | None = None) -> Path | None:
    """Return the lock that a build of the project in ``root`` reads: ``named``, or the first by order, or None."""
    pylock = root / "pylock.toml"
    if named is not None:
        return named
    found = [pylock] if pylock.is_file() and not read_pylock(pylock).inputs else []
    found += [path for path in (root / "uv.lock", root / "requirements.txt", pylock) if path.is_file()]
    return found[0] if found else None


class LockSource:
    """Finds, reads or makes the lock of one project for one target."""

    def __init__(
        self,
        spec: WheelSpec,
        target: Target,
        interpreter: Interpreter,
        cache: Cache,
        reporter: Reporter,
        *,
        root: Path,
        offline: bool,
        project: str = "",
    ) -> None:
        """Take what the pipeline knows; nothing is read yet. ``project`` is the project's own name."""
        self.project = canonicalize_name(project)
        self.spec = spec
        self.target = target
        self.interpreter = interpreter
        self.cache = cache
        self.reporter = reporter
        self.root = root
        self.offline = offline

    def lock(self) -> Lock:
        """Return the lock to build from; see the order in :mod:`pkggen.wheels.lock`."""
        path = find_lock(self.root, self.spec.lock)
        if path is None:
            return self._resolved(None, self.root / "pylock.toml", None)
        if not path.is_file():
            raise ConfigurationError("there is no such lock", where=str(path))
        if path.name == "uv.lock":
            return self._exported(path)
        if is_valid_pylock_path(path):
            lock = read_pylock(path)
            return self._resolved(None, path, lock) if lock.inputs else self._used(lock)
        if path.suffix == ".txt":
            return self._from_requirements(path, self.root / "pylock.toml")
        raise ConfigurationError(
            "this kind of lock is not known",
            where=str(path),
            remedy="give a pylock.toml, a uv.lock or a requirements.txt",
        )

    def wanted(self) -> tuple[Requirement, ...]:
        """Return those of the project's requirements that apply to the target and the extras."""
        return tuple(r for r in self._asked() if canonicalize_name(r.name) != self.project)

    def _asked(self) -> list[Requirement]:
        there = environment(self.target, self.interpreter)
        found, problems = list[Requirement](), list[Problem]()
        for text in self.spec.requirements:
            try:
                found.append(Requirement(text))
            except InvalidRequirement as error:
                what = f"{redacted(text)!r} is not a requirement: {redacted(str(error).splitlines()[0])}"
                problems.append(Problem(what, self.root.name))
        ConfigurationError.raise_all(problems)
        return [r for r in found if applies(r, there, self.spec.extras)]

    def _check_self_references(self) -> None:
        """Refuse ``app[one,two]`` among the app's own requirements: an index may know another app."""
        itself = [r for r in self._asked() if canonicalize_name(r.name) == self.project]
        ConfigurationError.raise_all(
            Problem(f"{r} refers to the project itself", self.root.name, f"list its extras instead: {sorted(r.extras)}")
            for r in itself
        )

    def _used(self, lock: Lock) -> Lock:
        self.reporter.note(f"wheels: locked by {lock.path.name}")
        return lock

    def _exported(self, path: Path) -> Lock:
        text = self._resolver(path.parent).export(path, self.spec.extras)
        return self._used(parse_pylock(text, path))

    def _from_requirements(self, path: Path, pylock: Path) -> Lock:
        requirements = read_requirements(path)
        if requirements.hashed:
            return self._used(self._pinned(requirements))
        ours = read_pylock(pylock) if pylock.is_file() else None
        if ours is not None and not ours.inputs:
            what = "it has no hashes, and what it resolves to can't be kept: pylock.toml is not pkggen's"
            raise ConfigurationError(what, where=path.name, remedy="name pylock.toml as the lock, or add hashes")
        return self._resolved(requirements, pylock, ours)

    def _pinned(self, requirements: Requirements) -> Lock:
        """Return the lock of fully hashed requirements: only files with one of the given hashes."""
        _check_pins(requirements)
        there = environment(self.target, self.interpreter)
        pins = [p for p in requirements.pins if applies(p.requirement, there, ())]
        lines = sorted({_plain(p.requirement) for p in pins})
        resolver = self._resolver(requirements.path.parent)
        text = resolver.locate(lines, requirements.options) if lines else _EMPTY
        return _restricted(parse_pylock(text, requirements.path), pins)

    def _resolved(self, requirements: Requirements | None, path: Path, ours: Lock | None) -> Lock:
        self._check_self_references()
        inputs = self._inputs(requirements)
        if not inputs.requirements:
            return parse_pylock(_EMPTY, path)
        if ours is not None:
            if ours.inputs.get("inputs") == inputs.digest:
                return self._used(ours)
            self.reporter.warn(f"{path.name} is made again: {inputs.changes(ours.inputs)}")
        else:
            source = requirements.path.name if requirements else "the project's dependencies"
            self.reporter.warn(f"{source}: not locked; resolved now and recorded in {path.name}, keep that file")
        resolver = self._resolver(path.parent)
        with self.cache.scratch() as scratch, self.reporter.step("Resolving dependencies"):
            output = scratch / "pylock.toml"
            if ours is not None:  # uv keeps its versions where they still fit
                output.write_bytes(path.read_bytes())
            lines = (*inputs.requirements, *self._constraint_options(inputs, scratch))
            text = resolver.resolve(lines, inputs.options, output)
        return self._recorded(text + inputs.table(), path)

    def _recorded(self, text: str, path: Path) -> Lock:
        parse_pylock(text, path)  # never keep what could not be read again
        try:
            write_atomically(path, text)
        except StorageError as error:
            self.reporter.warn(f"{error}: the next build may choose other versions")
        return parse_pylock(text, path, numbered=True)

    def _constraint_options(self, inputs: Inputs, scratch: Path) -> tuple[str, ...]:
        if not inputs.constraints:
            return ()
        path = scratch / "constraints.txt"
        path.write_text("\n".join(inputs.constraints) + "\n", encoding="utf-8")
        return (f"-c {path}",)

    def _inputs(self, requirements: Requirements | None) -> Inputs:
        there = environment(self.target, self.interpreter)
        pins = requirements.pins if requirements else ()
        texts = {_plain(r) for r in self.wanted()}
        texts |= {_plain(p.requirement) for p in pins if applies(p.requirement, there, ())}
        return Inputs(
            tuple(sorted(texts)),
            requirements.constraints if requirements else (),
            requirements.options if requirements else (),
            self.interpreter.minor,
            platform_of(self.target),
        )

    def _resolver(self, root: Path) -> Resolver:
        return Resolver(
            root,
            self.cache.root / "uv",
            self.interpreter.minor,
            platform_of(self.target) if self.target.glibc >= (2, 17) else "",
            self.spec.index,
            self.spec.find_links,
            self.offline,
        )


_EMPTY = 'lock-version = "1.0"\ncreated-by = "pkggen"\npackages = []\n'


def _plain(requirement: Requirement) -> str:
    """Return the requirement without its marker, which was decided for the target already."""
    bare = Requirement(str(requirement))
    bare.marker = None
    return str(bare)


def _check_pins(requirements: Requirements) -> None:
    problems = []
    for pin in requirements.pins:
        if not pin.hashes:
            what = f"{pin.requirement.name} has no hash, others have"
            problems.append(Problem(what, pin.where, "lock again with hashes for all"))
        elif not any(h.startswith("sha256:") for h in pin.hashes):
            kinds = ", ".join(sorted({h.partition(":")[0] for h in pin.hashes}))
            problems.append(Problem(f"{pin.requirement.name} has {kinds} only, not sha256", pin.where, "lock again"))
        elif not pin.exact and not pin.requirement.url:
            problems.append(Problem(f"{pin.requirement.name} is not pinned with ==", pin.where, "pin one version"))
    IntegrityError.raise_all(problems)


def _restricted(lock: Lock, pins: Sequence[Pin]) -> Lock:
    allowed = {p.name: {h.removeprefix("sha256:") for h in p.hashes} for p in pins}
    where = {p.name: p.where for p in pins}
    packages, problems = list[Package](), list[Problem]()
    for package in lock.pylock.packages:
        hashes = allowed.get(package.name, set())
        wheels = [w for w in package.wheels or () if w.hashes["sha256"].lower() in hashes]
        archive = package.archive
        if not wheels and not (archive and archive.hashes["sha256"].lower() in hashes):
            what = f"no wheel of {package.name} {package.version or ''} has one of the given hashes".replace("  ", " ")
            remedy = "the hashes are of a source archive or of other files: lock again with the wheels' hashes"
            problems.append(Problem(what, where.get(package.name, lock.path.name), remedy))
            continue
        packages.append(_with_wheels(package, wheels))
    IntegrityError.raise_all(problems)
    pylock = Pylock(lock_version=Version("1.0"), created_by="pkggen", packages=packages)
    return replace(lock, pylock=pylock)


def _with_wheels(package: Package, wheels: list[PackageWheel]) -> Package:
    archive = package.archive
    return Package(name=package.name, version=package.version, wheels=wheels or None, archive=archive)
