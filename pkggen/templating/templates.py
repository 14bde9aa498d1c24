"""Templates and the quoting of each syntax they are written in; the only jinja2 import.

A user's directory may replace ``deb/postinst.j2``, or extend ours with
``{% extends "builtin/deb/postinst.j2" %}`` and fill a block. Metadata comes in as values, never as
template text, and every value passes a filter that knows the syntax around it.
"""

from __future__ import annotations

import difflib
import re
import shlex
import textwrap
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import jinja2
import jinja2.meta
import jinja2.nodes

from pkggen.errors import ConfigurationError, Problem
from pkggen.model.service import Service, private
from pkggen.templating.roff import roff

_WIDTH = 79  # Debian policy 5.6.13 wants lines that fit 80 columns
_BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_UNSAFE = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029{_BIDI}]")
_UNSAFE_TEXT = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{_BIDI}]")
# rpm skips ASCII blanks before %if, %include and #, even within %description; this is no such blank
_NO_BREAK_SPACE = "\u00a0"


@dataclass(frozen=True, slots=True)
class Outline:
    """What can be told of a template without rendering it; each name goes with the line where it is first.

    ``blocks`` are those of the outermost level. In a template that ``extends`` another one, ``loose``
    is the line of the first text outside of them, which would never be rendered, else 0.
    ``names`` are the values that it expects, ``refers`` the templates that it reads.
    """

    blocks: Mapping[str, int]
    extends: str
    loose: int
    names: Mapping[str, int]
    refers: tuple[str, ...]


class Templates:
    """Renders templates by name, such as ``deb/control.j2``, with the user's overrides first."""

    def __init__(self, overrides: Path | None = None) -> None:
        """Take the user's directory of templates, or None."""
        builtin = _builtin_loader()
        self._own = self if overrides is None else Templates()
        loaders: list[jinja2.BaseLoader] = [jinja2.FileSystemLoader(overrides)] if overrides else []
        self._overrides = overrides
        self._environment = jinja2.Environment(
            loader=jinja2.ChoiceLoader([*loaders, jinja2.PrefixLoader({"builtin": builtin}), builtin]),
            undefined=jinja2.StrictUndefined,
            autoescape=jinja2.select_autoescape(("html.j2",), default=False),  # any other syntax has its own filter
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters.update(FILTERS)

    def own(self) -> Templates:
        """Return the same without the user's overrides: what packages that are shared are rendered with."""
        return self._own

    def render(self, name: str, /, **context: object) -> str:
        """Return the text of template ``name``.

        Raises ConfigurationError, with file and line, for a mistake in one of the user's templates.
        A mistake in ours is a bug and escapes as jinja2's own error.
        """
        try:
            self._check_names(name, context)
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

    def outline(self, path: Path) -> Outline:
        """Return what one of the user's templates is made of.

        Raises ConfigurationError with file and line for a mistake in its syntax or an unknown filter.
        """
        try:
            source = path.read_text(encoding="utf-8")
            self._environment.compile(source, filename=str(path))
            return _outlined(self._environment.parse(source))
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"not UTF-8: {error.reason}", where=str(path)) from error
        except jinja2.TemplateSyntaxError as error:
            raise ConfigurationError(str(error.message), where=f"{path}:{error.lineno}") from error

    def _check_names(self, name: str, context: Mapping[str, object]) -> None:
        """Raise ConfigurationError for values that the user's template ``name`` expects in vain, on any branch."""
        path = self._overrides / name if self._overrides else None
        if path is None or not path.is_file():
            return
        known = {*context, *self._environment.globals}
        ConfigurationError.raise_all(
            Problem(f"{word!r} is undefined", f"{path}:{number}", nearest(word, known))
            for word, number in self.outline(path).names.items()
            if word not in known
        )

    def _place(self, filename: str | None, line: int | None) -> str:
        """Return ``file:line`` when the file is one of the user's, else an empty string."""
        ours = self._overrides is None or not filename or not Path(filename).is_relative_to(self._overrides)
        return "" if ours else f"{filename}:{line}"


def _outlined(tree: jinja2.nodes.Template) -> Outline:
    extends = next((str(getattr(n.template, "value", "")) for n in tree.find_all(jinja2.nodes.Extends)), "")
    outer = [n for n in tree.body if isinstance(n, jinja2.nodes.Block)]
    loose = [
        piece.lineno
        for node in tree.body
        if isinstance(node, jinja2.nodes.Output)
        for piece in node.nodes
        if not isinstance(piece, jinja2.nodes.TemplateData) or piece.data.strip()
    ]
    undeclared = jinja2.meta.find_undeclared_variables(tree)
    names = [(n.name, n.lineno) for n in tree.find_all(jinja2.nodes.Name) if n.name in undeclared]
    refers = jinja2.meta.find_referenced_templates(tree)
    return Outline(
        blocks={n.name: n.lineno for n in outer},
        extends=extends,
        loose=loose[0] if extends and loose else 0,
        names=dict(sorted(names, key=lambda pair: -pair[1])),
        refers=tuple(r for r in refers if r),
    )


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the remedy for a misspelt name."""
    near = difflib.get_close_matches(word, known, 1, 0.5)
    return f"did you mean {near[0]}?" if near else ""


def builtin_names() -> tuple[str, ...]:
    """Return the names of all templates of ours, sorted."""
    environment = jinja2.Environment(loader=_builtin_loader())  # noqa: S701 - nothing is rendered
    return tuple(environment.list_templates(extensions=["j2"]))


def _builtin_loader() -> jinja2.BaseLoader:
    """Load from the installed package, or from ``templates/`` of a checkout that nobody installed."""
    try:
        return jinja2.PackageLoader("pkggen.templates", "")
    except ModuleNotFoundError:
        return jinja2.FileSystemLoader(Path(__file__).parents[2] / "templates")


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


def quoted_text(value: str) -> str:
    """Return a text of others' for a control file, one blank before each line, none of them wrapped."""
    return "\n".join(f" {row}" if row.strip(" .") else " ." for row in paragraphs(value, "licence"))


def folded(terms: tuple[str, ...], field: str) -> str:
    """Return a list for ``field`` of a control file, folded so that no line is too long."""
    text = f"{field}: " + ", ".join(line(term, field) for term in terms)
    rows = textwrap.wrap(text, _WIDTH, subsequent_indent=" ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(rows).removeprefix(f"{field}: ")


def changelog_item(value: str) -> str:
    """Return one item of a Debian changelog (policy 4.4), wrapped."""
    text = line(value, "changelog")
    return textwrap.fill(
        text, _WIDTH, initial_indent="  * ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )


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


def systemd_path(value: str) -> str:
    """Return one path of a setting that takes several, such as ReadWritePaths=."""
    return systemd_word(value, variables=False)


def instance(value: str, service: Service) -> str:
    """Put the specifier for the instance's name into the quoted words of a template unit."""
    return value.replace("{instance}", "%i") if service.is_template else value


FILTERS: dict[str, Callable[..., str]] = {
    "sh": shlex.quote,
    "line": line,
    "control_text": control_text,
    "quoted_text": quoted_text,
    "folded": folded,
    "changelog_item": changelog_item,
    "spec_line": spec_line,
    "spec_text": spec_text,
    "spec_script": spec_script,
    "systemd_line": systemd_line,
    "systemd_command": systemd_command,
    "systemd_environment": systemd_environment,
    "systemd_path": systemd_path,
    "instance": instance,
    "private": private,
    "roff": roff,
}
