"""A project's own templates: which of ours they replace or extend, and what is wrong with them.

Each of our templates says at its top what file it becomes and which blocks it has; that comment is
the one description there is, for ``pkggen templates list`` and for docs/templates.md.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pkggen.errors import ConfigurationError, ConflictError, PkggenError, Problem, StorageError
from pkggen.templating.templates import Outline, Templates, builtin_names, builtin_text, nearest

_COMMENT = re.compile(r"\{# (.+?) #\}\n", re.DOTALL)
_ANY_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_TAG = re.compile(r"[ \t]*\{%[-+]?\s*(?:block\s+(?P<name>\w+)[^%]*|(?P<end>endblock)[^%]*)%\}\n?")
_SUPER = re.compile(r"[ \t]*\{\{-?\s*super\(\)\s*-?\}\}\n?")


@dataclass(frozen=True, slots=True)
class Template:
    """One of our templates: its name, the file that it becomes, its blocks with what they hold."""

    name: str
    becomes: str
    blocks: Mapping[str, str]
    override: Path | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the same as values that JSON has."""
        override = str(self.override) if self.override else None
        return {"name": self.name, "becomes": self.becomes, "blocks": dict(self.blocks), "override": override}


def catalogue(folder: Path | None) -> tuple[Template, ...]:
    """Return all templates, each with the file in ``folder`` that overrides it."""
    return tuple(_described(name, folder) for name in builtin_names())


def _described(name: str, folder: Path | None) -> Template:
    match = _COMMENT.match(builtin_text(name))
    becomes, *rows = match[1].splitlines() if match else [""]
    pairs = (row.partition(": ") for row in rows)
    path = folder / name if folder else None
    return Template(name, becomes, {b: text for b, _, text in pairs}, path if path and path.is_file() else None)


def chosen(names: Iterable[str], folder: Path | None) -> tuple[Template, ...]:
    """Return the templates of those ``names``, all of them for none; raise ConfigurationError for unknown ones."""
    known = {t.name: t for t in catalogue(folder)}
    wanted = [n if n.endswith(".j2") else f"{n}.j2" for n in names]
    ConfigurationError.raise_all(
        Problem(f"there is no template {n!r}", "", nearest(n, known) or "pkggen templates list names them")
        for n in wanted
        if n not in known
    )
    return tuple(known[n] for n in wanted) if wanted else tuple(known.values())


def check_overrides(folder: Path) -> None:
    """Raise ConfigurationError with file and line of each mistake that shows without rendering.

    Those are syntax, unknown filters, blocks that ours does not have, text that would never be
    rendered, and files that nothing reads.
    """
    templates = Templates(folder)
    known = {t.name: t for t in catalogue(folder)}
    problems: list[Problem] = []
    outlines: dict[str, Outline] = {}
    for path in _files(folder):
        try:
            outlines[path.relative_to(folder).as_posix()] = templates.outline(path)
        except PkggenError as error:
            problems += error.problems
            outlines[path.relative_to(folder).as_posix()] = Outline({}, "", 0, {}, ())
    read = {name for outline in outlines.values() for name in outline.refers}
    for name, outline in outlines.items():
        problems += _mistakes(folder / name, outline, known)
        if name not in known and name not in read:
            remedy = nearest(name, known) or "remove it, or rename it to one that pkggen templates list names"
            problems.append(
                Problem("nothing reads this file: there is no template of that name", str(folder / name), remedy)
            )
    ConfigurationError.raise_all(problems)


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files in ``folder``; hidden ones and editors' copies are nobody's templates."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        parts = path.relative_to(folder).parts
        if not any(part.startswith(".") for part in parts) and not path.name.endswith(("~", ".md")):
            yield path


def _mistakes(path: Path, outline: Outline, known: Mapping[str, Template]) -> Iterator[Problem]:
    parent = known.get(outline.extends.removeprefix("builtin/"))
    if outline.extends.startswith("builtin/") and parent is None:
        yield Problem(f"there is no template {outline.extends!r}", f"{path}:1", nearest(outline.extends, known))
    if parent is None:
        return
    for block, number in outline.blocks.items():
        if block not in parent.blocks:
            there = nearest(block, parent.blocks) or f"it has: {', '.join(parent.blocks)}"
            yield Problem(f"{outline.extends} has no block {block!r}", f"{path}:{number}", there)
    if outline.loose:
        yield Problem("text outside of blocks is never rendered", f"{path}:{outline.loose}", "move it into a block")


def stub(template: Template) -> str:
    """Return a template that extends ``template`` and changes nothing yet."""
    block = "extra" if "extra" in template.blocks else list(template.blocks)[-1]
    rows = "\n".join(f"   {name}: {text}" for name, text in template.blocks.items())
    return (
        f'{{% extends "builtin/{template.name}" %}}\n'
        f"{{# {template.becomes}\n   Its blocks; super() stands for what ours holds:\n{rows} #}}\n"
        f"{{% block {block} %}}\n{{{{ super() -}}}}\n{{% endblock %}}\n"
    )


def copy(templates: Iterable[Template], folder: Path, *, whole: bool) -> tuple[Path, ...]:
    """Write ``templates`` into ``folder``, as stubs or as they are; return the paths.

    Raises ConflictError when one is there already (nothing is written then), StorageError.
    """
    made = {folder / t.name: builtin_text(t.name) if whole else stub(t) for t in templates}
    ConflictError.raise_all(
        Problem("is there already", str(p), "remove it first, or name others") for p in made if p.exists()
    )
    try:
        for path, text in made.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{error.strerror}", where=str(error.filename)) from error
    return tuple(made)


def difference(template: Template) -> str:
    """Return ours against the project's as a unified diff; of one that extends ours, what comes of it."""
    if template.override is None:
        return ""
    ours, theirs = builtin_text(template.name), template.override.read_text(encoding="utf-8")
    if re.search(rf'{{%-?\s*extends\s+"builtin/{re.escape(template.name)}"', theirs):
        theirs = _merged(ours, theirs)
    names = (f"builtin/{template.name}", str(template.override))
    return "".join(difflib.unified_diff(ours.splitlines(keepends=True), theirs.splitlines(keepends=True), *names))


def _merged(ours: str, theirs: str) -> str:
    """Return ``ours`` with the blocks that ``theirs`` fills."""
    spans = _spans(theirs)
    for name, (start, end) in sorted(_spans(ours).items(), key=lambda item: -item[1][0]):
        if name in spans:
            body = theirs[slice(*spans[name])]
            kept = ours[start:end]
            ours = ours[:start] + _SUPER.sub(lambda _, text=kept: text, body) + ours[end:]  # type: ignore[misc]
    return ours


def _spans(source: str) -> dict[str, tuple[int, int]]:
    """Return where each block's body begins and ends."""
    source = _ANY_COMMENT.sub(lambda match: " " * len(match[0]), source)
    found: dict[str, tuple[int, int]] = {}
    opened: list[tuple[str, int]] = []
    for match in _TAG.finditer(source):
        if match["name"]:
            opened.append((match["name"], match.end()))
        elif opened:
            name, start = opened.pop()
            found[name] = (start, match.start())
    return found
