"""Reading the configuration, and telling of everything that is wrong with it at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from pkggen.config.provenance import Provenance
from pkggen.config.tables import Config
from pkggen.errors import ConfigurationError, Key, Problem
from pkggen.reading import is_there, parse_toml, read_text

_SHARED = Key.of("tool", "pkggen")
# steps of pydantic's own within a key, such as which member of a union was tried
_INNER = ("constrained", "literal", "function", "tuple", "one name", "a name each")
# pydantic's words for what TOML calls by other names
_TYPES = {
    "tuple_type": "an array",
    "model_type": "a table",
    "dict_type": "a table",
    "string_type": "a string, in quotes",
    "bool_type": "true or false",
    "int_type": "a whole number",
}


def load_config(root: Path) -> Config:
    """Return what :func:`read_config` reads, without where it stands; the same errors."""
    return read_config(root)[0]


def read_config(root: Path) -> tuple[Config, Provenance]:
    """Read the configuration of the project in directory ``root``; return it, and where it stands.

    Raises ConfigurationError with every problem found (file, key, line, remedy), StorageError when a
    file can't be read. pkggen.toml and ``[tool.pkggen]`` together are an error: one would be
    ignored in silence. Which settings go together is another question: ``config.rules``.
    """
    own, shared = root / "pkggen.toml", root / "pyproject.toml"
    tools = read_pyproject(root).get("tool", {})
    if not isinstance(tools, dict):
        raise ConfigurationError("must be a table", where=f"{shared.name}: tool")
    table = tools.get("pkggen")
    if is_there(own):
        if table is not None:
            raise ConfigurationError(
                "configured twice, here and in pyproject.toml [tool.pkggen]",
                where=own.name,
                remedy="keep one of them",
            )
        text = _text(own)
        return _validated(_toml(own, text), Provenance(own.name, text=text))
    if table is None:
        return Config(), Provenance(shared.name, _SHARED)
    return _validated(table, Provenance(shared.name, _SHARED, _text(shared)))


def read_pyproject(root: Path) -> dict[str, Any]:
    """Return pyproject.toml of ``root`` as a dict, {} when there is none; errors as load_config."""
    path = root / "pyproject.toml"
    return _toml(path, _text(path)) if is_there(path) else {}


def _text(path: Path) -> str:
    return read_text(path, path.name)


def _toml(path: Path, text: str) -> dict[str, Any]:
    try:
        return parse_toml(text)
    except ValueError as error:
        raise ConfigurationError(f"not valid TOML: {error}", where=path.name) from error


def _validated(data: Any, provenance: Provenance) -> tuple[Config, Provenance]:
    with provenance.placing():
        try:
            return Config.model_validate(_tuples(data)), provenance
        except ValidationError as error:
            raise ConfigurationError(*map(_problem, error.errors())) from error


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _tuples(v) for k, v in value.items()}
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value


def _problem(error: Mapping[str, Any]) -> Problem:
    where = Key(part for part in error["loc"] if part != "[key]" and not str(part).startswith(_INNER))
    if error["type"] == "extra_forbidden":
        known = _known_keys(where[:-1])
        near = difflib.get_close_matches(str(where[-1]), known, 1, 0.5)
        remedy = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(sorted(known))}"
        return Problem("unknown key", where, remedy)
    if error["type"] in _TYPES:
        return Problem(f"must be {_TYPES[error['type']]}", where)
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "missing":
        return Problem("required key is missing", where)
    return Problem(message[0].lower() + message[1:] if not message.startswith("'") else message, where)


def _known_keys(location: Iterable[str | int]) -> list[str]:
    model: type[BaseModel] = Config
    for part in location:
        if isinstance(part, int):
            continue
        field = next((f for f in model.model_fields.values() if f.alias == part), None)
        inner = _model_of(field) if field else None
        if inner is None:
            return []
        model = inner
    return [f.alias or name for name, f in model.model_fields.items()]


def _model_of(field: FieldInfo) -> type[BaseModel] | None:
    for candidate in (field.annotation, *get_args(field.annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
