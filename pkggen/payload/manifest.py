"""What the package tells its own activation program: manifest.json and layers/<name>.json.

Each layer has a manifest of its own, so that a layer can come from another package without
touching the application's. The release's id is derived from these bytes on the target.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence

from pkggen.config.tables import Config
from pkggen.model import Distribution, Hook, Interpreter, Kind, Layer, Parts, Project
from pkggen.model.service import Healthcheck, Service
from pkggen.model.shebang import is_python_script

SCHEMA = 1  # of manifest.json and layers/*.json; activate.py refuses another
# Names that are importable but not the application: importing them proves nothing, or runs tests.
_NOT_SMOKE = {"test", "tests", "testing", "docs", "doc", "examples", "example", "benchmarks", "setup", "conftest"}


def layer_manifest(layer: Layer, *, compiled: bool, python: str = "") -> bytes:
    """Return layers/<name>.json: what activation links, writes and checks; without byte code it compiles.

    ``python`` is the version of an interpreter that several applications share.
    """
    files = [e for e in layer.entries if e.kind is Kind.FILE]
    return _json(
        {
            **({"python": python} if python else {}),
            "schema": SCHEMA,
            "name": layer.name,
            "compile": not compiled,
            "files": [[e.path, e.size, e.sha256, e.mode] for e in files],
            "links": [[e.path, e.link] for e in layer.entries if e.kind is Kind.SYMLINK],
            "scripts": [[s.name, s.module, s.attr] for s in layer.scripts],
            "rewrite": [e.path for e in files if e.path.startswith("bin/") and is_python_script(e)],
            "distributions": [list(d) for d in layer.distributions],
        }
        | _archived(layer)
    )


def _archived(layer: Layer) -> dict[str, object]:
    if layer.archive is None:
        return {}
    archive = layer.archive
    return {"archived": True, "programs": list(archive.programs), "rewrite": list(archive.rewrite),
            "space": list(archive.space)}  # fmt: skip


def abi_name(application: str, minor: str) -> str:
    """Return what an application provides, and its plugins need: it, with a Python of that minor version."""
    return f"{application}-abi-{minor}"


def plugin_manifest(layer: Layer, *, compiled: bool, extends: str, abi: str, smoke: Sequence[str]) -> bytes:
    """Return plugins/<name>.json: a layer's description, and what it is to be added to."""
    described = json.loads(layer_manifest(layer, compiled=compiled))
    return _json(described | {"extends": extends, "abi": abi, "smoke": list(smoke)})


def plugin_admission(description: bytes) -> str:
    """Return what a plugin's description tells before the files are there; byte code follows its source."""
    told = json.loads(description)
    files = [[path, 0, digest, 0] for path, _, digest, _ in told["files"] if not path.endswith(".pyc")]
    head = {key: told[key] for key in ("name", "extends", "abi")}
    return _admission(head, distributions=told["distributions"], files=files, scripts=told["scripts"])


def app_admission(name: str, abi: str, layers: Sequence[Layer]) -> str:
    """Return what plugins of the installed version have to fit."""
    distributions = [list(d) for layer in layers for d in layer.distributions]
    return _admission({"name": name, "abi": abi}, distributions=distributions)


def _admission(head: Mapping[str, str], **tables: Sequence[Sequence[object]]) -> str:
    """Return JSON as it stands in a script: a line for each row, and no ``[[``, which reads like a shell's."""
    members = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in sorted(head.items())]
    for key, rows in sorted(tables.items()):
        listed = "".join(f"\n{json.dumps(row, ensure_ascii=False)}," for row in rows).rstrip(",")
        members.append(f"{json.dumps(key)}: [{listed}\n]")
    return "{" + ",\n".join(members) + "}\n"


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
) -> bytes:
    """Return manifest.json: what the release is, which commands it has and how to prove it.

    ``owned`` are absolute paths of further files; those below ``prefix`` are the package's there.
    ``exact`` are the digests of descriptions that come with another package of the same application.
    ``pip`` is the wheel that installs archived ones, by its path in a release.
    """
    places = {layer.name: layer.home for layer in layers if layer.home not in ("", f"{prefix}/layers")}
    about: dict[str, object] = {
        **({"places": places} if places else {}),
        **({"exact": dict(exact)} if exact else {}),
        "schema": SCHEMA,
        "app": project.name,
        "version": project.version,
        "release": config.release,
        "prefix": prefix,
        "commands": list(commands),
        "services": [s.unit for s in services],
    }
    if config.venv.mode == "packaged":  # no program reads it there, people may
        python = {"executable": f"python/{parts.interpreter.executable}", "version": parts.interpreter.version}
        distributions = [list(d) for layer in layers for d in layer.distributions]
        return _json(about | {"mode": "packaged", "python": python, "distributions": distributions})
    return _json(
        about
        | {
            "python": _python(parts.interpreter),
            "layers": [layer.name for layer in layers],
            "isolated": config.venv.isolated,
            "smoke": smoke_modules(config, parts, layers, commands, services),
            "keep": config.venv.keep,
            # who imports the smoke modules: the one who will run them, where that is not made up at run time
            "user": next((s.user for s in services if s.user), ""),
            "health": {s.unit: _check(s, s.healthcheck) for s in services if s.healthcheck},
            "hooks": {h.name: _hook(h) for h in hooks},
            **({"pip": pip} if pip else {}),
            "owned": sorted(p.removeprefix(f"{prefix}/") for p in owned if p.startswith(f"{prefix}/")),
        }
    )


def _python(interpreter: Interpreter) -> dict[str, object]:
    """Return where the interpreter is: in a layer, or the target's own."""
    if interpreter.system is None:
        return {"layer": "python", "executable": interpreter.executable, "version": interpreter.version}
    system = interpreter.system
    return {"system": True, "executable": system.executable, "version": interpreter.minor,
            "site-packages": system.site_packages}  # fmt: skip


def _check(service: Service, check: Healthcheck) -> dict[str, object]:
    """Return what rollout.py reads: how it looks, and the times."""
    kind: dict[str, object] = {}
    if check.http:
        kind = {"http": check.http, "status": check.status}
    elif check.command:
        kind = {"command": list(check.command), "user": service.user}
    return {**kind, "timeout": check.timeout, "interval": check.interval, "stable": check.stable}


def _hook(hook: Hook) -> dict[str, str]:
    # with the digest, another hook makes another release
    return {"file": hook.file, "user": hook.user, "sha256": hashlib.sha256(hook.content).hexdigest()}


def smoke_modules(
    config: Config, parts: Parts, layers: Sequence[Layer], commands: Sequence[str], services: Sequence[Service]
) -> list[str]:
    """Return the modules whose import proves a release: the project's own and what its commands load."""
    if config.smoke is not None:
        return list(config.smoke)
    # a bundle's commands came along unasked: one that can't work here must not stop the others
    chosen = commands if config.commands is not None or not parts.app.is_bundle else ()
    started = {*chosen, *(name for s in services for name in _programs(s))}
    modules = {s.module for layer in layers for s in layer.scripts if s.name in started}
    proving = parts.dependencies if parts.app.is_bundle else (parts.app,)
    own = {m for d in proving if d is parts.app or _offers(d, commands) for m in d.top_level if _is_telling(m)}
    return sorted(modules | own)


def _programs(service: Service) -> Iterator[str]:
    """Yield what a service starts: its program, or the one beside that Python which runs it."""
    directory = service.command[0].rpartition("/")[0]
    yield from (word.rpartition("/")[2] for word in service.command if word.rpartition("/")[0] == directory)


def _offers(distribution: Distribution, commands: Sequence[str]) -> bool:
    return any(s.name in commands for s in distribution.scripts)


def _is_telling(module: str) -> bool:
    return module not in _NOT_SMOKE and not module.startswith("_")


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
