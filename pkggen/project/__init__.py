"""The project itself: what PATH names, and the wheel that comes of it, whatever its shape."""

from pkggen.project.backend import build_wheel, declared_python, running_python
from pkggen.project.epoch import source_epoch
from pkggen.project.metadata import Metadata, read_metadata, requirements
from pkggen.project.wheel_file import is_pure

__all__ = [
    "Metadata",
    "build_wheel",
    "declared_python",
    "is_pure",
    "read_metadata",
    "requirements",
    "running_python",
    "source_epoch",
]
