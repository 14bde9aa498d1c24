"""The values that keys of ``[tool.pkggen]`` may hold, as types that validate them.

Each is a str with a rule; a broken rule is told in words that a user understands.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from typing import Annotated, Literal

from packaging.requirements import InvalidRequirement, Requirement
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Tag

from pkggen.model.relations import parse_relation

# Directories that are the system's: a package laid out there would own or chmod them.
_RESERVED_PREFIXES = {"/", "/opt", "/usr", "/usr/local", "/etc", "/var", "/srv", "/home", "/root", "/tmp", "/run"}  # noqa: S108
# a key id of 16 digits, a fingerprint, or a mail address; 8 digits can be forged
SIGNING_KEY = r"(0x)?([0-9A-Fa-f]{16}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})|[^\s<>@-][^\s<>@]*@[^\s<>@]+"
_SHELL_WORDS = {"|", "||", "&", "&&", ";", ">", ">>", "<", "2>&1"}


def matches(pattern: str, remedy: str) -> AfterValidator:
    """Return a validator that wants the whole value to match; ``remedy`` says what is allowed."""
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


def _every(value: object) -> object:
    return () if value is False else ("*",) if value is True else _listed(value)


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


def _destination(value: str) -> str:
    return _absolute(value) + "/" * (value.endswith("/") and value.strip("/") != "")


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
    if not parse_relation(value):
        raise ValueError(f"{value!r} must read 'name', 'name >= 1.2' or 'a | b >= 2'")
    return value


def _host(value: str) -> str:
    # compared here as PEP 440 says, on the target as dpkg and rpm do: numbers read alike in all three
    if not value:
        return value
    for term in parse_relation(_relation(value)):
        if term.version and not re.fullmatch(r"[0-9]+(\.[0-9]+)*", term.version, re.ASCII):
            digits = re.match(r"([0-9]+:)?(?P<plain>[0-9]+(\.[0-9]+)*)?", term.version)
            plain = (digits and digits["plain"]) or "1.2"
            raise ValueError(
                f"{term.version!r} is not the version of a release, without epoch, ~ or the packaging's number;"
                f" write '{term.name} {term.operator} {plain}'"
            )
    return value


def _requirement(value: str) -> str:
    try:
        Requirement(value)
    except InvalidRequirement as error:
        raise ValueError(str(error).splitlines()[0]) from error
    return value


def _split(value: object) -> object:
    return () if value == "none" else _listed(value)


# a folder of the repository's addresses, and a word of a client's configuration
CHANNEL = r"[a-z0-9]+([._-][a-z0-9]+)*"
COMPONENT = r"[a-z0-9]+(-[a-z0-9]+)*"
COMPRESSION = r"(none|(zstd|xz|gzip)(:[0-9]{1,2})?)"
IDENTIFIER = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*"

Line = Annotated[str, AfterValidator(_one_line)]
Paths = Annotated[tuple[Line, ...], BeforeValidator(_listed)]
Split = Annotated[tuple[Literal["deps", "runtime"], ...], BeforeValidator(_split)]
Relation = Annotated[str, AfterValidator(_relation)]
HostRelation = Annotated[str, AfterValidator(_host)]
# A text, or a table of what the package is called in each format; told apart first, so that one mistake is one problem.
Relations = tuple[
    Annotated[
        Annotated[Relation, Tag("one name")] | Annotated[dict[Literal["deb", "rpm"], Relation], Tag("a name each")],
        Discriminator(lambda value: "a name each" if isinstance(value, dict) else "one name"),
    ],
    ...,
]
Name = Annotated[str, matches(r"[A-Za-z0-9]([A-Za-z0-9._+-]*[A-Za-z0-9+])?", "letters, digits and . _ + -")]
# useradd(8) and systemd-sysusers(8) agree on these; 31 characters is what utmp holds.
UserName = Annotated[
    str, matches(r"[a-z_][a-z0-9_-]{0,30}", "up to 31 of a-z, 0-9, _ and -, not starting with a digit or -")
]
Specified = Annotated[str, AfterValidator(_requirement)]
Command = Annotated[str, AfterValidator(_command)]
TriggerPath = Annotated[str, matches(r"(/[\w.+-]+)+", "an absolute path of letters, digits and . _ + -")]
TriggerPaths = Annotated[tuple[TriggerPath, ...], BeforeValidator(_listed)]
# true is all commands that can tell
Completions = Annotated[tuple[Line, ...], BeforeValidator(_every)]
Mode = Annotated[str, AfterValidator(_mode)]
Prefix = Annotated[str, AfterValidator(_prefix)]
AbsolutePath = Annotated[str, AfterValidator(_absolute)]
Destination = Annotated[str, AfterValidator(_destination)]
EnvironmentName = Annotated[str, matches(r"[A-Za-z_][A-Za-z0-9_]*", "an environment variable's name")]


class Table(BaseModel):
    """A table of the configuration: frozen, strict, kebab-case, no unknown keys."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, alias_generator=lambda name: name.replace("_", "-")
    )


# archive areas and sections are plain words, such as "python" or "contrib/net" (Debian policy 2.4)
# dpkg-maintscript-helper puts it into an expression of sed's
ConffilePath = Annotated[
    AbsolutePath, matches(r"/[A-Za-z0-9/._+@-]+", "an absolute path of letters, digits and / . _ + @ -")
]
SigningKeyName = Annotated[
    str, matches(rf"({SIGNING_KEY})?", "name a fingerprint, a key id of 16 digits, or a mail address")
]
Section = Annotated[str, matches(r"([A-Za-z0-9][A-Za-z0-9+./ -]*)?", 'a section such as "python"')]
ChannelName = Annotated[str, matches(CHANNEL, "a-z, 0-9, and . _ - between them, such as stable")]
ComponentName = Annotated[str, matches(COMPONENT, "a-z, 0-9 and - between them, such as main")]
# what is in it is written into files that everybody may read
WebAddress = Annotated[
    str,
    matches(r"(https?://[A-Za-z0-9._~:\[\]-]+(/[A-Za-z0-9._~/-]*)?)?", "an address such as https://apt.example.org"),
]
