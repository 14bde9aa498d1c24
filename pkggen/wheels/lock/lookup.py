"""Which lock a build uses, and making one where there is none; the order is told in :mod:`.pylock`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from packaging.pylock import is_valid_pylock_path
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pkggen.errors import ConfigurationError, IntegrityError, Problem, StorageError
from pkggen.model import Interpreter, Target, WheelSpec
from pkggen.network.address import redacted
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Reporter
from pkggen.wheels.lock.groups import group_requirements
from pkggen.wheels.lock.inputs import Inputs, write_atomically
from pkggen.wheels.lock.pins import at_hand, check_pins, plain, restricted
from pkggen.wheels.lock.pipfile import read_pipfile
from pkggen.wheels.lock.poetry import read_poetry
from pkggen.wheels.lock.pylock import Lock, parse_pylock, read_pylock
from pkggen.wheels.lock.requirements import Requirements, read_requirements
from pkggen.wheels.lock.resolution import Resolver, abi_program, platform_of
from pkggen.wheels.select import applies
from pkggen.wheels.tags import environment

_ORDER = ("uv.lock", "poetry.lock", "Pipfile.lock", "requirements.txt")
_TOOLS: dict[str, Callable[[Path, Sequence[str]], Requirements]] = {
    "poetry.lock": read_poetry,
    "Pipfile.lock": read_pipfile,
}
_COMMANDS = {"uv.lock": "uv lock", "poetry.lock": "poetry lock", "Pipfile.lock": "pipenv lock"}


def find_lock(root: Path, named: Path | None = None) -> Path | None:
    """Return the lock that a build of the project in ``root`` reads: ``named``, or the first by order, or None."""
    pylock = root / "pylock.toml"
    if named is not None:
        return named
    found = [pylock] if pylock.is_file() and not read_pylock(pylock).inputs else []
    found += [path for path in (*(root / name for name in _ORDER), pylock) if path.is_file()]
    return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Renewal:
    """Which versions a lock that is made again may raise: all, or those of ``packages``."""

    everything: bool = False
    packages: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Return uv's arguments; none when no version may rise."""
        chosen = tuple(word for name in self.packages for word in ("--upgrade-package", name))
        return ("--upgrade",) if self.everything else chosen


_AS_IT_IS = Renewal()


@dataclass(frozen=True, slots=True)
class Demand:
    """Which wheels are wanted, for what, and where their lock lies.

    ``root`` is the directory where locks are looked for and, when there is none, ``pylock.toml``
    is written; ``project`` is the project's own name, which a lock may list. With ``offline`` no
    network is touched.
    """

    spec: WheelSpec
    target: Target
    interpreter: Interpreter
    root: Path
    project: str = ""
    offline: bool = False


class LockSource:
    """Finds, reads or makes the lock of one project for one target."""

    def __init__(self, demand: Demand, cache: Cache, reporter: Reporter) -> None:
        """Take what is wanted; nothing is read yet."""
        spec = demand.spec
        self.project = canonicalize_name(demand.project)
        self.spec = spec
        self.target = demand.target
        self.interpreter = demand.interpreter
        self.cache = cache
        self.reporter = reporter
        self.root = demand.root
        self.offline = demand.offline
        self.left = {canonicalize_name(name) for name in (*spec.exclude, *spec.given)}
        self.met: set[str] = set()  # of these, those that somebody asked for
        self.logins: list[str] = []  # URLs with credentials that requirements files named

    def lock(self) -> Lock:
        """Return the lock to build from; see the order in :mod:`pkggen.wheels.lock.pylock`."""
        path = find_lock(self.root, self.spec.lock)
        if path is None:
            return self._resolved(None, self.root / "pylock.toml", None)
        if not path.is_file():
            raise ConfigurationError("there is no such lock", where=str(path))
        if path.name == "uv.lock":
            return self._exported(path)
        if path.name in _TOOLS:
            requirements = _TOOLS[path.name](path, self.spec.groups)
            own = self.spec.index or self.spec.directory  # then the lock's own sources do not count
            return self._used(self._pinned(replace(requirements, options=() if own else requirements.options)))
        if is_valid_pylock_path(path):
            lock = read_pylock(path)
            return self._resolved(None, path, lock) if lock.inputs else self._used(lock)
        if path.suffix == ".txt":
            return self._from_requirements(path, self.root / "pylock.toml")
        raise ConfigurationError(
            "this kind of lock is not known",
            where=str(path),
            remedy="give a pylock.toml, uv.lock, poetry.lock, Pipfile.lock or requirements.txt",
        )

    def renew(self, renewal: Renewal) -> Path:
        """Make or refresh ``pylock.toml`` and return its path; with ``spec.frozen`` only check it.

        Raises ConfigurationError when another tool's lock is what a build reads.
        """
        path = find_lock(self.root, self.spec.lock)
        requirements = read_requirements(path) if path and path.suffix == ".txt" and path.is_file() else None
        pylock = path if path and is_valid_pylock_path(path) else self.root / "pylock.toml"
        ours = read_pylock(pylock) if pylock.is_file() else None
        foreign = requirements.hashed if requirements else path is not None and path != pylock
        if path and (foreign or (ours is not None and not ours.inputs)):
            made = path if foreign else pylock
            how = _COMMANDS.get(made.name, "the tool that made it")
            remedy = f"refresh it with {how}"
            raise ConfigurationError("it is the project's lock already", where=made.name, remedy=remedy)
        self._resolved(requirements, pylock, ours, renewal, keep=True)
        return pylock

    def wanted(self) -> tuple[Requirement, ...]:
        """Return those of the project's requirements that apply to the target and the extras."""
        asked = {r: canonicalize_name(r.name) for r in self._asked()}
        self.met |= self.left & set(asked.values())
        return tuple(r for r, name in asked.items() if name not in {self.project, *self.left})

    def _asked(self) -> list[Requirement]:
        there = environment(self.target, self.interpreter)
        found, problems = list[Requirement](), list[Problem]()
        for text in (*self.spec.requirements, *self._grouped()):
            try:
                found.append(Requirement(text))
            except InvalidRequirement as error:
                what = f"{redacted(text)!r} is not a requirement: {redacted(str(error).splitlines()[0])}"
                problems.append(Problem(what, self.root.name))
        ConfigurationError.raise_all(problems)
        return [r for r in found if applies(r, there, self.spec.extras)]

    def _grouped(self) -> Iterator[str]:
        """Yield what the dependency groups ask for, unless a lock already says it."""
        path = find_lock(self.root, self.spec.lock)
        ours = path is None or path.suffix == ".txt" or (is_valid_pylock_path(path) and read_pylock(path).inputs)
        if self.spec.groups and ours:
            yield from group_requirements(self.root, self.spec.groups)

    def _check_self_references(self) -> None:
        """Refuse ``app[one,two]`` among the app's own requirements: an index may know another app."""
        itself = [r for r in self._asked() if canonicalize_name(r.name) == self.project]
        ConfigurationError.raise_all(
            Problem(f"{r} refers to the project itself", self.root.name, f"list its extras instead: {sorted(r.extras)}")
            for r in itself
        )

    def _used(self, lock: Lock) -> Lock:
        self.reporter.note(f"wheels: locked by {lock.path.name}")
        for name in lock.respelled:
            self.reporter.note(f"{lock.path.name}: {name} is {canonicalize_name(name)}, normalised as PEP 751 wants it")
        return lock

    def _exported(self, path: Path) -> Lock:
        text = self._resolver(path.parent).export(path, self.spec.extras, self.spec.groups)
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
        there = environment(self.target, self.interpreter)
        pins = [p for p in requirements.pins if applies(p.requirement, there, self.spec.extras)]
        self.met |= {p.name for p in pins} & self.left
        pins = [p for p in pins if p.name not in self.left and p.name != self.project]
        check_pins(pins)
        if not pins:
            return parse_pylock(_EMPTY, requirements.path)
        words, lines = self._places(requirements)
        folders = (*self.spec.find_links, *([self.spec.directory] if self.spec.directory else []))
        near = folders if self.offline or self.spec.directory else ()  # where no address can be asked
        wanted = sorted({plain(at_hand(p.requirement, near)) for p in pins})
        located = self._resolver(requirements.path.parent).locate([*wanted, *lines], words)
        return restricted(parse_pylock(located, requirements.path), pins)

    def _places(self, requirements: Requirements | None) -> tuple[list[str], list[str]]:
        """Return where packages come from as arguments, and as lines: addresses that may hold a password."""
        words, lines = list[str](), list[str]()
        options = iter(requirements.options if requirements else ())
        for word in options:
            if word in {"--index-url", "--extra-index-url"}:
                url = next(options)
                lines.append(f"{word} {url}")
                self.logins += [url] if "@" in urlsplit(url).netloc else []
            else:
                words.append(word)
        return words, [] if self.spec.directory else lines

    def _resolved(
        self,
        requirements: Requirements | None,
        path: Path,
        ours: Lock | None,
        renewal: Renewal = _AS_IT_IS,
        *,
        keep: bool = False,
    ) -> Lock:
        """Return ``ours`` when it still holds, else one made now; it is recorded at ``path``.

        Without ``keep``, what a folder of wheels resolves to is not recorded: the folder decides.
        """
        self._check_self_references()
        inputs = self._inputs(requirements)
        places = self._places(requirements)
        if not inputs.requirements:
            return parse_pylock(_EMPTY, path)
        if ours is not None and ours.inputs.get("inputs") == inputs.digest and not renewal.words:
            return self._used(ours)
        source = requirements.path.name if requirements else "the project's dependencies"
        stale = f"it is older than the requirements: {inputs.changes(ours.inputs)}" if ours is not None else ""
        if self.spec.frozen:
            where = path.name if stale else source
            raise IntegrityError(stale or "not locked with hashes", where=where, remedy="lock with: pkggen lock")
        kept = keep or not self.spec.directory or ours is not None
        if stale and not keep:
            self.reporter.warn(f"{path.name} is made again: {inputs.changes(ours.inputs if ours else {})}")
        elif kept and not keep:
            self.reporter.warn(f"{source}: not locked; resolved now and recorded in {path.name}, keep that file")
        text = self._resolve(inputs, places, path, renewal) + inputs.table()
        return self._recorded(text, path) if kept else parse_pylock(text, path)

    def _resolve(self, inputs: Inputs, places: tuple[list[str], list[str]], path: Path, renewal: Renewal) -> str:
        words, lines = places
        with self.cache.scratch() as scratch, self.reporter.step("Resolving dependencies"):
            output = scratch / "pylock.toml"
            if path.is_file():  # uv keeps its versions where they still fit
                output.write_bytes(path.read_bytes())
            files = (("--constraints", inputs.constraints), ("--overrides", inputs.overrides))
            for option, texts in files:
                if texts:
                    file = scratch / f"{option.strip('-')}.txt"
                    file.write_text("\n".join(texts) + "\n", encoding="utf-8")
                    words = [*words, option, str(file)]
            resolver = self._resolver(path.parent)
            return resolver.resolve([*inputs.requirements, *lines], [*words, *renewal.words], output)

    def _recorded(self, text: str, path: Path) -> Lock:
        parse_pylock(text, path)  # never keep what could not be read again
        try:
            write_atomically(path, text)
        except StorageError as error:
            self.reporter.warn(f"{error}: the next build may choose other versions")
        return parse_pylock(text, path, numbered=True)

    def _inputs(self, requirements: Requirements | None) -> Inputs:
        there = environment(self.target, self.interpreter)
        pins = requirements.pins if requirements else ()
        texts = {plain(r) for r in self.wanted()}
        texts |= {plain(p.requirement) for p in pins if applies(p.requirement, there, ())}
        return Inputs(
            tuple(sorted(texts)),
            (*(requirements.constraints if requirements else ()), *self.spec.constraints),
            requirements.options if requirements else (),
            self.interpreter.spelled,
            platform_of(self.target),
            self.spec.overrides,
            self.spec.build,
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
            self.spec.directory,
            self.spec.build,
            abi_program(self.interpreter),
        )


_EMPTY = 'lock-version = "1.0"\ncreated-by = "pkggen"\npackages = []\n'
