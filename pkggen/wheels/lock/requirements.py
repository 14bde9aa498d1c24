"""requirements.txt: what it asks for and which hashes it allows.

Read as pip reads it: its encodings, variables, and every spelling of its options. Only what a lock needs
counts: requirements, their ``--hash`` options, ``-r`` and ``-c`` includes, and the options that say where
packages come from. Resolving is uv's task. Source: pip's "Requirements File Format", and its ``req_file.py``.
"""

from __future__ import annotations

import codecs
import optparse
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from pkggen.errors import ConfigurationError, PkggenError, Problem
from pkggen.model import Origin
from pkggen.network.address import filename_of, redacted
from pkggen.reading import read_bytes

_COMMENT = re.compile(r"(^|\s)#.*$")
_OPTION = re.compile(r"(?:^|\s)-{1,2}(?=[a-zA-Z])")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_CODING = re.compile(rb"coding[:=]\s*([-\w.]+)")
_MARKS = (  # the longer ones first: UTF-16's is how one of UTF-32's begins
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WITH_VALUE = {
    ("-r", "--requirement"): "requirements",
    ("-c", "--constraint"): "constraints",
    ("-e", "--editable"): "editable",
    ("-f", "--find-links"): "find_links",
    ("-i", "--index-url", "--pypi-url"): "index_url",
    ("--extra-index-url",): "extra_index_url",
    ("--hash",): "hashes",
    # these are about how pip goes to work, and change nothing of what is packaged
    ("-C", "--config-setting", "--config-settings"): "settings",
    ("--global-option",): "settings",
    ("--only-binary",): "binary",
    ("--no-binary",): "binary",
    ("--trusted-host",): "trusted",
    ("--use-feature",): "features",
}
_FLAGS = ("--no-index", "--pre", "--require-hashes", "--prefer-binary")


@dataclass(frozen=True, slots=True)
class Pin:
    """One requirement as written: ``hashes`` are "algorithm:hex"; ``where`` is "file:line"."""

    requirement: Requirement
    hashes: frozenset[str]
    where: str

    @property
    def name(self) -> str:
        """Return the normalised name."""
        return canonicalize_name(self.requirement.name)

    @property
    def exact(self) -> bool:
        """Tell whether one version, and no other, is meant."""
        specifiers = list(self.requirement.specifier)
        return len(specifiers) == 1 and specifiers[0].operator in {"==", "==="} and "*" not in specifiers[0].version


@dataclass(frozen=True, slots=True)
class Requirements:
    """A requirements file with its includes: ``options`` are uv's own words, paths absolute.

    ``origins`` are of what is built from a folder or a repository, each with its marker.
    """

    path: Path
    pins: tuple[Pin, ...]
    constraints: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    origins: tuple[tuple[Origin, str], ...] = ()

    @property
    def hashed(self) -> bool:
        """Tell whether any requirement carries a hash (then, as for pip, all of them must)."""
        return any(pin.hashes for pin in self.pins)


def read_requirements(path: Path) -> Requirements:
    """Read ``path`` and everything it includes.

    Raises ConfigurationError that names file and line of each line that can't be read. The
    project itself (``.`` or ``-e .``) is left out.
    """
    reader = _Reader(path.parent)
    reader.read(path, (), as_constraints=False)
    ConfigurationError.raise_all(reader.problems)
    return Requirements(path, tuple(reader.pins), tuple(reader.constraints), tuple(reader.options))


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number of the first physical line, text) with comments cut, lines joined and variables expanded."""
    start, parts = 0, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        start = start if parts else number
        bare = _COMMENT.sub("", line)
        if bare.endswith("\\"):
            parts.append(bare[:-1])
            continue
        joined = "".join([*parts, bare]).strip()
        parts = []
        if joined:
            yield start, _expanded(joined)
    if parts and "".join(parts).strip():
        yield start, _expanded("".join(parts).strip())


def _expanded(line: str) -> str:
    """Put the environment's values in place of ${NAME}; what is not set stays as it is."""
    return _VARIABLE.sub(lambda match: os.environ.get(match[1]) or match[0], line)


def _text_of(raw: bytes) -> str:
    """Decode a requirements file: by its byte order mark, its coding comment in the first two lines, or as UTF-8."""
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return raw[len(mark) :].decode(encoding)
    for line in raw.splitlines()[:2]:
        if line.startswith(b"#") and (match := _CODING.search(line)):
            return raw.decode(match[1].decode("ascii"))
    return raw.decode("utf-8")


class _Options(optparse.OptionParser):
    """Pip's options of one line: it reads them with optparse, too, so that all spellings are the same."""

    def __init__(self) -> None:
        super().__init__(add_help_option=False, usage=optparse.SUPPRESS_USAGE)
        for names, dest in _WITH_VALUE.items():
            self.add_option(*names, dest=dest, action="append", default=[])
        for name in _FLAGS:
            self.add_option(name, action="store_true", default=False)

    def error(self, msg: str) -> NoReturn:
        raise ValueError(msg)


class _Reader:
    """Collects the lines of one file and its includes, and what is wrong with them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.pins: list[Pin] = []
        self.constraints: list[str] = []
        self.options: list[str] = []
        self.problems: list[Problem] = []

    def read(self, path: Path, parents: tuple[Path, ...], *, as_constraints: bool) -> None:
        try:
            text = _text_of(read_bytes(path))
        except (UnicodeError, LookupError):
            self.problems.append(Problem("can't be read: it is neither UTF-8 nor what it says it is", str(path)))
            return
        except PkggenError as error:
            said = [p.what if p.what.startswith("can't") else f"can't be read: {p.what}" for p in error.problems]
            self.problems += [Problem(what, str(path)) for what in said]
            return
        for number, line in logical_lines(text):
            where = f"{path.name}:{number}"
            subject, rest = _divided(line)
            try:
                options, extra = _Options().parse_args(shlex.split(rest))
            except ValueError as error:
                self.problems.append(Problem(redacted(f"{error}"), where))
                continue
            if extra:
                self.problems.append(Problem(redacted(f"{extra[0]!r} is no option"), where))
            elif subject and as_constraints:
                self.constraints.append(subject)
            elif subject:
                self._requirement(subject, frozenset(h.lower() for h in options.hashes), where, path)
            else:
                self._options(options, where, path, (*parents, path), as_constraints=as_constraints)

    def _requirement(self, text: str, hashes: frozenset[str], where: str, path: Path) -> None:
        if self._is_project(text):
            return
        try:
            requirement = Requirement(_named(text, path.parent))
        except InvalidRequirement as error:
            reason = str(error).splitlines()[0]
            remedy = ""
            if text.startswith((".", "/")) or "://" in text:
                reason = f"{filename_of(text) or redacted(text)} is a path or a URL without a name"
                remedy = "write it as 'name @ URL', or put its wheel into a directory for find-links and pin it"
            self.problems.append(Problem(redacted(reason), where, remedy))
            return
        self.pins.append(Pin(requirement, hashes, where))

    def _is_project(self, text: str) -> bool:
        """Tell whether a requirement is the project's own folder, where pip is run: it is packaged anyway."""
        place = re.sub(r"\[[^\]]*\]$", "", text.partition(";")[0].strip()).removeprefix("file://").removeprefix("file:")
        return place.rstrip("/") in {".", str(self.root.absolute())}

    def _options(
        self, options: optparse.Values, where: str, path: Path, parents: tuple[Path, ...], *, as_constraints: bool
    ) -> None:
        files = [(value, as_constraints) for value in options.requirements]
        files += [(value, True) for value in options.constraints]
        for value, limits in files:
            included = path.parent / value
            if "://" in value:
                remedy = "download it, and name the file here"
                self.problems.append(
                    Problem(f"{redacted(value)} is an address, which may say another thing tomorrow", where, remedy)
                )
            elif included in parents:
                self.problems.append(Problem(f"{value} includes itself", where))
            else:
                self.read(included, parents, as_constraints=limits)
        for name in ("--index-url", "--extra-index-url"):
            for url in getattr(options, name.strip("-").replace("-", "_")):
                self.options += [name, url]
        for value in options.find_links:
            self.options += ["--find-links", value if "://" in value else str(path.parent / value)]
        for value in options.editable:
            if not self._is_project(value):
                remedy = "build it to a wheel, put that into a directory for find-links and pin it"
                self.problems.append(Problem(f"editable requirement {redacted(value)}", where, remedy))
        if options.no_index:
            self.options.append("--no-index")
        if options.pre:
            self.options += ["--prerelease", "allow"]


def _divided(line: str) -> tuple[str, str]:
    """Return the requirement in a line, and its options: they start at the first word with a dash."""
    found = _OPTION.search(line)
    return (line[: found.start()].strip(), line[found.start() :]) if found else (line, "")


def _named(text: str, folder: Path) -> str:
    """Return the requirement with the name that a wheel's file name gives, where only its place is written."""
    place, marked, marker = text.partition(" ;")
    bare = place.partition("#")[0].strip()
    if "@" in bare.partition("://")[0] or not bare.endswith(".whl"):
        return text
    try:
        name = parse_wheel_filename(filename_of(bare))[0]
    except InvalidWheelFilename:
        return text
    local = bare.removeprefix("file:") if "://" not in bare else ""
    url = (folder / local).resolve().as_uri() if local else place.strip()
    return f"{name} @ {url}{' ;' if marked else ''}{marker}"
