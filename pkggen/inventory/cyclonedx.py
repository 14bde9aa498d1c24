"""A bill of materials as CycloneDX 1.6 in JSON (ECMA-424): the same bytes for the same package."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from importlib.metadata import version
from typing import Any

from pkggen.inventory.bill import Bill, Part

# labels of Project-URL to the kinds of reference that the schema has
_KINDS = {
    "homepage": "website", "source": "vcs", "sourcecode": "vcs", "repository": "vcs", "github": "vcs", "code": "vcs",
    "issues": "issue-tracker", "issuetracker": "issue-tracker", "bugtracker": "issue-tracker",
    "bugreports": "issue-tracker", "tracker": "issue-tracker", "documentation": "documentation",
    "docs": "documentation", "changelog": "release-notes", "changes": "release-notes",
    "releasenotes": "release-notes", "chat": "chat", "download": "distribution",
}  # fmt: skip


def as_cyclonedx(bill: Bill) -> str:
    """Return the document, with a line end."""
    package, *parts = bill.parts
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{bill.identity}",
        "version": 1,
        "metadata": {
            "timestamp": written_time(bill.made),
            "tools": {"components": [{"type": "application", "name": "pkggen", "version": version("pkggen")}]},
            "component": _component(package),
        },
        "components": [_component(part) for part in parts],
        "dependencies": [{"ref": p.ref, **({"dependsOn": list(p.needs)} if p.needs else {})} for p in bill.parts],
    }
    return json.dumps(document, indent=2) + "\n"


def written_time(seconds: int) -> str:
    """Return a time in UTC as ISO 8601 writes it."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _component(part: Part) -> dict[str, Any]:
    properties = {"pkggen:layer": part.layer, "pkggen:record-sha256": part.record}
    told: dict[str, Any] = {
        "type": part.kind,
        "bom-ref": part.ref,
        "name": part.name,
        "version": part.version,
        "description": part.summary,
        "hashes": [{"alg": "SHA-256", "content": part.sha256}] if part.sha256 else [],
        "licenses": [{"expression": part.licence}] if part.licence else [],
        "cpe": part.cpe,
        "purl": part.purl,
        "externalReferences": [{"type": _kind(label), "url": url, "comment": label} for label, url in part.urls],
        "properties": [{"name": name, "value": value} for name, value in properties.items() if value],
        "components": [
            {
                "type": c.kind,
                "bom-ref": f"{part.ref}/{number}",
                "name": c.name,
                **({"version": c.version} if c.version else {}),
                **({"purl": c.purl} if c.purl else {}),
                "properties": [{"name": "pkggen:source", "value": c.source}],
            }
            for number, c in enumerate(part.carried, 1)
        ],
        "evidence": {"occurrences": [{"location": part.place}]} if part.place else {},
    }
    return {key: value for key, value in told.items() if value}


def _kind(label: str) -> str:
    return _KINDS.get(re.sub(r"[\W_]", "", label.lower()), "other")
