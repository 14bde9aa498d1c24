"""One application as several packages, each of which owns layers: the dependencies', a shared interpreter's.

``split = ["deps", "runtime"]`` makes three: ``<app>``, which is all that a change of code touches;
``<app>-deps``; and ``pkggen-python3.13``, which lies below a prefix of its own for all
applications. With ``"deps"`` alone the interpreter is in ``<app>-deps``, with ``"runtime"`` alone
the dependencies are in ``<app>``.

The versions of the two stand for their bytes: for files, scripts and all that the packages say of
themselves. ``<app>-deps`` is ``N-DIGEST``, where N is counted in ``pkggen.lock``, so that a newer
one sorts after an older one; the application depends on exactly that. The runtime is
``3.13.5-DATE.DIGEST``, of when the interpreter was built; the application depends on that Python
version or a later one. Nothing of the application is in the runtime's package, and no option or
template, or two applications would each have their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from pkggen.errors import ConfigurationError, IntegrityError
from pkggen.model import Component, Entry, FormatOptions, Interpreter, Layer, Needs, Payload, Project, Purpose
from pkggen.store.pkggen_lock import FILE, read_tables, write_table

DEPS, RUNTIME = "deps", "runtime"
_DIGITS = 12  # of a digest, in a version
_HEAD = "deps"
_RUNTIME = """\
The Python {minor} of applications that pkggen packaged to share it. Each makes its release anew
when this package is upgraded. The system's Python stays untouched."""


def layer_homes(split: Sequence[str], prefix: str, interpreter: Interpreter, keep: Sequence[str]) -> Mapping[str, str]:
    """Return where each layer's directory and description lie on the target."""
    own = f"{prefix}/layers"
    shared = f"/opt/{runtime_name(interpreter, keep)}/layers" if RUNTIME in split else own
    return {"python": shared, "deps": own, "app": own}


def runtime_name(interpreter: Interpreter, keep: Sequence[str]) -> str:
    """Return the name of the shared interpreter's package; one that keeps more than usual is another package."""
    return "-".join([f"pkggen-python{interpreter.spelled}", *sorted(keep)]).lower()


def layers_of(package: str, split: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the layers that a package of the split owns: "app", "deps" or "runtime"."""
    if package == RUNTIME:
        return ("python",)
    rest = () if RUNTIME in split else ("python",)
    below = (*rest, "deps")
    return below if package == DEPS else ("app",) if DEPS in split else (*below, "app")


class Division:
    """A whole payload and how it is divided into packages."""

    def __init__(self, whole: Payload, split: Sequence[str], needs: Mapping[str, Needs], runtime: str) -> None:
        """Take the payload of all layers, and what each package of the split needs of the system."""
        self.whole = whole
        self.split = tuple(split)
        self.needs = needs
        self.runtime = runtime
        self.layers = {layer.name: layer for layer in whole.layers}

    def payloads(
        self, version: str, locks: Path, packed: Callable[[Payload], str], *, frozen: bool
    ) -> tuple[Payload, ...]:
        """Return a payload for each package, the application's first.

        ``version`` is the interpreter's. ``packed`` tells all that a payload's packages are made of but
        its version and release, which follow from that. Raises IntegrityError when the dependencies are new to
        ``pkggen.lock`` in ``locks`` and nothing may be written, ConfigurationError when it can't be.
        """
        if not self.split:
            return (replace(self.whole, options=self._takes_over()),)
        parts: list[Payload] = []
        terms: list[str] = []
        if DEPS in self.split:
            name = f"{self.whole.project.name}-deps"
            part = self._part(DEPS, name)
            digest = self._digest(DEPS, packed(part))
            number = counted(locks, self.whole.target.arch, digest, frozen=frozen)
            parts.append(_versioned(part, str(number), digest))
            terms.append(f"{name} = {number}-{digest}")
        if RUNTIME in self.split:
            part = self._part(RUNTIME, self.runtime, version)
            built = datetime.fromtimestamp(part.epoch, timezone.utc)
            parts.append(_versioned(part, version, f"{built:%Y%m%d}.{self._digest(RUNTIME, packed(part))}"))
            terms.append(f"{self.runtime} >= {version}")
        return (self._application(terms, parts), *parts)

    def _application(self, terms: Sequence[str], parts: Sequence[Payload]) -> Payload:
        elsewhere = {e.path for part in parts for e in part.entries}
        options = {
            name: replace(option, depends=(*terms, *option.depends)) for name, option in self._takes_over().items()
        }
        return replace(
            self.whole,
            layers=self._own("app"),
            components=self._components("app"),
            entries=tuple(e for e in self.whole.entries if e.path not in elsewhere),
            needs=self.needs["app"],
            together=self.whole.needs,
            kin=self._kin(),
            options=options,
        )

    def _kin(self) -> tuple[str, ...]:
        """Return the paths below the application's prefix that are layers of another package."""
        own, below = layers_of("app", self.split), f"{self.whole.prefix}/layers"
        others = [layer for name, layer in self.layers.items() if name not in own and layer.home == below]
        return tuple(f"{below}/{layer.name}{suffix}" for layer in others for suffix in ("", ".json"))

    def _takes_over(self) -> Mapping[str, FormatOptions]:
        """Return the application's options; where the dependencies are in it, they may have been a package."""
        apart = DEPS in self.split or not self.whole.layout.activated
        return self.whole.options if apart else _over(self.whole.options, f"{self.whole.project.name}-deps")

    def _components(self, package: str) -> tuple[Component, ...]:
        return tuple(c for c in self.whole.components if c.layer in layers_of(package, self.split))

    def _own(self, package: str) -> tuple[Layer, ...]:
        return tuple(self.layers[name] for name in layers_of(package, self.split))

    def _entries(self, package: str) -> tuple[Entry, ...]:
        """Return a package's entries, at times that depend on them alone."""
        own = self._own(package)
        below = tuple(f"{layer.home}/{layer.name}/" for layer in own)
        names = self._descriptions(package)
        found = [e for e in self.whole.entries if e.path.startswith(below) or e.path in names]
        time = _newest(e for e in found if e.path not in names)
        return tuple(replace(e, mtime=time) if e.path in names else e for e in found)

    def _descriptions(self, package: str) -> set[str]:
        return {f"{layer.home}/{layer.name}.json" for layer in self._own(package)}

    def _digest(self, package: str, packed: str) -> str:
        names = self._descriptions(package)
        rows = (f"{e.path} {e.sha256}\n" for e in self.whole.entries if e.path in names)
        return hashlib.sha256("".join((*rows, packed)).encode()).hexdigest()[:_DIGITS]

    def _part(self, package: str, name: str, version: str = "0") -> Payload:
        """Return a package's payload before its version is known."""
        home, entries, shared = self._own(package)[0].home, self._entries(package), package == RUNTIME
        options = {name: _of_files(option, shared=shared) for name, option in self.whole.options.items()}
        return replace(
            self.whole,
            project=self._about(package, name, version),
            prefix=home.removesuffix("/layers"),
            release="0",
            layers=self._own(package),
            components=self._components(package),
            entries=entries,
            services=(),
            needs=self.needs[package],
            epoch=_newest(entries),
            options=options if shared else _over(options, self.whole.project.name),
            shared=shared,
            purpose=Purpose.LAYERS,
            interests=(),
            admission="",
            python="",
            triggers=(),
            hooks=(),
            smoke=(),
            together=self.whole.needs,
        )

    def _about(self, package: str, name: str, version: str) -> Project:
        if package == DEPS:
            what = f"what {self.whole.project.name} depends on"
            text = f"The Python libraries that {self.whole.project.name} runs on, at the versions it was locked with."
            return replace(
                self.whole.project, name=name, version=version, summary=what, description=text, commands=(), changes=()
            )  # fmt: skip
        text = _RUNTIME.format(minor=version.rpartition(".")[0])
        return Project(
            name, version, f"Python {version} that applications share", text, "PSF-2.0", "https://www.python.org/", "",
            (), self.whole.project.root,
        )  # fmt: skip


def counted(locks: Path, arch: str, digest: str, *, frozen: bool) -> int:
    """Return which of the application's dependencies ``digest`` are, counted from 1 in ``pkggen.lock``.

    What was there before gets a new number when it comes back, for a package's version can only rise.
    Raises IntegrityError for a new digest where nothing may be written, ConfigurationError for a
    file that is not as we write it.
    """
    path = locks / FILE
    known = read_tables(path, _HEAD, ("number", "digest")).get(arch)
    if known and not known["number"].isdecimal():
        raise ConfigurationError("number is no number", where=f"{FILE}: {_HEAD}.{arch}", remedy="restore the file")
    if known and known["digest"] == digest:
        return int(known["number"])
    if frozen:
        raise IntegrityError(
            "these dependencies have no number yet, and nothing may be written",
            where=FILE, remedy=f"build once without --frozen and commit {FILE}",
        )  # fmt: skip
    number = int(known["number"]) + 1 if known else 1
    write_table(path, _HEAD, arch, {"number": str(number), "digest": digest})
    return number


def _versioned(part: Payload, version: str, release: str) -> Payload:
    return replace(part, project=replace(part.project, version=version), release=release)


def _of_files(options: FormatOptions, *, shared: bool) -> FormatOptions:
    """Return of the user's options what concerns files and libraries; relations are the application's.

    What all applications share takes none but the names of libraries that we don't know.
    """
    known = FormatOptions(libraries=options.libraries, ignore_libraries=options.ignore_libraries)
    return known if shared else replace(known, compression=options.compression, section=options.section)


def _over(options: Mapping[str, FormatOptions], other: str) -> Mapping[str, FormatOptions]:
    """Return options with which dpkg lets a package take files from ``other`` (Debian policy 7.6.1); rpm needs none."""
    return {n: replace(o, replaces=(*o.replaces, other)) if n == "deb" else o for n, o in options.items()}


def _newest(entries: object) -> int:
    return max((e.mtime for e in entries), default=0)  # type: ignore[attr-defined]
