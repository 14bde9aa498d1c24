"""A project's wheel as a file: into the cache, and what its name and members tell."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from pkggen.archives.zip_times import EARLIEST, epoch_of_zip
from pkggen.errors import ArtefactError
from pkggen.model import Wheel
from pkggen.store.cache import Cache, sha256_of


def keep_wheel(path: Path, cache: Cache) -> Wheel:
    """Move the wheel at ``path``, a scratch file, into the cache.

    Raises ArtefactError when its name is none that a wheel may have.
    """
    try:
        name, version, _, _ = parse_wheel_filename(path.name)
    except InvalidWheelFilename as error:
        raise ArtefactError(
            f"its name is not a wheel's: {error}", where=path.name, remedy="keep the name that its maker gave it"
        ) from error
    sha256 = sha256_of(path)
    return Wheel(str(name), str(version), path.name, cache.store_blob(path, sha256, path.name), sha256)


def copy_wheel(path: Path, cache: Cache) -> Wheel:
    """Return the user's own wheel as a blob of the cache; errors as :func:`keep_wheel`."""
    with cache.scratch() as scratch:
        return keep_wheel(Path(shutil.copyfile(path, scratch / path.name)), cache)


def is_pure(wheel: Wheel) -> bool:
    """Tell whether the wheel runs on any interpreter and machine."""
    return wheel.filename.endswith("-none-any.whl")


def python_of_tags(wheel: Wheel) -> SpecifierSet:
    """Return the CPython versions that a compiled wheel's tags allow; the empty set when they say nothing.

    ``cp312-cp312`` and ``cp312-none`` are for 3.12 alone, ``cp39-abi3`` for 3.9 and all later (PEP 425, PEP 384).
    """
    tags = parse_wheel_filename(wheel.filename)[3]
    compiled = {t.interpreter[2:] for t in tags if t.interpreter.startswith("cp3") and t.interpreter[3:].isdigit()}
    if len(compiled) != 1:  # several: any of them, which a specifier can't say
        return SpecifierSet()
    minor = f"3.{compiled.pop()[1:]}"
    stable = any(t.abi == "abi3" for t in tags)
    return SpecifierSet(f">={minor}" if stable else f"=={minor}.*")


def epoch_of_wheel(wheel: Wheel) -> int:
    """Return the newest time of the wheel's members, in seconds since the epoch."""
    try:
        with zipfile.ZipFile(wheel.path) as archive:
            return epoch_of_zip(archive)
    except (OSError, zipfile.BadZipFile):
        return EARLIEST  # whoever reads the wheel tells what is wrong with it
