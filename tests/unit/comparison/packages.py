"""Small packages to compare, forged as .deb files."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tests.unit.debsmith import CONTROL, forge

SITE = "opt/x/layers/deps/lib/python3.13/site-packages"


def wheel(name: str, version: str, *headers: str, **files: bytes) -> dict[str, bytes]:
    """Return an installed wheel: METADATA with ``headers``, RECORD, and modules by their names."""
    info = f"{name}-{version}.dist-info"
    metadata = "\n".join(["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}", *headers, ""])
    modules = {f"{name}/{module}.py": content for module, content in files.items()}
    record = "".join(f"{path},,\n" for path in [*modules, f"{info}/METADATA", f"{info}/RECORD"])
    held = {**modules, f"{info}/METADATA": metadata.encode(), f"{info}/RECORD": record.encode()}
    return {f"./{SITE}/{path}": content for path, content in held.items()}


def package(
    path: Path,
    files: Mapping[str, bytes],
    *,
    control: str = CONTROL,
    scripts: Mapping[str, str] | None = None,
    modes: Mapping[str, int] | None = None,
    owners: Mapping[str, str] | None = None,
) -> Path:
    """Write a .deb with those files by their names, of root and mode 0644 but where said."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), (modes or {}).get(name, 0o644)
            info.uname = info.gname = (owners or {}).get(name, "root")
            archive.addfile(info, io.BytesIO(content))
    return forge(path, {"control": control, **(scripts or {})}, stream.getvalue())
