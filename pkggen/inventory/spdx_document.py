"""A bill of materials as SPDX 2.3 in JSON: the same bytes for the same package."""

from __future__ import annotations

import json
import re
from importlib.metadata import version
from typing import Any

from pkggen.inventory.bill import Bill, Part
from pkggen.inventory.cyclonedx import written_time
from pkggen.metadata.spdx import identifiers

_PURPOSES = {"application": "APPLICATION", "platform": "FRAMEWORK", "library": "LIBRARY"}


def as_spdx(bill: Bill) -> str:
    """Return the document, with a line end."""
    package = bill.parts[0]
    carried = [(wheel, part) for wheel in bill.parts for part in _carried(wheel)]
    parts = (*bill.parts, *(part for _, part in carried))
    ids = {part.ref: _identifier(part, number) for number, part in enumerate(parts)}
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{package.name}-{package.version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/{bill.identity}",
        "creationInfo": {"created": written_time(bill.made), "creators": [f"Tool: pkggen-{version('pkggen')}"]},
        "packages": [_package(part, ids[part.ref]) for part in parts],
        "relationships": [
            _related("SPDXRef-DOCUMENT", "DESCRIBES", ids[package.ref]),
            *(_related(ids[package.ref], "CONTAINS", ids[p.ref]) for p in bill.parts[1:]),
            *(_related(ids[wheel.ref], "CONTAINS", ids[part.ref]) for wheel, part in carried),
            *(_related(ids[p.ref], "DEPENDS_ON", ids[ref]) for p in bill.parts for ref in p.needs),
        ],
    }
    licences = sorted({name for p in bill.parts for name in identifiers(p.licence) if name.startswith("LicenseRef-")})
    if licences:
        document["hasExtractedLicensingInfos"] = [
            {"licenseId": name, "name": name.removeprefix("LicenseRef-"), "extractedText": _SEE} for name in licences
        ]
    return json.dumps(document, indent=2) + "\n"


_SEE = "This licence has no identifier in the SPDX list. Its text is in the copyright file of the package."


def _carried(wheel: Part) -> list[Part]:
    """Return what a wheel's own documents name as parts: SPDX has no components of components."""
    rows = enumerate(wheel.carried, 1)
    return [Part(f"{wheel.ref}/{n}", "library", c.name, c.version, c.purl, place=c.source) for n, c in rows]


def _identifier(part: Part, number: int) -> str:
    """Return an id of letters, digits, "." and "-" (SPDX 2.3, 7.2); the number keeps those apart that become alike."""
    return f"SPDXRef-{number}-{re.sub(r'[^A-Za-z0-9.-]+', '-', part.ref)}"


def _package(part: Part, identifier: str) -> dict[str, Any]:
    references = [("SECURITY", "cpe23Type", part.cpe), ("PACKAGE-MANAGER", "purl", part.purl)]
    told: dict[str, Any] = {
        "SPDXID": identifier,
        "name": part.name,
        "versionInfo": part.version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": part.licence or "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "primaryPackagePurpose": _PURPOSES[part.kind],
        "homepage": next((url for label, url in part.urls if label == "Homepage"), ""),
        "summary": part.summary,
        "sourceInfo": f"from {part.place}" if part.place else "",
        "checksums": [{"algorithm": "SHA256", "checksumValue": part.sha256}] if part.sha256 else [],
        "externalRefs": [
            {"referenceCategory": category, "referenceType": kind, "referenceLocator": locator}
            for category, kind, locator in references
            if locator
        ],
    }
    return {key: value for key, value in told.items() if value not in ("", [])}


def _related(element: str, kind: str, other: str) -> dict[str, str]:
    return {"spdxElementId": element, "relationshipType": kind, "relatedSpdxElement": other}
