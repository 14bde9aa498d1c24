"""The proof before packing: what a target will try is tried here, in a venv like its own, moved aside.

The modules that post-install imports, and those of all commands, are imported by the packaged interpreter,
without a network and as nobody where that can be had. What was asked for and fails stops the build; of
what came along unasked, one at least must work.
"""

from __future__ import annotations

from pkggen.proof.proving import prove
from pkggen.proof.subjects import Proven

__all__ = ["Proven", "prove"]
