"""What the command line says of a build, and the configuration with that applied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pkggen.config.rules import clashes
from pkggen.config.tables import SYSTEM, Config, FormatTable
from pkggen.errors import ConfigurationError, Key


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says; it outranks the configuration file."""

    root: Path
    formats: tuple[str, ...] = ("deb", "rpm")
    output: Path = Path("dist")
    python: str = ""
    python_sha256: str = ""
    release: str = ""
    targets: tuple[str, ...] = ()
    arch: str = ""
    offline: bool = False
    frozen: bool = False
    build: tuple[str, ...] = ()  # names that may be built from a source archive, besides those in the file
    package: str = ""  # the member of the workspace in ``root`` that is meant
    proof: bool = True  # try here what the target will try
    sign: str = ""  # a key for every format; "none" leaves all unsigned

    def outranked(self) -> Iterator[tuple[Key, str]]:
        """Yield each setting that the command line has given, with the option's name."""
        if self.python:
            yield Key.of("python", "source"), "--python"
            yield Key.of("python", "sha256"), "--python-sha256"
        if self.targets:
            yield Key.of("targets"), "--target"
        if self.arch:
            yield Key.of("arch"), "--arch"
        if self.sign:
            yield from ((Key.of(name, "sign"), "--sign") for name in ("deb", "rpm"))


def effective_config(config: Config, options: Options) -> Config:
    """Return what the file says with the command line's wishes applied.

    Raises ConfigurationError for all settings that rule each other out.
    """
    config = _with_wishes(config, options)
    ConfigurationError.raise_all(clashes(config))
    return config


def _with_wishes(config: Config, options: Options) -> Config:
    # on the command line a path starts from where the user is, in the file from where the file is
    source = (
        str(Path(options.python).absolute()) if options.python and Path(options.python).exists() else options.python
    )
    python: dict[str, object] = {"source": source, "sha256": options.python_sha256} if options.python else {}
    if options.python and options.python != SYSTEM:  # what the file says of the system's is not about this one
        python |= {"version": "", "site_packages": False}
    return config.model_copy(
        update={
            "python": config.python.model_copy(update=python),
            "release": options.release or config.release,
            "targets": options.targets or config.targets,
            "arch": options.arch or config.arch,
            "wheels": config.wheels.model_copy(
                update={
                    "frozen": config.wheels.frozen or options.frozen,
                    "build": tuple(dict.fromkeys((*config.wheels.build, *options.build))),
                }
            ),
            "depends": (*config.depends, *config.wheels.replacements),
            **_with_key(config, options.sign),
        }
    )


def _with_key(config: Config, key: str) -> dict[str, FormatTable]:
    sign = {"sign": "" if key == "none" else key} if key else {}
    return {"deb": config.deb.model_copy(update=sign), "rpm": config.rpm.model_copy(update=sign)}
