"""Showing clients the current generation of a channel, so that nobody is ever sent to a file that is not there.

What an index names is in the store before the index, and what clients begin with (InRelease,
repomd.xml) is written last, and only if nobody else has written it since the head was read: a slow
publisher can't put an older one in place of a newer.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from pkggen.errors import ConflictError
from pkggen.repository.families import FAMILIES
from pkggen.repository.family import Channel
from pkggen.repository.generations import Generation, Head, read_head

_ATTEMPTS = 60
_LONGEST_PAUSE = 2.0  # seconds


def attempts() -> Iterator[int]:
    """Yield the numbers of attempts, with a pause before each but the first, which grows and is never the same."""
    for number in range(_ATTEMPTS):
        if number:
            time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.02 * 2**number)))  # noqa: S311 - no secret
        yield number


def project(channel: Channel, *, again: bool = False) -> Generation:
    """Write what clients read of the channel's current generation, unless it is there; return the generation.

    ``again`` writes it in any case: with new dates, and signed by the keys there are now. Raises
    ConflictError when others are always faster, StorageError, ToolError.
    """
    for _ in attempts():
        pointers = {name: channel.store.read(family.pointer(channel.name)) for name, family in FAMILIES.items()}
        head = read_head(channel.store, channel.name)  # after the pointers: a newer one of theirs is noticed
        for name in _behind(head, {n: p.data for n, p in pointers.items() if p}, again=again):
            pointer = pointers[name]
            tag = pointer.tag if pointer else None
            if not FAMILIES[name].project(channel, head.generation, tag):
                break
        else:
            now = read_head(channel.store, channel.name)
            if now.digest == head.digest:
                return head.generation
        again = False
    raise ConflictError(f"others keep writing the indexes of {channel.name}", remedy="try again when they have ended")


def _behind(head: Head, pointers: dict[str, bytes], *, again: bool) -> list[str]:
    """Return the families whose clients are shown an older generation; all that have any, where ``again`` says so."""
    number = head.generation.number
    return [
        name
        for name, family in FAMILIES.items()
        if name in head.generation.indexes and (again or family.shown(pointers.get(name, b"")) < number)
    ]
