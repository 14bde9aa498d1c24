"""Frozen records as JSON, and back: keys are the fields' names, and the types that are written are checked.

A field is a plain value, a record, or ``tuple[X, ...]``, ``dict[str, X]``, ``X | None`` of these. Rows
of long tables are named tuples of plain values, written as lists.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import TYPE_CHECKING, Callable, ClassVar, Mapping, NoReturn, TypeVar

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_: bool) -> Callable[[type], type]:
        """Do nothing: only type checkers know this decorator in every version."""
        return lambda kind: kind


T = TypeVar("T", bound="Record")
Reader = Callable[[object], object]
_PLAIN = {"str": (str,), "int": (int,), "bool": (bool,), "float": (float, int)}


@dataclass_transform(frozen_default=True)
class Record:
    """What has a form in JSON. It is made and compared as a frozen dataclass is.

    dataclasses themselves would take a third of the program's start. A member that has a default is
    left out where it has it.
    """

    _types: ClassVar[dict[str, str]] = {}
    _defaults: ClassVar[dict[str, object]] = {}

    def __init_subclass__(cls) -> None:
        """Note the fields of a class, those of its bases first."""
        # before Python 3.10 a class without annotations shows those of its base
        own = {name: written for name, written in cls.__annotations__.items() if not name.startswith("_")}
        cls._types = {**cls._types, **own}
        cls._defaults = {**cls._defaults, **{name: vars(cls)[name] for name in cls._types if name in vars(cls)}}

    def __init__(self, *values: object, **named: object) -> None:
        """Take the fields' values; raise TypeError unless each has one."""
        found = {**self._defaults, **dict(zip(self._types, values)), **named}
        if found.keys() != self._types.keys() or len(values) > len(self._types):
            raise TypeError(f"{type(self).__name__} takes {', '.join(self._types)}")
        vars(self).update(found)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse."""
        raise AttributeError(f"{type(self).__name__} can't be changed")

    def __eq__(self, other: object) -> bool:
        """Compare class and values."""
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # tables are among the values

    def __repr__(self) -> str:
        """Show the values."""
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"

    def replaced(self: T, **named: object) -> T:
        """Return a copy with other values."""
        make: Callable[..., T] = type(self)
        return make(**{**vars(self), **named})


def plain(value: object) -> object:
    """Return a value as JSON knows it."""
    if isinstance(value, Record):
        return members(value)
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


def members(record: Record) -> dict[str, object]:
    """Return a record's members by their keys."""
    values: dict[str, object] = vars(record)
    return {
        _key(name): plain(value)
        for name, value in values.items()
        if name not in record._defaults or record._defaults[name] != value
    }


def text(value: object) -> bytes:
    """Return JSON that depends on nothing but the value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def read(kind: type[T], value: object) -> T:
    """Return a record from decoded JSON; members that it does not know are ignored.

    Raises ValueError that names the key which is missing or not of its type.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{kind.__name__} is no object")
    found = {}
    for name, written in kind._types.items():
        key = _key(name)
        if key in value:
            try:
                found[name] = _reader(written, kind.__module__)(value[key])
            except TypeError:
                raise ValueError(f"{key} is not as expected") from None
            except ValueError as error:
                raise ValueError(f"{key}: {error}") from None
        elif name not in kind._defaults:
            raise ValueError(f"{key} is missing")
    make: Callable[..., T] = kind
    return make(**found)


def _key(name: str) -> str:
    return name.replace("_", "-")


def _reader(written: str, module: str) -> Reader:
    """Return what checks and makes a value of the type that is ``written`` in a module; it raises TypeError."""
    if written in _PLAIN:
        return partial(_plain_value, _PLAIN[written])
    if written.endswith(" | None"):
        return partial(_perhaps, _reader(written[: -len(" | None")], module))
    if written.startswith("tuple["):
        return partial(_many, _reader(written[len("tuple[") : -len(", ...]")], module))
    if written.startswith("dict[str, "):
        return partial(_by_key, _reader(written[len("dict[str, ") : -1], module))
    kind: type = getattr(sys.modules[module], written)
    return partial(read, kind) if issubclass(kind, Record) else partial(_row, kind, _types(kind))


def _plain_value(kinds: tuple[type, ...], value: object) -> object:
    if type(value) not in kinds:  # to isinstance, true is a number
        raise TypeError
    return value


def _perhaps(inner: Reader, value: object) -> object:
    return None if value is None else inner(value)


def _many(inner: Reader, value: object) -> object:
    if not isinstance(value, list):
        raise TypeError
    return tuple(map(inner, value))


def _by_key(inner: Reader, value: object) -> object:
    if not isinstance(value, dict):
        raise TypeError
    return {key: inner(one) for key, one in value.items()}


def _types(kind: type) -> list[type]:
    """Return the types in a row of a long table."""
    written = (getattr(each, "__forward_arg__", each) for each in kind.__annotations__.values())
    return [_PLAIN[str(each)][0] for each in written]


def _row(kind: type, types: list[type], value: object) -> object:
    if not isinstance(value, list) or list(map(type, value)) != types:
        raise TypeError
    made: object = kind(*value)
    return made
