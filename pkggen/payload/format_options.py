"""What the user declares of each format, with what follows from the package itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pkggen.config.tables import Config, FormatTable
from pkggen.model import Entry, FormatOptions, Project, SystemPython
from pkggen.model.relations import KINDS, relations_for
from pkggen.payload.files import extra_entries, place_recommends


def declared_options(
    config: Config,
    project: Project,
    prefix: str,
    epoch: int,
    *,
    taken: Sequence[Entry] = (),
    python: SystemPython | None = None,
) -> Mapping[str, FormatOptions]:
    """Return what the user declares for each format; ``taken`` are entries that a declared file could meet.

    Raises ConfigurationError for files that can't be.
    """
    return {
        name: _for_format(name, config, table, extra_entries(config, project, prefix, name, epoch, taken=taken), python)
        for name, table in (("deb", config.deb), ("rpm", config.rpm))
    }


def _for_format(
    name: str, config: Config, table: FormatTable, extra: tuple[Entry, ...], python: SystemPython | None
) -> FormatOptions:
    computed = {"depends": python.depends[name] if python else (), "recommends": place_recommends(config, name)}
    relations = {
        kind: (*computed.get(kind, ()), *relations_for(name, getattr(config, kind)), *getattr(table, kind))
        for kind in KINDS
    }
    return FormatOptions(
        **relations,
        libraries=table.libraries,
        ignore_libraries=table.ignore_libraries,
        compression=table.compression,
        section=table.section,
        priority=table.priority,
        removed_conffiles=table.removed_conffiles,
        group=table.group,
        vendor=table.vendor,
        entries=extra,
    )
