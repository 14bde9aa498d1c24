"""Whether a package that is about to be unpacked fits what is installed."""

from __future__ import annotations

import sys

from .answers import Admitted
from .place import Place
from .plan import Plan
from .plugins import admitted_plugin, check_application, read_admission


def admit(place: Place) -> Admitted:
    """Tell whether a package that is about to be unpacked, described on stdin, fits what is installed."""
    wanted = read_admission(sys.stdin.read())
    if wanted.extends:
        Plan(place.root, without=wanted.name).add_plugin(admitted_plugin(wanted), place.root / "stdin")
    else:
        check_application(wanted, place.root)
    return Admitted(wanted.name)
