"""What an rpm's header should say: relations, and the comparison with a header read back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from packaging.utils import canonicalize_name

from pkggen.archives.rpm import RELATIONS, RpmArchive
from pkggen.errors import ConfigurationError, Key, Problem
from pkggen.formats.context import template_context
from pkggen.formats.libraries import outside_sonames, symbol_versions
from pkggen.formats.members import options_of
from pkggen.model import Payload, Rendered
from pkggen.model.relations import Term, spell_relations
from pkggen.model.versions import rpm_version
from pkggen.templating.templates import plain_text

_NAME = re.compile(r"[A-Za-z0-9/_][\w./+:()~-]*")
# rpmbuild's own additions: features of rpm, the scriptlets' shell, what %config files imply
_ADDED = re.compile(r"rpmlib\(.*|/bin/sh|config\(.*")
# what scriptlets run beside the shell
_PROGRAMS = ("coreutils", "findutils", "grep", "sed")


def rpm_relations(payload: Payload) -> dict[str, tuple[str, ...]]:
    """Return the relation tags: computed ones first, then the user's. Raises ConfigurationError."""
    options = options_of(payload, "rpm")

    def spelled(key: str) -> tuple[str, ...]:
        return spell_relations(key, getattr(options, key), "rpm", _spell)

    # without a plain Requires beside it, Requires(pre) may be removed again once %pre has run
    before = spelled("pre_depends")
    return {
        "Requires": (*_libraries(payload), *before, *spelled("depends")),
        # in one transaction with the whole system, what %pre runs has to be there before it
        "Requires(pre)": (
            *(() if payload.is_meta else _PROGRAMS),
            *(("/usr/sbin/useradd",) if payload.accounts else ()),
            *before,
        ),
        **{f"OrderWithRequires({s})": ("systemd",) for s in ("post", "preun", "postun") if payload.services},
        "Recommends": (*(() if payload.is_meta else ("ca-certificates",)), *spelled("recommends")),
        "Suggests": spelled("suggests"),
        "Enhances": spelled("enhances"),
        "Supplements": spelled("supplements"),
        # rpm has no Breaks: a conflict refuses the same pair, also while both are being installed
        "Conflicts": tuple(dict.fromkeys((*spelled("conflicts"), *spelled("breaks")))),
        "Obsoletes": tuple(dict.fromkeys((*spelled("replaces"), *spelled("obsoletes")))),
        "Provides": (*_bundled(payload), *spelled("provides")),
    }


def _bundled(payload: Payload) -> Iterator[str]:
    """Yield what Fedora's packaging guidelines ask for of what a package brings with it ("Bundling")."""
    for component in payload.vendored:
        name = component.name if component.name == "python3" else f"python3dist({canonicalize_name(component.name)})"
        yield f"bundled({name}) = {rpm_version(component.version)[1]}"


def _libraries(payload: Payload) -> Iterator[str]:
    """Yield what rpm's own generator would ask for the files, had it not been told to leave them alone."""
    needs = payload.needs
    if needs.glibc:
        yield f"libc.so.6(GLIBC_{'.'.join(map(str, needs.glibc))})(64bit)"
    outside = outside_sonames(needs, options_of(payload, "rpm"))
    yield from (f"{soname}()(64bit)" for soname in outside)
    yield from (f"{soname}({version})(64bit)" for soname, version in symbol_versions(needs, outside))


def _spell(terms: tuple[Term, ...], where: Key) -> str:
    remedy = 'where the formats differ, write { deb = "…", rpm = "…" }'
    ConfigurationError.raise_all(
        Problem(f"{t.name!r} is no rpm's name", where, remedy) for t in terms if not _NAME.fullmatch(t.name)
    )
    words = [f"{t.name} {t.operator} {t.version}" if t.operator else t.name for t in terms]
    return words[0] if len(words) == 1 else f"({' or '.join(words)})"


def header_differences(
    rendered: Rendered, archive: RpmArchive, scripts: tuple[str, ...], path: str
) -> Iterator[Problem]:
    """Yield a problem for each tag, scriptlet and relation that is not as rendered.

    Macros in a description or a line taken for a section would show here.
    """
    for tag, want in _tags(rendered).items():
        if (got := archive.tags.get(tag, "")) != want:
            yield Problem(f"{tag} is {got!r}, expected {want!r}", path)
    wanted = {s: rendered.texts.get(s, "") for s in scripts}
    for name in sorted(wanted.keys() | archive.scripts.keys()):
        if wanted.get(name, "").strip() != archive.scripts.get(name, "").strip():
            yield Problem(f"%{name} is not what was rendered", path)
    relations = rendered.package.relations
    for field in RELATIONS:
        terms = {*relations.get(field, ()), *(relations.get("Requires(pre)", ()) if field == "Requires" else ())}
        for term in sorted(terms ^ set(_own(archive.relations[field], rendered))):
            yield Problem(f"{field}: {term} is {'missing' if term in terms else 'not intended'}", path)


def _tags(rendered: Rendered) -> Mapping[str, str]:
    package = rendered.package
    project = package.payload.project
    context = template_context(package)
    return {
        "name": package.name,
        "version": package.version,
        "release": package.release,
        "arch": package.arch,
        "summary": str(context["summary"]),
        "description": "\n".join(plain_text(str(context["description"]))).strip(" \n"),
        "copyright": project.licence or "LicenseRef-Unspecified",  # rpmfile's name of License
        "url": project.homepage,
        "packager": str(context["maintainer"]),
    }


def _own(terms: tuple[str, ...], rendered: Rendered) -> Iterator[str]:
    """Yield the terms less those that rpmbuild adds to every package."""
    name = re.escape(rendered.package.name)
    itself = re.compile(rf"{name}(\([\w-]+\))? = .*")
    for term in terms:
        if not _ADDED.fullmatch(term) and not itself.fullmatch(term):
            yield term
