"""Licences as SPDX expressions (PEP 639), also those of projects that write them in words."""

from __future__ import annotations

import re

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

# What trove classifiers and License fields say, without case and punctuation. "BSD" alone names no licence.
_WORDS = {
    "mit": "MIT", "mitlicense": "MIT", "themitlicense": "MIT", "themitlicensemit": "MIT", "expat": "MIT",
    "apachesoftwarelicense": "Apache-2.0", "apache20": "Apache-2.0", "apache2": "Apache-2.0",
    "apachelicense20": "Apache-2.0", "apachelicenseversion20": "Apache-2.0", "apache20license": "Apache-2.0",
    "apachesoftwarelicense20": "Apache-2.0", "asl2": "Apache-2.0", "asl20": "Apache-2.0",
    "pythonsoftwarefoundationlicense": "PSF-2.0", "psf": "PSF-2.0", "psfl": "PSF-2.0", "psflicense": "PSF-2.0",
    "isclicenseiscl": "ISC", "isclicense": "ISC", "isc": "ISC", "theunlicenseunlicense": "Unlicense",
    "unlicense": "Unlicense", "zliblibpnglicense": "Zlib", "zlib": "Zlib", "cc0": "CC0-1.0",
    "mozillapubliclicense20mpl20": "MPL-2.0", "mpl20": "MPL-2.0", "mpl2": "MPL-2.0",
    "mozillapubliclicense20": "MPL-2.0",
    "3clausebsd": "BSD-3-Clause", "bsd3clause": "BSD-3-Clause", "newbsd": "BSD-3-Clause", "bsd3": "BSD-3-Clause",
    "modifiedbsd": "BSD-3-Clause", "newbsdlicense": "BSD-3-Clause", "modifiedbsdlicense": "BSD-3-Clause",
    "bsd3clauselicense": "BSD-3-Clause", "3clausebsdlicense": "BSD-3-Clause", "bsd2clause": "BSD-2-Clause",
    "2clausebsd": "BSD-2-Clause", "simplifiedbsd": "BSD-2-Clause", "bsd2clauselicense": "BSD-2-Clause",
    "gnugeneralpubliclicensev2gplv2": "GPL-2.0-only", "gnugeneralpubliclicensev3gplv3": "GPL-3.0-only",
    "gnugeneralpubliclicensev2orlatergplv2": "GPL-2.0-or-later",
    "gnugeneralpubliclicensev3orlatergplv3": "GPL-3.0-or-later", "gplv2": "GPL-2.0-only", "gplv3": "GPL-3.0-only",
    "gnulessergeneralpubliclicensev2orlaterlgplv2": "LGPL-2.0-or-later",
    "gnulessergeneralpubliclicensev3lgplv3": "LGPL-3.0-only", "lgplv3": "LGPL-3.0-only",
    "gnulessergeneralpubliclicensev3orlaterlgplv3": "LGPL-3.0-or-later",
    "gnuaffergeneralpubliclicensev3": "AGPL-3.0-only",
    "gnuaffergeneralpubliclicensev3orlateragplv3": "AGPL-3.0-or-later",
}  # fmt: skip

# What only the text of one licence says; BSD's third clause decides between the two.
_TEXTS = (
    (re.compile(r"neither the names? .{1,200} may be used to endorse", re.I), "BSD-3-Clause"),
    (re.compile(r"redistributions in binary form must reproduce", re.I), "BSD-2-Clause"),
    (re.compile(r"permission is hereby granted, free of charge, to any person obtaining a copy", re.I), "MIT"),
    (re.compile(r"apache license,? version 2\.0", re.I), "Apache-2.0"),
    (re.compile(r"permission to use, copy, modify, and/?(or)? distribute this software for any", re.I), "ISC"),
)


def expression(declared: str, text: str = "") -> str:
    """Return the SPDX expression for what a project declares, with the help of its licence's ``text``.

    What has no SPDX identifier becomes ``LicenseRef-…``; nothing at all becomes "".
    """
    declared = " ".join(declared.split())
    known = _WORDS.get(_key(declared))
    if known:
        return known
    try:
        return str(canonicalize_license_expression(declared)) if declared else _told_by(text)
    except InvalidLicenseExpression:
        parts = re.split(r",\s*(?![^()]*\))", declared)
        return " AND ".join(dict.fromkeys(_identifier(part, text) for part in parts))


def _key(words: str) -> str:
    return re.sub(r"[^a-z0-9]", "", words.lower())


def _identifier(words: str, text: str) -> str:
    key = _key(words)
    if re.search(r"\d\+|or later", words.lower()) and not key.endswith(("orlater", "orlatergplv2", "orlatergplv3")):
        key += "orlater"
    found = _WORDS.get(key) or _WORDS.get(re.sub(r"^(osiapproved|the)", "", key))
    if found:
        return found
    try:
        return str(canonicalize_license_expression(words))
    except InvalidLicenseExpression:
        slug = re.sub(r"[^A-Za-z0-9.]+", "-", words).strip("-.")[:40]
        return (_told_by(text) if "bsd" in words.lower() else "") or f"LicenseRef-{slug or 'unnamed'}"


def _told_by(text: str) -> str:
    flat = " ".join(text.split())
    return next((name for pattern, name in _TEXTS if pattern.search(flat)), "")


def identifiers(text: str) -> tuple[str, ...]:
    """Return the licences that an expression names, each once."""
    words = re.findall(r"[A-Za-z0-9.+-]+", re.sub(r"\bWITH\s+\S+", "", text))
    return tuple(dict.fromkeys(w for w in words if w not in {"AND", "OR", "WITH"}))
