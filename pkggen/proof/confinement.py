"""How what is tried is kept to itself, as far as this machine lets us: no network, no rights.

With util-linux's unshare(1) and setpriv(1). A container often permits neither; the proof runs all the same.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pkggen.activation.process import NOBODY
from pkggen.run import succeeds

# what is read lies in a cache that only its owner can enter; nothing can be written
_CAPABILITIES = "-all,+dac_read_search"
_NOBODY = (
    "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs",
    f"--inh-caps={_CAPABILITIES}", f"--ambient-caps={_CAPABILITIES}", f"--bounding-set={_CAPABILITIES}",
)  # fmt: skip
_LIMIT = 60  # seconds
_WITHIN_REACH = "the network is within reach"
_WITH_RIGHTS = "modules are imported as root"


@dataclass(frozen=True, slots=True)
class Confinement:
    """``words`` come before a command's own; ``lacking`` says what could not be had; ``owner`` runs what is tried."""

    words: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    owner: int = 0

    @property
    def is_harmless(self) -> bool:
        """Tell whether what is tried can't write to the files of whoever builds."""
        return self.owner != os.geteuid()


def confinement(python: Path) -> Confinement:
    """Return the strictest one that this machine permits, and in which ``python`` starts."""
    start: list[str | Path] = [python, "-I", "-B", "-S", "-c", ""]
    return next(c for c in _choices() if not c.words or succeeds([*c.words, *start], timeout=_LIMIT))


def _choices() -> tuple[Confinement, ...]:
    me = os.geteuid()
    if me == 0:
        return (
            Confinement(("unshare", "--net", *_NOBODY), (), NOBODY),
            Confinement(_NOBODY, (_WITHIN_REACH,), NOBODY),
            Confinement((), (_WITHIN_REACH, _WITH_RIGHTS), 0),
        )
    return (
        Confinement(("unshare", "--user", "--map-current-user", "--net"), (), me),
        Confinement((), (_WITHIN_REACH,), me),
    )
