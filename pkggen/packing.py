"""What tells one payload's packages from another's: all that they are made of, in every format."""

from __future__ import annotations

import hashlib

from pkggen.errors import PkggenError
from pkggen.formats import FORMATS, Format
from pkggen.model import Payload
from pkggen.store.packages import package_key
from pkggen.templating.templates import Templates


def packed_digest(payload: Payload, templates: Templates) -> str:
    """Return what a payload's packages follow from, whichever formats are wanted now, as one digest.

    The program that packs them is left out: versions are made of this, and are the same on all build hosts.
    """
    return hashlib.sha256("".join(_packed(form, payload, templates) for form in FORMATS.values()).encode()).hexdigest()


def templates_for(payload: Payload, templates: Templates) -> Templates:
    """Return what a payload is rendered with: what is shared, with our own templates only."""
    return templates.own() if payload.shared else templates


def _packed(form: Format, payload: Payload, templates: Templates) -> str:
    try:
        rendered = form.render(form.describe(payload), templates_for(payload, templates))
    except PkggenError:  # it is reported when this format is wanted
        return f"no {form.name}\n"
    return package_key(rendered, form.entries(rendered), "")
