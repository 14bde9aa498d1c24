"""What the package tells its own on-target program: manifest.json and layers/<name>.json.

The keys are those of ``pkggen.activation.manifest``, which both sides use.

Each layer has a manifest of its own, so that a layer can come from another package without
touching the application's. The release's id is derived from these bytes on the target.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from pkggen.activation import manifest as contract
from pkggen.activation.manifest import (
    Admission,
    Check,
    Extension,
    FileRow,
    LinkRow,
    Manifest,
    PackagedManifest,
    Python,
    ScriptRow,
    written,
)
from pkggen.activation.records import members
from pkggen.config.tables import Config
from pkggen.model import Distribution, Hook, Interpreter, Kind, Layer, Parts, Project
from pkggen.model.service import Healthcheck, Service
from pkggen.model.shebang import is_python_script
from pkggen.payload.smoke import is_script

# Names that are importable but not the application: importing them proves nothing, or runs tests.
_NOT_SMOKE = {"test", "tests", "testing", "docs", "doc", "examples", "example", "benchmarks", "setup", "conftest"}


def layer_manifest(layer: Layer, *, compiled: bool, python: str = "") -> contract.Layer:
    """Return what layers/<name>.json says: what activation links, writes and checks; without byte code it compiles.

    ``python`` is the version of an interpreter that several applications share.
    """
    files = [e for e in layer.entries if e.kind is Kind.FILE]
    described = contract.Layer(
        name=layer.name,
        compile=not compiled,
        files=tuple(FileRow(e.path, e.size, e.sha256, e.mode) for e in files),
        links=tuple(LinkRow(e.path, e.link) for e in layer.entries if e.kind is Kind.SYMLINK),
        scripts=tuple(ScriptRow(s.name, s.module, s.attr) for s in layer.scripts),
        rewrite=tuple(e.path for e in files if e.path.startswith("bin/") and is_python_script(e)),
        distributions=_distributions([layer]),
        python=python,
    )
    if layer.archive is None:
        return described
    archive = layer.archive
    return described.replaced(archived=True, programs=archive.programs, rewrite=archive.rewrite, space=archive.space)


def _distributions(layers: Iterable[Layer]) -> tuple[contract.Distribution, ...]:
    return tuple(contract.Distribution(*d) for layer in layers for d in layer.distributions)


def abi_name(application: str, minor: str) -> str:
    """Return what an application provides, and its plugins need: it, with a Python of that minor version."""
    return f"{application}-abi-{minor}"


def plugin_admission(layer: contract.Layer, extension: Extension) -> str:
    """Return what a plugin's description tells before the files are there; byte code follows its source."""
    files = [row._replace(size=0, mode=0) for row in layer.files if not row.path.endswith(".pyc")]
    return _admission(
        Admission(
            layer.name, extension.abi, layer.distributions, extension.extends, files=tuple(files), scripts=layer.scripts
        )
    )


def app_admission(name: str, abi: str, layers: Sequence[Layer]) -> str:
    """Return what plugins of the installed version have to fit."""
    return _admission(Admission(name, abi, _distributions(layers)))


def _admission(wanted: Admission) -> str:
    """Return JSON as it stands in a script: a line for each row, and no ``[[``, which reads like a shell's."""
    found = members(wanted).items()
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in sorted(found) if isinstance(value, str)]
    for key, rows in sorted(found):
        if isinstance(rows, list):
            listed = "".join(f"\n{json.dumps(row, ensure_ascii=False)}," for row in rows).rstrip(",")
            lines.append(f"{json.dumps(key)}: [{listed}\n]")
    return "{" + ",\n".join(lines) + "}\n"


def app_manifest(
    project: Project,
    config: Config,
    parts: Parts,
    *,
    prefix: str,
    layers: Sequence[Layer],
    commands: Sequence[str],
    services: Sequence[Service],
    owned: Collection[str] = (),
    hooks: Sequence[Hook] = (),
    exact: Mapping[str, str] | None = None,
    pip: str = "",
    unproven: bool = False,
) -> bytes:
    """Return manifest.json: what the release is, which commands it has and how to prove it.

    ``owned`` are absolute paths of further files; those below ``prefix`` are the package's there.
    ``exact`` are the digests of descriptions that come with another package of the same application.
    ``pip`` is the wheel that installs archived ones, by its path in a release. ``unproven``: nothing
    of it was tried, since nobody wanted it to be.
    """
    units = tuple(s.unit for s in services)
    if config.venv.mode == "packaged":
        return written(
            PackagedManifest(
                project.name, project.version, config.release, prefix, tuple(commands), units,
                Python(f"python/{parts.interpreter.executable}", parts.interpreter.version),
                mode="packaged", distributions=_distributions(layers), unproven=unproven,
            )
        )  # fmt: skip
    return written(
        Manifest(
            project.name, project.version, config.release, prefix, tuple(commands), units, _python(parts.interpreter),
            layers=tuple(layer.name for layer in layers),
            isolated=config.venv.isolated,
            smoke=tuple(smoke_modules(config, parts, layers, commands, services)),
            keep=config.venv.keep,
            # who imports the smoke modules: the one who will run them, where that is not made up at run time
            user=next((s.user for s in services if s.user), ""),
            health={s.unit: _check(s, s.healthcheck) for s in services if s.healthcheck},
            hooks={h.name: contract.Hook(h.file, h.user, hashlib.sha256(h.content).hexdigest()) for h in hooks},
            owned=tuple(sorted(p.removeprefix(f"{prefix}/") for p in owned if p.startswith(f"{prefix}/"))),
            places={layer.name: layer.home for layer in layers if layer.home not in ("", f"{prefix}/layers")},
            exact=dict(exact or {}),
            pip=pip,
            unproven=unproven,
        )
    )  # fmt: skip


def _python(interpreter: Interpreter) -> Python:
    """Return where the interpreter is: in a layer, or the target's own."""
    if interpreter.system is None:
        return Python(interpreter.executable, interpreter.version, layer="python")
    system = interpreter.system
    return Python(system.executable, interpreter.minor, system=True, site_packages=system.site_packages)


def _check(service: Service, check: Healthcheck) -> Check:
    """Return how a service is looked at, and the times."""
    look = Check(check.timeout, check.interval, check.stable)
    if check.http:
        return look.replaced(http=check.http, status=check.status)
    return look.replaced(command=tuple(check.command), user=service.user) if check.command else look


def smoke_modules(
    config: Config, parts: Parts, layers: Sequence[Layer], commands: Sequence[str], services: Sequence[Service]
) -> list[str]:
    """Return the modules whose import proves a release: the project's own and what its commands load."""
    if config.smoke is not None:
        return list(config.smoke)
    # a bundle's commands came along unasked: one that can't work here must not stop the others
    chosen = commands if config.commands is not None or not parts.app.is_bundle else ()
    started = {*chosen, *(name for s in services for name in programs_of(s))}
    modules = {s.module for layer in layers for s in layer.scripts if s.name in started}
    proving = parts.dependencies if parts.app.is_bundle else (parts.app,)
    offering = [d for d in proving if d is parts.app or _offers(d, commands)]
    own = {m for d in offering for m in d.top_level if _is_telling(m) and not is_script(d, m)}
    return sorted(modules | own)


def programs_of(service: Service) -> Iterator[str]:
    """Yield what a service starts: its program, or the one beside that Python which runs it."""
    directory = service.command[0].rpartition("/")[0]
    yield from (word.rpartition("/")[2] for word in service.command if word.rpartition("/")[0] == directory)


def _offers(distribution: Distribution, commands: Sequence[str]) -> bool:
    return any(s.name in commands for s in distribution.scripts)


def _is_telling(module: str) -> bool:
    return module not in _NOT_SMOKE and not module.startswith("_")
