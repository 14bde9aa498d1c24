"""Where the embedded CPython comes from, and the proof that it runs from anywhere; nothing of wheels or packages."""

from pkggen.interpreter.harvested import harvest
from pkggen.interpreter.offers import Offer, fetch_standalone, offers
from pkggen.interpreter.resolve import prove, resolve_interpreter
from pkggen.interpreter.standalone import versions_of
from pkggen.interpreter.trim import PROFILES

__all__ = [
    "PROFILES",
    "Offer",
    "fetch_standalone",
    "harvest",
    "offers",
    "prove",
    "resolve_interpreter",
    "versions_of",
]
