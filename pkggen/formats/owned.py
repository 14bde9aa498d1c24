"""What a package owns on a system beside its files: a list in it, which the scripts of other packages read.

A package that is renamed, or that hands a service on, goes while its successor is there already. Its scripts then
ask whose things are by now; a list that is a file of its package comes and goes with it, whatever is interrupted.
"""

from __future__ import annotations

import posixpath

from pkggen.activation.manifest import PROGRAM
from pkggen.formats.members import OWNED_FOLDER, options_of
from pkggen.model import Package, Purpose, Role

# what root's programs are made of, relative to the prefix; beside them there may be an administrator's files
_TREES = ("lib", "layers", "plugins", "releases", "python", "venv", "manifest.json", "units")


def list_path(package: Package) -> str:
    """Return where the package's list lies on the target."""
    return f"{OWNED_FOLDER}/{package.name}"


def list_text(package: Package) -> str:
    """Return the list: ``prefix``, ``unit``, ``directory`` or ``file``, and a name, on each line; may be empty."""
    payload = package.payload
    if payload.purpose is not Purpose.APPLICATION:
        return ""
    rows = [] if payload.is_meta else [f"prefix {payload.prefix}"]
    rows += [f"unit {name}" for service in payload.services for name in service.units]
    rows += [f"directory {path}" for path in payload.roster.directories]
    rows += [f"file {e.path}" for e in options_of(payload, package.format).entries if e.role is Role.GHOST]
    return "".join(f"{row}\n" for row in rows)


def ownership_context(package: Package) -> dict[str, object]:
    """Return the names that templates may use of what is the package's, and of what root runs."""
    prefix, python = package.payload.prefix, package.payload.python
    ways = [posixpath.join(prefix, PROGRAM) if package.payload.layout.activated else prefix]
    trees = [f"{prefix}/{name}" for name in _TREES]
    if python and not python.startswith((f"{prefix}/", "/usr/")):  # an interpreter that applications share
        ways.append(python)
        trees.append(python.partition("/layers/")[0] + "/layers")
    return {
        "owned_folder": OWNED_FOLDER,
        "owned_list": list_path(package),
        "trusted_ways": ways,
        "trusted_trees": trees,
    }
