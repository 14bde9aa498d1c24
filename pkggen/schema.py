"""The schema of ``[tool.pkggen]``: what the user may write, as models that validate it.

These models are the only description of the schema. Keys are kebab-case in TOML. Nothing is
required: every default builds a package from the project's own metadata.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from typing import Annotated, Literal

from packaging.requirements import InvalidRequirement, Requirement
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

# Directories that are the system's: a package laid out there would own or chmod them.
_RESERVED_PREFIXES = {"/", "/opt", "/usr", "/usr/local", "/etc", "/var", "/srv", "/home", "/root", "/tmp", "/run"}  # noqa: S108
_SHELL_WORDS = {"|", "||", "&", "&&", ";", ">", ">>", "<", "2>&1"}


def _matches(pattern: str, remedy: str) -> AfterValidator:
    expression = re.compile(pattern)

    def check(value: str) -> str:
        if not expression.fullmatch(value):
            raise ValueError(f"{value!r} is not allowed: {remedy}")
        return value

    return AfterValidator(check)


def _one_line(value: str) -> str:
    if any(
        ord(c) < 0x20 or ord(c) == 0x7F or c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069" for c in value
    ):
        raise ValueError("must be one line without control characters")
    return value


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _prefix(value: str) -> str:
    _one_line(value)
    normal = "/" + posixpath.normpath(value).lstrip("/")  # normpath keeps two leading slashes
    if not value.startswith("/") or ".." in value.split("/"):
        raise ValueError(f"{value!r} must be an absolute path without '..', such as /opt/myapp")
    if normal in _RESERVED_PREFIXES:
        raise ValueError(f"{value!r} belongs to the system; use a directory of your own, such as /opt/myapp")
    if not re.fullmatch(r"[A-Za-z0-9/._+-]+", normal):
        raise ValueError(f"{value!r} may hold only letters, digits and / . _ + - (shebang lines and units name it)")
    return normal


def _absolute(value: str) -> str:
    _one_line(value)
    if not value.startswith("/") or ".." in value.split("/"):
        raise ValueError(f"{value!r} must be an absolute path without '..'")
    return "/" + posixpath.normpath(value).lstrip("/")  # normpath keeps two leading slashes


def _command(value: str) -> str:
    _one_line(value)
    try:
        words = shlex.split(value)
    except ValueError as error:
        raise ValueError(f"{value!r}: {error}") from error
    if not words:
        raise ValueError("must name a program")
    shell = _SHELL_WORDS.intersection(words)
    if shell:
        raise ValueError(f"{value!r} holds {sorted(shell)[0]!r}; systemd runs no shell: use sh -c '…' if you mean one")
    return value


def _mode(value: str) -> str:
    if not re.fullmatch(r"0?[0-7]{3}", value):
        raise ValueError(f'{value!r} must be an octal mode such as "0640" (no setuid, setgid or sticky bit)')
    if int(value, 8) & 0o002:
        raise ValueError(f"{value!r} is writable by everyone")
    return value


def _relation(value: str) -> str:
    _one_line(value)
    for alternative in value.split("|"):
        if not re.fullmatch(r"[A-Za-z0-9][\w.+/()-]*( (>=|<=|=|>>|<<|>|<) [\w.+~:-]+)?", alternative.strip()):
            raise ValueError(f"{value!r} must read 'name' or 'name >= 1.2'")
    return value


def _requirement(value: str) -> str:
    try:
        Requirement(value)
    except InvalidRequirement as error:
        raise ValueError(str(error).splitlines()[0]) from error
    return value


_COMPRESSION = r"(none|(zstd|xz|gzip)(:[0-9]{1,2})?)"
_IDENTIFIER = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*"

Line = Annotated[str, AfterValidator(_one_line)]
Paths = Annotated[tuple[Line, ...], BeforeValidator(_listed)]
Relation = Annotated[str, AfterValidator(_relation)]
Name = Annotated[str, _matches(r"[A-Za-z0-9]([A-Za-z0-9._+-]*[A-Za-z0-9+])?", "letters, digits and . _ + -")]
UnitName = Annotated[str, _matches(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,200}", "letters, digits and _ . -")]
# useradd(8) and systemd-sysusers(8) agree on these; 31 characters is what utmp holds.
UserName = Annotated[
    str, _matches(r"[a-z_][a-z0-9_-]{0,30}", "up to 31 of a-z, 0-9, _ and -, not starting with a digit or -")
]
Specified = Annotated[str, AfterValidator(_requirement)]
Command = Annotated[str, AfterValidator(_command)]
Mode = Annotated[str, AfterValidator(_mode)]
AbsolutePath = Annotated[str, AfterValidator(_absolute)]
EnvironmentName = Annotated[str, _matches(r"[A-Za-z_][A-Za-z0-9_]*", "an environment variable's name")]


class _Table(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, alias_generator=lambda name: name.replace("_", "-")
    )


class PythonTable(_Table):
    """``[tool.pkggen.python]``: the interpreter inside the package."""

    source: Line = Field(
        "host", description="host, host:/path/to/python3, a version such as 3.12, a range, a path or a URL"
    )
    sha256: Annotated[str, _matches(r"([0-9a-f]{64})?", "64 hexadecimal digits")] = ""
    mirror: Line = ""
    keep: tuple[Line, ...] = Field((), description="trim profiles whose files stay")


class WheelsTable(_Table):
    """``[tool.pkggen.wheels]``: where the dependencies come from."""

    lock: Line = Field("", description="the lock file; found by its name when empty")
    index: Line = ""
    find_links: tuple[Line, ...] = ()
    dir: Line = Field("", description="a folder that holds all wheels; nothing is fetched then")
    groups: tuple[Name, ...] = Field((), description="dependency groups to include")
    constraints: tuple[Specified, ...] = ()
    overrides: tuple[Specified, ...] = ()
    exclude: tuple[Name, ...] | dict[Name, Relation] = Field(
        (), description="left to the target; as a table, with the package that holds it there"
    )
    build: tuple[Name, ...] = Field((), description="what may be built from its source archive")
    no_deps: bool = Field(default=False, description="the project alone")
    frozen: bool = Field(default=False, description="never resolve: use what is locked")

    @property
    def replacements(self) -> tuple[str, ...]:
        """Return the packages that stand in for what is excluded."""
        return tuple(self.exclude.values()) if isinstance(self.exclude, dict) else ()


class VenvTable(_Table):
    """``[tool.pkggen.venv]``: how the venv behaves on the target."""

    mode: Literal["activated"] = "activated"
    keep: Annotated[int, Field(ge=0, le=100)] = Field(1, description="how many earlier releases stay for rollback")
    isolated: bool = Field(default=True, description="commands ignore PYTHON* variables and the user's site")


class ServiceTable(_Table):
    """``[[tool.pkggen.services]]``: a systemd service."""

    name: UnitName
    command: Command
    description: Line = ""
    user: UserName = Field("", description="created on installation; a dynamic user when empty")
    restart: Literal["no", "on-success", "on-failure", "on-abnormal", "on-abort", "always"] = "on-failure"
    environment: dict[EnvironmentName, Line] = {}
    environment_file: AbsolutePath = ""
    enable: bool = True
    start: bool = True


class FileTable(_Table):
    """``[[tool.pkggen.files]]``: one more file of the package."""

    src: Line = ""
    dst: AbsolutePath
    type: Literal["file", "config", "config-noreplace", "dir", "symlink"] = "file"
    mode: Mode = ""
    owner: UserName = "root"
    group: UserName = "root"
    format: Literal["", "deb", "rpm"] = ""


class FormatTable(_Table):
    """``[tool.pkggen.deb]`` and ``[tool.pkggen.rpm]``: what concerns one format alone."""

    depends: tuple[Relation, ...] = ()
    recommends: tuple[Relation, ...] = ()
    suggests: tuple[Relation, ...] = ()
    conflicts: tuple[Relation, ...] = ()
    provides: tuple[Relation, ...] = ()
    replaces: tuple[Relation, ...] = ()
    libraries: dict[str, Line] = Field({}, description="which package holds a library (deb)")
    ignore_libraries: tuple[Line, ...] = Field((), description="libraries that the target may lack")
    compression: Annotated[str, _matches(f"({_COMPRESSION})?", "zstd, xz, gzip (with :LEVEL) or none")] = ""
    section: Line = ""


class Config(_Table):
    """``[tool.pkggen]``."""

    name: Name = Field("", description="the package's name; the project's when empty")
    version: Line = Field("", description="of a folder that is no package; a package has its own")
    source: Paths = Field((), description="folders whose contents are put on the path, where there is no package")
    scripts: Paths = Field((), description="folders of scripts, or scripts, that become commands")
    prefix: Annotated[str, AfterValidator(_prefix)] = Field("", description="/opt/NAME when empty")
    maintainer: Line = ""
    summary: Line = ""
    release: Annotated[str, _matches(r"[0-9]+(\.[0-9]+)*", "digits and dots")] = "1"
    targets: tuple[Line, ...] = ()
    arch: Literal["", "x86_64", "aarch64", "amd64", "arm64"] = Field("", description="the target's machine")
    extras: tuple[Name, ...] = ()
    requirements: tuple[Specified, ...] = Field(
        (), description="wheels wanted besides the project's own dependencies, such as a web server"
    )
    commands: tuple[Name, ...] | None = Field(None, description="links in /usr/bin; the project's scripts when unset")
    smoke: tuple[Annotated[str, _matches(_IDENTIFIER, "a module's dotted name")], ...] | None = None
    templates: Line = Field("", description="a folder of templates that replace or extend ours")
    depends: tuple[Relation, ...] = ()
    python: PythonTable = PythonTable()
    wheels: WheelsTable = WheelsTable()
    venv: VenvTable = VenvTable()
    services: tuple[ServiceTable, ...] = ()
    files: tuple[FileTable, ...] = ()
    deb: FormatTable = FormatTable()
    rpm: FormatTable = FormatTable()
