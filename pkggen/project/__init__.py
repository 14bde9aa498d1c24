"""The project itself: what PATH names, and the wheel that comes of it; nothing of its dependencies."""

from pkggen.project.backend import build_wheel, declared_python, running_python
from pkggen.project.core_metadata import UNKNOWN, Metadata, read_metadata, requirements
from pkggen.project.epoch import given_epoch, source_epoch
from pkggen.project.location import Location, Shape, find_project
from pkggen.project.opened import Opened, opened
from pkggen.project.shapes import ProjectSource, source_of
from pkggen.project.wheel_file import epoch_of_wheel, is_pure
from pkggen.project.wheel_folder import every_wheel

__all__ = [
    "UNKNOWN",
    "Location",
    "Metadata",
    "Opened",
    "ProjectSource",
    "Shape",
    "build_wheel",
    "declared_python",
    "epoch_of_wheel",
    "every_wheel",
    "find_project",
    "given_epoch",
    "is_pure",
    "opened",
    "read_metadata",
    "requirements",
    "running_python",
    "source_epoch",
    "source_of",
]
