"""The values that flow down the line: frozen, comparable, and free of IO; nothing here opens a file.

Paths *on the target* are POSIX strings; paths on the build host are :class:`pathlib.Path`.
Sizes are bytes, times are seconds since the epoch (UTC), modes are permission bits only.
"""

from pkggen.model.entry import ConfigKind, Entry, Kind, Needs, Role, Tree
from pkggen.model.interpreter import Compiler, Interpreter, PythonSpec, SystemPython
from pkggen.model.layer import Archive, Layer, Layout
from pkggen.model.package import BuiltPackage, Package, Rendered
from pkggen.model.payload import FormatOptions, Hook, Payload, Purpose, Trigger
from pkggen.model.project import Change, Component, Project
from pkggen.model.target import Target
from pkggen.model.wheel import Distribution, Origin, Parts, Script, Wheel, WheelSpec

__all__ = [
    "Archive",
    "BuiltPackage",
    "Change",
    "Compiler",
    "Component",
    "ConfigKind",
    "Distribution",
    "Entry",
    "FormatOptions",
    "Hook",
    "Interpreter",
    "Kind",
    "Layer",
    "Layout",
    "Needs",
    "Origin",
    "Package",
    "Parts",
    "Payload",
    "Project",
    "Purpose",
    "PythonSpec",
    "Rendered",
    "Role",
    "Script",
    "SystemPython",
    "Target",
    "Tree",
    "Trigger",
    "Wheel",
    "WheelSpec",
]
