"""What the target is in the words of wheels: its markers (PEP 508) and its tags (PEP 425), never the build host's."""

from __future__ import annotations

from packaging.markers import Environment
from packaging.tags import Tag, compatible_tags, cpython_tags

from pkggen.model import Interpreter, Target

# PEP 600: the old names and the glibc that each stands for
_LEGACY = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
_MUSL_MINOR = 2  # of musl 1.2, which every system with it has by now


def environment(target: Target, interpreter: Interpreter) -> Environment:
    """Return the marker environment of ``target`` (PEP 508).

    Kernel release and version are not known at build time and read "".
    """
    return {
        "implementation_name": "cpython",
        "implementation_version": interpreter.version,
        "os_name": "posix",
        "platform_machine": target.arch,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": interpreter.version,
        "python_version": interpreter.minor,
        "sys_platform": "linux",
    }


def platforms(target: Target, libc: str = "glibc") -> tuple[str, ...]:
    """Return the platform tags that fit ``target``, best first (PEP 600 and its legacy names; PEP 656 for musl).

    An interpreter that is linked statically loads no extension modules: nothing of a platform fits it.
    """
    if libc == "static":
        return ()
    if libc == "musl":
        return (*(f"musllinux_1_{n}_{target.arch}" for n in range(_MUSL_MINOR, -1, -1)), f"linux_{target.arch}")
    lowest = 5 if target.arch in {"x86_64", "i686"} else 17
    found: list[str] = []
    for minor in range(target.glibc[1], lowest - 1, -1):
        found.append(f"manylinux_2_{minor}_{target.arch}")
        if (2, minor) in _LEGACY:
            found.append(f"{_LEGACY[2, minor]}_{target.arch}")
    return (*found, f"linux_{target.arch}")


def tags(target: Target, interpreter: Interpreter) -> tuple[Tag, ...]:
    """Return the tags that fit the interpreter on ``target``, best first: its own ABI, abi3, none, any.

    One that is free-threaded takes modules of its own ABI alone (PEP 703), a debug build also those of the release.
    """
    version = tuple(int(part) for part in interpreter.minor.split("."))
    name = f"cp{version[0]}{version[1]}"
    where = platforms(target, interpreter.libc)
    abis = [name + interpreter.flags]
    if "d" in interpreter.flags:
        abis.append(name + interpreter.flags.replace("d", ""))
    # packaging takes an empty list for this machine's own
    found = compatible_tags(python_version=version, interpreter=name, platforms=where or ("any",))
    return (
        *(cpython_tags(python_version=version, abis=abis, platforms=where) if where else ()),
        *dict.fromkeys(found),
    )


def described(target: Target, interpreter: Interpreter) -> str:
    """Return what wheels have to be for: "CPython 3.13t, x86_64, glibc 2.36"."""
    libc = {"musl": f"musl 1.{_MUSL_MINOR}", "static": "linked statically: it loads pure wheels alone"}
    glibc = f"glibc {target.glibc[0]}.{target.glibc[1]}"
    return f"CPython {interpreter.spelled}, {target.arch}, {libc.get(interpreter.libc, glibc)}"


def would_fit(target: Target, interpreter: Interpreter) -> str:
    """Return the best tags of a compiled wheel and ", or "; nothing where none fits."""
    where = platforms(target, interpreter.libc)
    name = f"cp{interpreter.minor.replace('.', '')}"
    abi = f"{name}{interpreter.flags}" if interpreter.flags else "…"
    return f"{name}-{abi}-{where[0]} (or lower), or " if where else ""
