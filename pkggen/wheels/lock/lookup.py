"""Which lock a build uses, and making one where there is none; the order is told in :mod:`.pylock`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from packaging.markers import Environment, Marker
from packaging.pylock import is_valid_pylock_path
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pkggen.config.workspace import find_workspace, project_name
from pkggen.errors import ConfigurationError, IntegrityError, Problem, StorageError
from pkggen.model import Wheel
from pkggen.network.address import redacted, without_credentials
from pkggen.reading import is_there
from pkggen.store.cache import Cache
from pkggen.store.writing import only_looks, write_lock
from pkggen.terminal.reporter import Reporter
from pkggen.wheels.lock.demand import AS_IT_IS, Demand, Renewal
from pkggen.wheels.lock.governing import find_lock, is_foreign, ungoverning, unread_locks, way_out
from pkggen.wheels.lock.groups import group_requirements
from pkggen.wheels.lock.inputs import Inputs
from pkggen.wheels.lock.pdm import read_pdm
from pkggen.wheels.lock.pins import at_hand, check_pins, plain, restricted
from pkggen.wheels.lock.pipfile import read_pipfile
from pkggen.wheels.lock.poetry import read_poetry
from pkggen.wheels.lock.pylock import Lock, parse_pylock, read_pylock, with_origins, without_packages
from pkggen.wheels.lock.requirements import Requirements, read_requirements
from pkggen.wheels.lock.resolution import Resolver, abi_program, platform_of
from pkggen.wheels.select import applies
from pkggen.wheels.tags import environment

_PARTED: dict[str, Callable[..., Requirements]] = {"poetry.lock": read_poetry, "pdm.lock": read_pdm}
_COMMANDS = {
    "uv.lock": "uv lock",
    "poetry.lock": "poetry lock",
    "pdm.lock": "pdm lock",
    "Pipfile.lock": "pipenv lock",
}


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
        self.local = {wheel.name for wheel in spec.local}
        self.met: set[str] = set()  # of these, those that somebody asked for
        self.logins: list[str] = []  # URLs with credentials that requirements files named

    def lock(self) -> Lock:
        """Return the lock to build from; see the order in :mod:`pkggen.wheels.lock.pylock`."""
        path = find_lock(self.root, self.spec.lock)
        self._tell_of_others(path)
        if path is None:
            return self._resolved(None, self.root / "pylock.toml", None)
        if not is_there(path):
            raise ConfigurationError("there is no such lock", where=str(path))
        if path.name == "uv.lock":
            return self._exported(path)
        if path.name in {*_PARTED, "Pipfile.lock"}:
            requirements = self._read(path)
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
            remedy="give a pylock.toml, uv.lock, poetry.lock, pdm.lock, Pipfile.lock or requirements.txt",
        )

    def _read(self, path: Path) -> Requirements:
        if path.name == "Pipfile.lock":
            return read_pipfile(path, self.spec.groups)
        names = tuple(r.name for r in self.wanted())
        return _PARTED[path.name](path, self.spec.groups, names, part=path.resolve().parent != self.root.resolve())

    def _tell_of_others(self, path: Path | None) -> None:
        """Refuse to resolve beside a lock that we do not read; warn of locks above that do not name the project."""
        what = "it tells the versions of dependencies, and pkggen can't read it"
        others = unread_locks(self.root) if path is None else ()
        ConfigurationError.raise_all(Problem(what, name, way_out(name)) for name in others)
        if not is_foreign(path):
            for above in ungoverning(self.root):
                name = os.path.relpath(above, self.root.resolve())
                self.reporter.warn(f'{name} says nothing of this project, so it is not read: wheels.lock = "{name}"')

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
        return tuple(r for r, name in asked.items() if name not in {self.project, *self.left, *self.local})

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
        workspace = find_workspace(path.parent)
        member = workspace is not None and self.project in workspace.members
        package = self.project if member and project_name(path.parent) != self.project else ""
        text = self._resolver(path.parent).export(path, self.spec.extras, self.spec.groups, package)
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
        built = [o for o, m in requirements.origins if not m or Marker(m).evaluate(_plain_environment(there))]
        built = [o for o in built if o.name not in {self.project, *self.left}]
        if not pins:
            return with_origins(parse_pylock(_EMPTY, requirements.path), built)
        words, lines = self._places(requirements)
        folders = (*self.spec.find_links, *([self.spec.directory] if self.spec.directory else []))
        near = folders if self.offline or self.spec.directory else ()  # where no address can be asked
        wanted = sorted({plain(at_hand(p.requirement, near)) for p in pins})
        located = self._resolver(requirements.path.parent).locate([*wanted, *lines], words)
        return with_origins(restricted(parse_pylock(located, requirements.path), pins), built)

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
        lines += [line for line in self._indexes() if line not in lines]
        return words, [] if self.spec.directory else lines

    def _indexes(self) -> Iterator[str]:
        """Yield what the project's own tool would ask, as lines; ``wheels.index`` stands for all of it."""
        default, searched = self.spec.default_index, self.spec.searched
        if self.spec.index:
            return
        if default == "" and searched:
            default, searched = searched[0], searched[1:]
        yield from (f"--extra-index-url {url}" for url in searched)
        if default:
            yield f"--index-url {default}"
        self.logins += [url for url in (default or "", *searched) if "@" in urlsplit(url).netloc]

    def _resolved(
        self,
        requirements: Requirements | None,
        path: Path,
        ours: Lock | None,
        renewal: Renewal = AS_IT_IS,
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
            how = "is made again by a build" if only_looks() else "is made again"
            self.reporter.warn(f"{path.name} {how}: {inputs.changes(ours.inputs if ours else {})}")
        elif kept and not keep:
            how = (
                f"not recorded: a build writes {path.name}"
                if only_looks()
                else f"recorded in {path.name}, keep that file"
            )
            self.reporter.warn(f"{source}: not locked; resolved now and {how}")
        text = self._resolve(inputs, places, path, renewal) + inputs.table()
        self._check_indexes(parse_pylock(text, path))
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
            own = [f"{w.name} @ {_given(w, scratch)}" for w in self.spec.local]
            text = resolver.resolve([*inputs.requirements, *own, *lines], [*words, *renewal.words], output)
            return without_packages(text, self.local)

    def _check_indexes(self, lock: Lock) -> None:
        """Refuse what came from another index than the one that the project takes it from."""
        wanted = {name: url for name, _, url in self.spec.pinned}
        IntegrityError.raise_all(
            Problem(
                f"it belongs to {redacted(wanted[p.name])}, and was found at {redacted(p.index or '')}",
                lock.where(p.name),
                "look at the indexes in pyproject.toml and in the environment: somebody else may have taken the name",
            )
            for p in lock.pylock.packages
            if p.index and wanted.get(p.name) and not _same_index(p.index, wanted[p.name])
        )

    def _recorded(self, text: str, path: Path) -> Lock:
        parse_pylock(text, path)  # never keep what could not be read again
        try:
            write_lock(path, text)
        except StorageError as error:
            self.reporter.warn(f"{error}: the next build may choose other versions")
        return parse_pylock(text, path, numbered=True)

    def _inputs(self, requirements: Requirements | None) -> Inputs:
        there = environment(self.target, self.interpreter)
        pins = requirements.pins if requirements else ()
        texts = {plain(r) for r in self.wanted()}
        texts |= {plain(p.requirement) for p in pins if applies(p.requirement, there, ()) and p.name not in self.local}
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
            self.spec.pinned,
        )


def _given(wheel: Wheel, scratch: Path) -> str:
    """Return the address of ``wheel`` as a file of its own name."""
    path = scratch / "local" / wheel.filename
    path.parent.mkdir(exist_ok=True)
    shutil.copyfile(wheel.path, path)
    return path.as_uri()


def _same_index(one: str, other: str) -> bool:
    first, second = (urlsplit(without_credentials(url)) for url in (one, other))
    return (first.hostname, first.path.rstrip("/")) == (second.hostname, second.path.rstrip("/"))


def _plain_environment(there: Environment) -> dict[str, str]:
    return {**{key: str(value) for key, value in there.items()}, "extra": ""}


_EMPTY = 'lock-version = "1.0"\ncreated-by = "pkggen"\npackages = []\n'
