"""Which Debian package holds a library that our files need and do not bring.

The table names packages as every supported release resolves them: those renamed for 64-bit time
(``libcurl4t64``) provide their old names. What it lacks is asked of the build host's own dpkg.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping

from pkggen.errors import ArtefactError, Problem
from pkggen.model import FormatOptions, Needs
from pkggen.run import run

# Parts of glibc: one requirement, on its version, stands for all.
GLIBC_SONAMES = re.compile(
    r"(ld-linux.*|lib(c|m|dl|rt|pthread|util|resolv|anl|BrokenLocale|mvec|thread_db|nss_\w+))\.so\.\d+"
)

# Drivers: they come with the hardware's own installer, and programs look for them at run time.
DRIVERS = frozenset({
    "libcuda.so.1", "libnvidia-ml.so.1", "libnvcuvid.so.1", "libnvidia-encode.so.1", "libOpenCL.so.1",
    "libhsa-runtime64.so.1", "libamdhip64.so.6", "libze_loader.so.1",
})  # fmt: skip

PACKAGES = {
    "libstdc++.so.6": "libstdc++6", "libgcc_s.so.1": "libgcc-s1", "libgomp.so.1": "libgomp1",
    "libatomic.so.1": "libatomic1", "libgfortran.so.5": "libgfortran5", "libquadmath.so.0": "libquadmath0",
    "libcrypt.so.1": "libcrypt1", "libnsl.so.1": "libc6",
    "libc.so": "musl", "libc.musl-x86_64.so.1": "musl", "libc.musl-aarch64.so.1": "musl",
    "libz.so.1": "zlib1g", "libbz2.so.1.0": "libbz2-1.0", "liblzma.so.5": "liblzma5",
    "libzstd.so.1": "libzstd1", "liblz4.so.1": "liblz4-1", "libffi.so.7": "libffi7", "libffi.so.8": "libffi8",
    "libssl.so.1.1": "libssl1.1", "libcrypto.so.1.1": "libssl1.1",
    "libssl.so.3": "libssl3", "libcrypto.so.3": "libssl3",
    "libsqlite3.so.0": "libsqlite3-0", "libexpat.so.1": "libexpat1", "libuuid.so.1": "libuuid1",
    "libreadline.so.8": "libreadline8", "libncursesw.so.6": "libncursesw6", "libtinfo.so.6": "libtinfo6",
    "libcurl.so.4": "libcurl4", "libpq.so.5": "libpq5", "libmariadb.so.3": "libmariadb3", "libxml2.so.2": "libxml2",
    "libxslt.so.1": "libxslt1.1", "libkrb5.so.3": "libkrb5-3", "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libibverbs.so.1": "libibverbs1", "librdmacm.so.1": "librdmacm1", "libmlx5.so.1": "ibverbs-providers",
    "libnuma.so.1": "libnuma1",
    "libglib-2.0.so.0": "libglib2.0-0", "libgthread-2.0.so.0": "libglib2.0-0", "libgobject-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1", "libEGL.so.1": "libegl1", "libX11.so.6": "libx11-6", "libXext.so.6": "libxext6",
    "libxcb.so.1": "libxcb1", "libSM.so.6": "libsm6", "libICE.so.6": "libice6", "libXrender.so.1": "libxrender1",
    "libfontconfig.so.1": "libfontconfig1", "libfreetype.so.6": "libfreetype6", "libdbus-1.so.3": "libdbus-1-3",
    "libsystemd.so.0": "libsystemd0", "libudev.so.1": "libudev1", "libcap.so.2": "libcap2",
    "libusb-1.0.so.0": "libusb-1.0-0",
    "libasound.so.2": "libasound2", "libodbc.so.2": "libodbc2", "libldap-2.5.so.0": "libldap-2.5-0",
}  # fmt: skip

# GCC's release of each symbol version ("ABI Policy and Guidelines" of libstdc++), as Debian counts them.
GLIBCXX = {
    18: "4.8", 19: "4.8.3", 20: "4.9", 21: "5.2", 22: "6", 23: "7", 24: "7.2", 25: "8", 26: "9", 27: "9.2", 28: "9.3",
    29: "11", 30: "12", 31: "13.1", 32: "13.2", 33: "14", 34: "15",
}  # fmt: skip
CXXABI = {7: "4.8", 8: "4.9", 9: "5.2", 10: "6", 11: "7", 12: "9", 13: "11", 14: "13.1", 15: "14", 16: "15"}

Lookup = Callable[[str], str]


def outside_sonames(needs: Needs, options: FormatOptions) -> Mapping[str, str]:
    """Return the sonames that the target has to bring, glibc's aside, each with a file that needs it."""
    skipped = {*options.ignore_libraries, *DRIVERS}
    return {s: by for s, by in sorted(needs.sonames.items()) if s not in skipped and not GLIBC_SONAMES.fullmatch(s)}


def dpkg_owner(soname: str) -> str:
    """Return the package that holds ``soname`` on the build host, or an empty string."""
    if shutil.which("dpkg-query") is None:
        return ""
    found = run(["dpkg-query", "-S", f"*/{soname}"], check=False).stdout
    names = {row.split(":")[0] for row in found.splitlines() if row.endswith(f"/{soname}") and " by " not in row}
    return min(names, default="")


def debian_dependencies(needs: Needs, options: FormatOptions, lookup: Lookup = dpkg_owner) -> tuple[str, ...]:
    """Return Depends terms for what the files need of the system, sorted.

    Raises ArtefactError that lists every library of which no package is known.
    """
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for soname, needed_by in outside_sonames(needs, options).items():
        package = options.libraries.get(soname) or PACKAGES.get(soname) or lookup(soname)
        if not package:
            problems.append(
                Problem(
                    f"needs {soname}, and no Debian package is known to hold it", needed_by,
                    f'name the package in deb.libraries ("{soname}" = "…"), '
                    "or list the library in deb.ignore-libraries when the target may lack it",
                )
            )  # fmt: skip
            continue
        versions = [_minimum(v) for s, v in needs.versions if s == soname and soname in PACKAGES]
        found[package] = max([*versions, found.get(package, "")], key=_numbers)
    ArtefactError.raise_all(problems)
    if needs.glibc:
        found["libc6"] = ".".join(map(str, needs.glibc))
    return tuple(f"{name} (>= {version})" if version else name for name, version in sorted(found.items()))


def symbol_versions(needs: Needs, sonames: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the highest version of each series, such as GLIBCXX, asked of each of ``sonames``."""
    highest: dict[tuple[str, str], str] = {}
    for soname, version in needs.versions:
        if soname in sonames:
            key = (soname, version.split("_")[0])
            highest[key] = max(highest.get(key, ""), version, key=_numbers)
    yield from sorted((soname, version) for (soname, _), version in highest.items())


def _minimum(symbol: str) -> str:
    """Return the package version that first had ``symbol``, or "" when every supported release has it."""
    series, _, version = symbol.partition("_")
    numbers = _numbers(version)
    if series == "GLIBCXX" and numbers[:2] == (3, 4):
        return GLIBCXX.get(numbers[2] if len(numbers) > 2 else 0, "")
    if series == "CXXABI" and numbers[:2] == (1, 3):
        return CXXABI.get(numbers[2] if len(numbers) > 2 else 0, "")
    if series == "GCC" and numbers >= (4, 8):
        return ".".join(map(str, numbers[:2])).removesuffix(".0")
    return f"1:{version}" if series == "ZLIB" else ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", version))
