"""What a wheel says of its own contents: documents of CycloneDX in ``.dist-info/sboms`` (PEP 770)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

_KINDS = {"application", "framework", "library", "container", "operating-system", "firmware", "file"}
_MOST = 10_000  # components of one document
_LONGEST = 500  # characters of a name, a version or a purl


@dataclass(frozen=True, slots=True)
class CarriedComponent:
    """A component of the document at ``source``, an absolute path of the package."""

    source: str
    kind: str
    name: str
    version: str
    purl: str


def carried_components(source: str, content: bytes) -> Iterator[CarriedComponent]:
    """Yield the components of a CycloneDX document in JSON, none of any other document."""
    try:
        document = json.loads(content)
        listed = document["components"] if document["bomFormat"] == "CycloneDX" else []
    except (ValueError, LookupError, TypeError, RecursionError):
        return
    for row in listed[:_MOST] if isinstance(listed, list) else []:
        told = {key: row.get(key, "") for key in ("type", "name", "version", "purl")} if isinstance(row, dict) else {}
        if not all(isinstance(value, str) and len(value) <= _LONGEST for value in told.values()):
            continue
        if told.get("type") in _KINDS and told["name"]:
            yield CarriedComponent(source, told["type"], told["name"], told["version"], told["purl"])
