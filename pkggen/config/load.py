"""Reading the configuration, and telling of everything that is wrong with it at once."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from pkggen.config.tables import Config
from pkggen.errors import ConfigurationError, Problem, StorageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

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
    """Read the configuration of the project in directory ``root``.

    Raises ConfigurationError with every problem found (file, key, remedy), StorageError when a
    file can't be read. pkggen.toml and ``[tool.pkggen]`` together are an error: one would be
    ignored in silence.
    """
    own, shared = root / "pkggen.toml", root / "pyproject.toml"
    tools = read_pyproject(root).get("tool", {})
    if not isinstance(tools, dict):
        raise ConfigurationError("must be a table", where=f"{shared.name}: tool")
    table = tools.get("pkggen")
    if own.is_file():
        if table is not None:
            raise ConfigurationError(
                "configured twice, here and in pyproject.toml [tool.pkggen]",
                where=own.name,
                remedy="keep one of them",
            )
        return _validate(_toml(own), own.name, "")
    return _validate({} if table is None else table, shared.name, "tool.pkggen")


def read_pyproject(root: Path) -> dict[str, Any]:
    """Return pyproject.toml of ``root`` as a dict, {} when there is none; errors as load_config."""
    path = root / "pyproject.toml"
    return _toml(path) if path.is_file() else {}


def _toml(path: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"not valid TOML: {error}", where=path.name) from error
    except OSError as error:
        raise StorageError(f"can't be read: {error.strerror}", where=str(path)) from error
    return data


def _validate(data: Any, file: str, table: str) -> Config:
    try:
        config = Config.model_validate(_tuples(data))
    except ValidationError as error:
        raise ConfigurationError(*(_problem(e, file, table) for e in error.errors())) from error
    ConfigurationError.raise_all(_duplicates(config, file, table))
    return config


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _tuples(v) for k, v in value.items()}
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value


def _problem(error: Mapping[str, Any], file: str, table: str) -> Problem:
    location = [
        part
        for part in error["loc"]
        if part != "[key]"
        and not str(part).startswith(("constrained", "literal", "function", "tuple", "one name", "a name each"))
    ]
    where = f"{file}: {_key(table, location)}"
    if error["type"] == "extra_forbidden":
        known = _known_keys(location[:-1])
        near = difflib.get_close_matches(str(location[-1]), known, 1, 0.5)
        remedy = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(sorted(known))}"
        return Problem("unknown key", where, remedy)
    if error["type"] in _TYPES:
        return Problem(f"must be {_TYPES[error['type']]}", where)
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "missing":
        return Problem("required key is missing", where)
    return Problem(message[0].lower() + message[1:] if not message.startswith("'") else message, where)


def _key(table: str, location: Iterable[str | int]) -> str:
    text = table
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


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


def _duplicates(config: Config, file: str, table: str) -> Iterable[Problem]:
    seen: set[str] = set()
    for i, service in enumerate(config.services):
        if service.name in seen:
            yield Problem(f"a second service named {service.name!r}", f"{file}: {_key(table, ['services', i, 'name'])}")
        seen.add(service.name)
    placed: set[tuple[str, str]] = set()
    for i, entry in enumerate(config.files):
        where = f"{file}: {_key(table, ['files', i])}"
        formats = {(entry.dst, f) for f in (["deb", "rpm"] if not entry.format else [entry.format])}
        whole = entry.dst and not entry.dst.endswith("/")
        if whole and placed & formats:
            yield Problem(f"a second entry for {entry.dst}", where)
        placed |= formats
        if (entry.type in ("dir", "ghost")) == bool(entry.src):
            yield Problem(f"a {entry.type} has no src" if entry.src else f"a {entry.type or 'file'} needs src", where)
        if not entry.dst and entry.type not in ("doc", "licence"):
            yield Problem("dst is missing: the path on the target", where)
