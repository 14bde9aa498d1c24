"""What templates may use: the values by their names, the same for both formats."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from email.utils import parseaddr

from pkggen.activation.manifest import PENDING, PROGRAM
from pkggen.formats.members import options_of, parents, text_entries
from pkggen.formats.owned import list_path, list_text, ownership_context
from pkggen.formats.units import service_context, unit_texts
from pkggen.model import Change, ConfigKind, Entry, Kind, Package, Payload, Purpose, Role
from pkggen.model.versions import package_name
from pkggen.templating.templates import Templates

# What `uname -m` may say on a machine that runs our files.
_MACHINES = {"x86_64": "x86_64|amd64", "aarch64": "aarch64|arm64"}


def template_context(package: Package) -> dict[str, object]:
    """Return the names that every template may use."""
    payload = package.payload
    declared = options_of(payload, package.format).entries
    return {
        "ghosts": [e for e in declared if e.role is Role.GHOST],
        "kept": [quoted_pattern(e.path) for e in declared if _stays(e, package)],
        "tmpfiles": [posixpath.basename(e.path) for e in declared if e.path.startswith("/usr/lib/tmpfiles.d/")],
        "triggers": payload.triggers,
        "package": package,
        "payload": payload,
        "project": payload.project,
        "maintainer": maintainer(payload),
        "name": package.name,
        "prefix": payload.prefix,
        "above": tuple(parents(payload.prefix)),
        "layout": payload.layout,
        **service_context(package),
        **ownership_context(package),
        "python": payload.python,
        "spare": _spare(payload),
        "kin": payload.kin,
        "hooks": {h.name: h for h in payload.hooks},
        "program": posixpath.join(payload.prefix, PROGRAM),
        "pending": posixpath.join(payload.prefix, PENDING),
        # of packages that were made before it was one file
        "former_program": posixpath.join(payload.prefix, "lib/activate.py"),
        "machines": _MACHINES.get(payload.target.arch, payload.target.arch),
        "date": datetime.fromtimestamp(payload.epoch, timezone.utc),
        "summary": payload.project.summary or _SUMMARIES[bool(payload.needs.python)],
        "description": payload.project.description or _description(payload),
    }


def _stays(entry: Entry, package: Package) -> bool:
    """Tell whether a file below the prefix outlives a removal: dpkg's conffiles do, and ghosts, until the purge."""
    lasting = entry.config is not ConfigKind.NONE or entry.role is Role.GHOST
    return package.format == "deb" and lasting and entry.path.startswith(f"{package.payload.prefix}/")


def quoted_pattern(path: str) -> str:
    """Return ``path`` as find's -path takes it literally."""
    return re.sub(r"([][*?\\])", r"\\\1", path)


def maintainer(payload: Payload) -> str:
    """Return ``name <address>`` (Debian policy 5.6.2), made up of what there is: an address may be lacking."""
    name, address = parseaddr(payload.project.maintainer)
    if "@" not in address:
        name, address = payload.project.maintainer or f"Maintainers of {payload.project.name}", ""
    quoted = f'"{name}"' if set(name) & set(',;:"()[]\\') and '"' not in name else name
    return f"{quoted or address} <{address or f'{package_name(payload.project.name)}@package.invalid'}>"


# without the package's name: lintian and rpmlint blame a summary that repeats it
_SUMMARIES = ("application with the Python it runs on", "application with the libraries it needs")
_ON_SYSTEM = (
    "{name} with all the libraries it needs, for the system's Python {python}.\nNothing is downloaded on installation."
)
_DESCRIPTION = (
    "{name} with its own Python interpreter and all the libraries it needs.\n"
    "Nothing is downloaded on installation, and the system's Python stays untouched."
)


def _description(payload: Payload) -> str:
    python = payload.needs.python
    return (_ON_SYSTEM if python else _DESCRIPTION).format(name=payload.project.name, python=python)


def _spare(payload: Payload) -> str:
    """Return the interpreter of the current release where another package holds the own; that may be gone first."""
    if payload.together is None or payload.python.startswith(f"{payload.prefix}/"):
        return ""
    return f"{payload.prefix}/current/python/bin/{posixpath.basename(payload.python)}"


def changes_of(payload: Payload) -> tuple[Change, ...]:
    """Return the releases for a changelog, the package's own first; it always says something."""
    project = payload.project
    own, *older = project.changes or (Change(project.version, payload.epoch),)
    return (replace(own, items=own.items or (f"{project.name} {project.version}.",)), *older)


def releases_command(package: Package) -> str:
    """Return the path of the administrator's command, on root's PATH: not below a prefix that may be given away."""
    return f"/usr/sbin/{package.name}-releases"


def common_entries(package: Package, texts: Mapping[str, str]) -> tuple[Entry, ...]:
    """Return the entries of ``texts`` that are files, and the links beside them."""
    payload, command = package.payload, releases_command(package)
    link = Entry(
        f"{payload.prefix}/bin/{package.name}-releases", Kind.SYMLINK, 0o777, mtime=payload.epoch, link=command
    )
    return (*text_entries(texts, payload.epoch), *([link] if command in texts else []))


def common_texts(templates: Templates, context: Mapping[str, object], package: Package) -> dict[str, str]:
    """Return the files that both formats add, by their paths: units, users and the administrator's command."""
    payload = package.payload
    owned = list_text(package)
    texts = {list_path(package): owned} if owned else {}
    if payload.is_meta:
        return texts
    if payload.layout.activated and payload.purpose is Purpose.APPLICATION:
        texts[releases_command(package)] = templates.render("common/releases.sh.j2", **context)
        texts[f"/usr/share/man/man8/{package.name}-releases.8"] = templates.render("common/releases.8.j2", **context)
    if payload.vendored:
        texts[f"/usr/share/doc/{package.name}/vendored"] = templates.render("common/vendored.j2", **context)
    texts |= unit_texts(templates, context, package)
    return texts
