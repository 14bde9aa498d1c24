"""Templates and the quoting of each syntax they are written in; the only jinja2 import.

A user's directory may replace ``deb/postinst.j2``, or extend ours with
``{% extends "builtin/deb/postinst.j2" %}`` and fill a block. Metadata comes in as values, never as
template text, and every value passes a filter that knows the syntax around it.
"""

from __future__ import annotations

import re
import shlex
import textwrap
import traceback
from collections.abc import Callable
from pathlib import Path

import jinja2

from pkggen.errors import ConfigurationError

_WIDTH = 79  # Debian policy 5.6.13 wants lines that fit 80 columns
_BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_UNSAFE = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029{_BIDI}]")
_UNSAFE_TEXT = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{_BIDI}]")
# rpm skips ASCII blanks before %if, %include and #, even within %description; this is no such blank
_NO_BREAK_SPACE = "\u00a0"


class Templates:
    """Renders templates by name, such as ``deb/control.j2``, with the user's overrides first."""

    def __init__(self, overrides: Path | None = None) -> None:
        """Take the user's directory of templates, or None."""
        builtin = _builtin_loader()
        loaders: list[jinja2.BaseLoader] = [jinja2.FileSystemLoader(overrides)] if overrides else []
        self._overrides = overrides
        self._environment = jinja2.Environment(
            loader=jinja2.ChoiceLoader([*loaders, jinja2.PrefixLoader({"builtin": builtin}), builtin]),
            undefined=jinja2.StrictUndefined,
            autoescape=False,  # noqa: S701 - nothing here is HTML; each syntax has its own filter
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters.update(FILTERS)

    def render(self, name: str, /, **context: object) -> str:
        """Return the text of template ``name``.

        Raises ConfigurationError, with file and line, for a mistake in one of the user's templates.
        A mistake in ours is a bug and escapes as jinja2's own error.
        """
        try:
            return self._environment.get_template(name).render(context)
        except jinja2.TemplateSyntaxError as error:
            where = self._place(error.filename, error.lineno)
            if not where:
                raise
            raise ConfigurationError(str(error.message), where=where) from error
        except (jinja2.TemplateError, TypeError, AttributeError, ValueError, ArithmeticError, LookupError) as error:
            frames = [self._place(f.filename, f.lineno) for f in traceback.extract_tb(error.__traceback__)]
            where = next((place for place in reversed(frames) if place), "")
            if not where:
                raise
            raise ConfigurationError(f"{name} can't be rendered: {error}", where=where) from error

    def _place(self, filename: str | None, line: int | None) -> str:
        """Return ``file:line`` when the file is one of the user's, else an empty string."""
        ours = self._overrides is None or not filename or not Path(filename).is_relative_to(self._overrides)
        return "" if ours else f"{filename}:{line}"


def _builtin_loader() -> jinja2.BaseLoader:
    """Load from the installed package, or from ``templates/`` of a checkout that nobody installed."""
    try:
        return jinja2.PackageLoader("pkggen.templates", "")
    except ModuleNotFoundError:
        return jinja2.FileSystemLoader(Path(__file__).parent.parent / "templates")


def builtin_text(name: str) -> str:
    """Return a file beside our templates as it is."""
    return _builtin_loader().get_source(jinja2.Environment(), name)[0]  # noqa: S701 - nothing is rendered


def line(value: str, field: str = "text") -> str:
    """Return ``value`` when it is one line of plain text; a newline in a field would be a second field."""
    if _UNSAFE.search(value):
        raise ConfigurationError(
            f"{field} holds a line break, a control character or one that reverses the reading direction: {value!r}",
            where=field,
            remedy=f"write the {field} as one line of plain text",
        )
    return value.strip()


def paragraphs(value: str, field: str = "description") -> list[str]:
    """Return the lines of a longer text, tabs expanded and blank ones at both ends dropped."""
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    if _UNSAFE_TEXT.search(text):
        raise ConfigurationError(
            f"{field} holds a control character or one that reverses the reading direction",
            where=field,
            remedy="remove it: terminals would act on it",
        )
    return [row.rstrip() for row in text.expandtabs(4).strip("\n").split("\n")]


def control_text(value: str) -> str:
    """Fold a longer text as Debian policy 5.6.13 asks: one space before each line, `` .`` for a blank one.

    Long lines are wrapped one by one, never joined, so that lists and code stay what they are.
    """
    rows: list[str] = []
    for row in paragraphs(value):
        indent = row[: len(row) - len(row.lstrip())]
        rows += textwrap.wrap(
            row, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        ) or ["."]  # fmt: skip
    return "\n".join(f" .{row}" if row.startswith(".") and row != "." else f" {row}" for row in rows)


def spec_line(value: str, field: str = "text") -> str:
    """Return one line for a tag of a spec: macros are spelled out instead of being expanded."""
    return line(value, field).replace("%", "%%")


def spec_text(value: str) -> str:
    """Return a longer text for a section of a spec, with every macro spelled out.

    rpm takes ``%post`` at the start of a line for a section, ``%if`` and ``%include`` for directives
    and ``#`` for a comment even when blanks precede them: such a line begins with a no-break space.
    """
    return "\n".join(plain_text(value)).replace("%", "%%")


def plain_text(value: str) -> list[str]:
    """Return the lines that rpm shows for ``value``; :func:`spec_text` is how a spec spells them."""
    return [_NO_BREAK_SPACE + row if row.lstrip().startswith(("%", "#")) else row for row in paragraphs(value)]


def spec_script(value: str) -> str:
    """Return a rendered scriptlet for a spec, where ``${x%%y}`` would be read as a macro."""
    return value.replace("%", "%%")


def systemd_line(value: str, field: str = "text") -> str:
    """Return the value of a setting that systemd takes as it is but for ``%`` specifiers (systemd.unit(5))."""
    if value.endswith("\\"):
        raise ConfigurationError(f"{field} ends in a backslash, which would join the next line", where=field)
    return line(value, field).replace("%", "%%")


def systemd_word(value: str, *, variables: bool = True) -> str:
    """Quote one word of a command line or of Environment= (systemd.service(5), "Command lines").

    ``variables`` says that ``$x`` would be substituted there: in arguments, not in the program's
    path and not in Environment=.
    """
    line(value, "a word of a unit")
    text = value.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    text = text.replace("$", "$$") if variables else text
    return text if re.fullmatch(r"[^\s'\";\\#]+", text) else f'"{text}"'


def systemd_command(words: tuple[str, ...]) -> str:
    """Return the value of ExecStart= for a program and its arguments."""
    return " ".join([systemd_word(words[0], variables=False), *(systemd_word(w) for w in words[1:])])


def systemd_environment(pair: tuple[str, str]) -> str:
    """Return ``NAME=value`` as one word of Environment=."""
    return systemd_word("=".join(pair), variables=False)


FILTERS: dict[str, Callable[..., str]] = {
    "sh": shlex.quote,
    "line": line,
    "control_text": control_text,
    "spec_line": spec_line,
    "spec_text": spec_text,
    "spec_script": spec_script,
    "systemd_line": systemd_line,
    "systemd_command": systemd_command,
    "systemd_environment": systemd_environment,
}
