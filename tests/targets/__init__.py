"""Make the real systems that the end-to-end tests install packages in.

with TARGETS["debian:12"].box(shares={"/pkgs": directory}) as box:
    box.packages.install("/pkgs/app.deb")
    assert box.run("app --version").stdout.strip() == "1.0"

with TARGETS["rpm:4.18"].boot(shares={"/pkgs": directory}) as machine:
    machine.packages.install("/pkgs/app.rpm")
    machine.run("systemctl is-active app", check=True)
"""

from .box import Box
from .catalogue import TARGETS, Target
from .errors import CommandFailedError, CommandTimedOutError, TargetError, TargetUnavailableError
from .host import obstacle
from .machine import Machine
from .package_manager import PackageManager
from .process import Result
from .snapshot import difference, snapshot

__all__ = [
    "TARGETS",
    "Box",
    "CommandFailedError",
    "CommandTimedOutError",
    "Machine",
    "PackageManager",
    "Result",
    "Target",
    "TargetError",
    "TargetUnavailableError",
    "difference",
    "obstacle",
    "snapshot",
]
