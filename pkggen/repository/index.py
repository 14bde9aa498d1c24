"""One index of a channel, such as all packages of amd64, as compressed files made of a piece for each shard."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pkggen.repository.compression import COMPRESSORS
from pkggen.repository.stores import Store

PLAIN = ""


@dataclass(frozen=True, slots=True)
class Form:
    """An index in one kind of file: its digest, its bytes, and how many of them each piece has."""

    sha256: str
    size: int
    lengths: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Index:
    """An index: the numbers of its pieces, in their order, and its forms by suffix; PLAIN is the uncompressed one."""

    pieces: tuple[int, ...]
    forms: Mapping[str, Form]


@dataclass(frozen=True, slots=True)
class Files:
    """Where the files of an index lie. ``stored`` are the suffixes of those there are."""

    store: Store
    stored: tuple[str, ...]
    key: Callable[[str, str], str]
    """Suffix and digest → key."""

    @property
    def packed(self) -> tuple[str, ...]:
        """Return the suffixes of the compressed ones."""
        return tuple(suffix for suffix in self.stored if suffix != PLAIN)


def renewed(
    index: Index | None, changed: Mapping[int, bytes], every: Callable[[], Mapping[int, bytes]], files: Files
) -> Index:
    """Return the index with the pieces of ``changed`` (number → plain text, b"" for none) in place of the old ones.

    What has not changed is taken from the files that are there; where one is missing or damaged, all
    is made anew of ``every``. The new files are written beside the old ones.
    """
    packed = _taken_apart(index, files) if index else None
    if packed is None:
        changed = every()
        packed = {suffix: {} for suffix in files.packed}
    for suffix, pieces in packed.items():
        for number, text in changed.items():
            pieces.pop(number, None)
            if text:
                pieces[number] = COMPRESSORS[suffix].pack(text)
    return _joined(packed, files)


def is_whole(index: Index, files: Files) -> bool:
    """Tell whether every file of an index is there, and as the index says."""
    return all(_read(index, suffix, files) is not None for suffix in files.stored)


def _read(index: Index, suffix: str, files: Files) -> bytes | None:
    form = index.forms.get(suffix)
    stored = files.store.read(files.key(suffix, form.sha256)) if form else None
    sound = form and stored and hashlib.sha256(stored.data).hexdigest() == form.sha256
    return stored.data if stored and sound else None


def _taken_apart(index: Index, files: Files) -> dict[str, dict[int, bytes]] | None:
    """Return the compressed pieces by suffix and number, None where a file is not what the index says."""
    found = {}
    for suffix in files.packed:
        data = _read(index, suffix, files)
        if data is None:
            return None
        pieces = COMPRESSORS[suffix].cut(data, index.forms[suffix].lengths) if index.pieces else []
        found[suffix] = dict(zip(index.pieces, pieces, strict=True))
    return found


def _joined(packed: Mapping[str, Mapping[int, bytes]], files: Files) -> Index:
    numbers = tuple(sorted(next(iter(packed.values()))))
    fastest = "zst" if "zst" in packed else "gz"
    plain = [COMPRESSORS[fastest].unpack(packed[fastest][number]) for number in numbers]
    forms = {PLAIN: _kept(PLAIN, b"".join(plain), (), files)}
    for suffix, pieces in packed.items():
        ordered = [pieces[number] for number in numbers]
        forms[suffix] = _kept(suffix, COMPRESSORS[suffix].join(ordered), tuple(map(len, ordered)), files)
    return Index(numbers, forms)


def _kept(suffix: str, data: bytes, lengths: tuple[int, ...], files: Files) -> Form:
    form = Form(hashlib.sha256(data).hexdigest(), len(data), lengths)
    if suffix in files.stored:
        files.store.write(files.key(suffix, form.sha256), data)  # again, if it is there: gc looks at its age
    return form


def show(files: Files, index: Index, name: Callable[[str], str]) -> None:
    """Copy the files of an index to the names under which those look who know no digest; raise StorageError."""
    for suffix in files.stored:
        files.store.copy(files.key(suffix, index.forms[suffix].sha256), name(suffix))
