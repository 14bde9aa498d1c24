"""Learning what a project is by building its wheel and reading it.

The wheel's METADATA is the one place where name, version, summary and dependencies are the same
for every build back-end (core metadata specification, PEP 566 and later; PEP 517 for the build).
"""

from __future__ import annotations

import os
import shutil
import sys
import zipfile
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from pathlib import Path

import uv
from packaging.markers import Environment, default_environment
from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from pkggen.cache import Cache, sha256_of
from pkggen.config import read_pyproject
from pkggen.errors import ArtefactError, ConfigurationError, Problem, StorageError, ToolError
from pkggen.model import Wheel
from pkggen.reporter import Reporter
from pkggen.run import run

# What building a wheel never needs; leaving it out also keeps a stale build/ from leaking
# modules that the project no longer has.
_LEFT_OUT = {"__pycache__", ".venv", "venv", "node_modules", ".tox", ".nox", ".mypy_cache", ".ruff_cache"}
_LEFT_OUT_AT_TOP = {"build", "dist"}
# What reaches the index, a proxy or a certificate store; everything else of the caller's
# environment stays out of the build.
_INHERITED = (
    "HOME", "UV_CACHE_DIR", "UV_INDEX", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS",
    "UV_KEYRING_PROVIDER", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS", "UV_CONFIG_FILE", "XDG_CONFIG_HOME", "XDG_CACHE_HOME",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a wheel's METADATA says, as far as a package needs it; text is as the author wrote it."""

    name: str
    version: str
    summary: str
    description: str
    licence: str
    homepage: str
    author: str
    requires: tuple[Requirement, ...]
    requires_python: SpecifierSet
    extras: tuple[str, ...]


def declared_python(root: Path) -> SpecifierSet:
    """Return ``requires-python`` of pyproject.toml, or an empty set when it isn't static."""
    project = read_pyproject(root).get("project")
    text = project.get("requires-python", "") if isinstance(project, dict) else ""
    try:
        return SpecifierSet(str(text))
    except InvalidSpecifier as error:
        raise ConfigurationError(str(error), where="pyproject.toml: project.requires-python") from error


def build_wheel(root: Path, cache: Cache, reporter: Reporter, *, python: str, epoch: int, offline: bool) -> Wheel:
    """Build the wheel of the project in ``root`` with its own back-end, in a copy of its tree.

    ``python`` is the interpreter (path or version) that the back-end runs on; ``epoch`` becomes
    SOURCE_DATE_EPOCH. Raises ConfigurationError when there is no project, ToolError when the
    back-end fails.
    """
    if not any((root / n).is_file() for n in ("pyproject.toml", "setup.py", "setup.cfg")):
        raise ConfigurationError(
            "no Python project here: pyproject.toml, setup.py and setup.cfg are all missing",
            where=str(root),
            remedy="name the directory that holds the project's pyproject.toml",
        )
    with cache.scratch() as scratch, reporter.step(f"building the wheel of {root.resolve().name}"):
        source, out = scratch / root.resolve().name, scratch / "wheel"
        _copy_source(root, source)
        command: list[str | Path] = [
            uv.find_uv_bin(),
            "build",
            "--wheel",
            "--no-create-gitignore",
            "--python",
            python,
            "-o",
            out,
            source,
        ]
        if offline:
            command.insert(2, "--offline")
        try:
            run(command, env={"SOURCE_DATE_EPOCH": str(epoch)}, inherit=_INHERITED, cwd=scratch, timeout=1800)
        except ToolError as error:
            raise ToolError(
                f"the project's wheel can't be built: {error}",
                where=str(root),
                remedy="see whether `uv build --wheel` works there; --offline needs the back-end in uv's cache",
            ) from error
        return _keep(next(out.glob("*.whl")), cache)


def _keep(path: Path, cache: Cache) -> Wheel:
    sha256 = sha256_of(path)
    blob = cache.store_blob(path, sha256, path.name)
    try:
        name, version, _, _ = parse_wheel_filename(path.name)
    except InvalidWheelFilename as error:
        raise ArtefactError(f"the back-end made a wheel with a bad name: {error}") from error
    return Wheel(str(name), str(version), path.name, blob, sha256)


def is_pure(wheel: Wheel) -> bool:
    """Tell whether the wheel runs on any interpreter and machine."""
    return wheel.filename.endswith("-none-any.whl")


def _copy_source(root: Path, to: Path) -> None:
    top = os.fspath(root)

    def left_out(directory: str, names: list[str]) -> set[str]:
        drop = _LEFT_OUT.intersection(names)
        if directory == top:
            # a folder that is a package of the project stays whatever its name
            drop |= {n for n in _LEFT_OUT_AT_TOP.intersection(names) if not (root / n / "__init__.py").exists()}
            drop |= {n for n in names if n.endswith(".egg-info")}
        return drop | {n for n in names if os.path.exists(os.path.join(directory, n, "pyvenv.cfg"))}

    def copy(source: str, target: str) -> str:
        if f"{os.sep}.git{os.sep}objects{os.sep}" in source:  # immutable, and can be large
            try:
                os.link(source, target)
            except OSError:
                return str(shutil.copy2(source, target))
            return target
        return str(shutil.copy2(source, target))

    try:
        shutil.copytree(root, to, symlinks=True, ignore=left_out, copy_function=copy)
    except (shutil.Error, OSError) as error:
        raise StorageError(f"the source tree can't be copied: {error}", where=top) from error


def read_metadata(wheel: Wheel) -> Metadata:
    """Return what the wheel's METADATA says; raise ArtefactError when there is none."""
    try:
        with zipfile.ZipFile(wheel.path) as archive:
            name = next(n for n in archive.namelist() if n.count("/") == 1 and n.endswith(".dist-info/METADATA"))
            message = BytesParser(policy=compat32).parsebytes(archive.read(name))
    except (StopIteration, OSError, zipfile.BadZipFile) as error:
        raise ArtefactError("no METADATA in the wheel", where=wheel.filename) from error
    return Metadata(
        name=_text(message, "Name"),
        version=_text(message, "Version"),
        summary=_text(message, "Summary"),
        description=_text(message, "Description") or _payload(message),
        licence=_text(message, "License-Expression") or _text(message, "License") or _classified(message),
        homepage=_text(message, "Home-page") or _project_url(message),
        author=_author(message),
        requires=tuple(Requirement(str(r)) for r in message.get_all("Requires-Dist", [])),
        requires_python=SpecifierSet(_text(message, "Requires-Python")),
        extras=tuple(str(e) for e in message.get_all("Provides-Extra", [])),
    )


def requirements(metadata: Metadata, extras: tuple[str, ...], environment: Environment | None = None) -> list[str]:
    """Return the requirements that hold with ``extras``, the extra's own marker resolved.

    Raises ConfigurationError when the project does not provide an extra asked for.
    """
    provided = {canonicalize_name(e) for e in metadata.extras}
    ConfigurationError.raise_all(
        Problem(
            f"the project has no extra {e!r}", "tool.pkggen.extras", f"it has: {', '.join(sorted(provided)) or 'none'}"
        )
        for e in extras
        if canonicalize_name(e) not in provided
    )
    base: dict[str, str] = {k: str(v) for k, v in (environment or default_environment()).items()}
    wanted: list[str] = []
    for requirement in metadata.requires:
        marker = requirement.marker
        if marker is None or "extra" not in str(marker):
            wanted.append(str(requirement))
        elif any(marker.evaluate(base | {"extra": canonicalize_name(e)}) for e in extras):
            requirement.marker = None
            wanted.append(str(requirement))
    return sorted(set(wanted))


def _text(message: Message, field: str) -> str:
    value = str(message.get(field, "") or "").strip()
    return "" if value == "UNKNOWN" else value


def _payload(message: Message) -> str:
    raw = message.get_payload(decode=True)
    return raw.decode("utf-8", "replace").strip() if isinstance(raw, bytes) else ""


def _classified(message: Message) -> str:
    licences = [str(c).rsplit(" :: ", 1)[-1] for c in message.get_all("Classifier", []) if c.startswith("License :: ")]
    return ", ".join(licences)


def _project_url(message: Message) -> str:
    urls = dict(str(u).split(",", 1) for u in message.get_all("Project-URL", []) if "," in str(u))
    named = {label.strip().lower().replace("-", ""): url.strip() for label, url in urls.items()}
    order = ("homepage", "home", "repository", "source", "sourcecode", "github", "documentation")
    return next((named[n] for n in order if n in named), "")


def _author(message: Message) -> str:
    """Return "Name <mail>" of the maintainer or else the author, "" when the two can't be had."""
    for role in ("Maintainer", "Author"):
        mail = _text(message, f"{role}-email").split(">,")[0]
        if mail:
            mail = mail if mail.endswith(">") or "<" not in mail else mail + ">"
            return mail if "<" in mail else f"{_text(message, role) or mail} <{mail.split(',')[0].strip()}>"
    return ""


def source_epoch(root: Path) -> int:
    """Return the build's time: SOURCE_DATE_EPOCH, else the last commit's, else 1980-01-01.

    (https://reproducible-builds.org/specs/source-date-epoch/; zip files know no earlier date.)
    """
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given:
        if not given.isdigit():
            raise ConfigurationError(
                f"SOURCE_DATE_EPOCH is {given!r}", remedy="set it to seconds since 1970, or unset it"
            )
        return int(given)
    git = shutil.which("git")
    if git:
        command: list[str | Path] = [git, "-c", "safe.directory=*", "-C", root, "log", "-1", "--format=%ct", "--", "."]
        shown = run(command, check=False).stdout.strip()
        if shown.isdigit():
            return int(shown)
    return 315532800


def running_python() -> str:
    """Return the interpreter that runs pkggen, out of any venv: metadata is read with it."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)
