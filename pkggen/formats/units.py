"""The texts that services add to a package, and what templates and scripts are told of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pkggen.model import Package
from pkggen.model.service import Roster, Service, unit_record
from pkggen.templating.templates import Templates

UNITS = "/usr/lib/systemd/system"
# what a user without a home or a shell has, in the words of each family
_NOWHERE = {"deb": ("/nonexistent", "/usr/sbin/nologin"), "rpm": ("/", "/sbin/nologin")}


def service_context(package: Package) -> dict[str, object]:
    """Return the names that templates may use of services, but for :func:`recorded_units`."""
    payload = package.payload
    nowhere, nologin = _NOWHERE[package.format]
    managed = [m.name for m in payload.roster.units]
    return {
        "services": payload.services,
        "roster": payload.roster,
        "managed": managed,
        "behind": [s.unit for s in payload.services if s.socket or s.timer],
        "accounts": payload.accounts,
        "nowhere": nowhere,
        "nologin": nologin,
        "record": f"{payload.prefix}/units",
        # what is stopped before an upgrade replaces files, and where it is noted to be started after
        "halting": Roster(tuple(s for s in payload.services if s.stop_on_upgrade)).stopped,
        "halted": f"/run/{package.name}.halted",
    }


def unit_texts(templates: Templates, context: Mapping[str, object], package: Package) -> dict[str, str]:
    """Return the unit files of all services, and the file that names their users, by path."""
    texts = {
        f"{UNITS}/{name}": templates.render(
            f"common/{template}.j2",
            **context,
            service=service,
            environment_file=service.environment_path(package.name, package.format),
        )
        for service in package.payload.services
        for name, template in _files(service)
    }
    if package.payload.accounts:
        texts[f"/usr/lib/sysusers.d/{package.name}.conf"] = templates.render("common/sysusers.conf.j2", **context)
    return texts


def _files(service: Service) -> Iterator[tuple[str, str]]:
    yield service.unit, "service"
    if service.socket:
        yield service.socket, "socket"
    if service.timer:
        yield service.timer, "timer"


def recorded_units(package: Package, texts: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    """Return what the target remembers of the units, of which ``texts`` holds the files by path."""
    files = {path.rsplit("/", 1)[1]: text for path, text in texts.items() if path.startswith(f"{UNITS}/")}
    return unit_record(package.payload.services, files)
