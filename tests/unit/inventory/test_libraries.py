"""Versions of C libraries are read from binaries, and never made up."""

from __future__ import annotations

import pytest

from pkggen.inventory.libraries import Library, libraries_in, united

DYNLOAD = "/opt/x/layers/python/lib/python3.13/lib-dynload"


@pytest.mark.parametrize(
    ("module", "data", "name", "version"),
    [
        ("_ssl", b"OpenSSL 3.5.1 1 Jul 2025\0", "openssl", "3.5.1"),
        ("_ssl", b"OpenSSL 1.1.1w  11 Sep 2023\0", "openssl", "1.1.1w"),
        ("zlib", b" inflate 1.3.1 Copyright 1995-2024 Mark Adler ", "zlib", "1.3.1"),
        ("pyexpat", b"\0expat_2.7.1\0", "expat", "2.7.1"),
        ("_bz2", b"\x001.0.8, 13-Jul-2019\0", "bzip2", "1.0.8"),
        ("_sqlite3", b"SQLite format 3\0\x003.46.1\0", "sqlite", "3.46.1"),
        ("_lzma", b"\xfd7zXZ\0\x005.8.1\0", "xz", "5.8.1"),
        ("_ctypes", b"ffi_call\0", "libffi", ""),
    ],
)
def test_a_library_that_is_linked_in_tells_its_version(module: str, data: bytes, name: str, version: str) -> None:
    """The interpreter of a standalone build has all of them inside its modules."""
    path = f"{DYNLOAD}/{module}.cpython-313-x86_64-linux-gnu.so"

    assert list(libraries_in(path, b"\x7fELF" + data)) == [Library(name, version, path)]


@pytest.mark.parametrize(
    "data",
    [
        b"\x003.46.1\0",  # a number, and nothing that says whose
        b"SQLite format 3\0\x003.46.1\0\x003.8.0\0",  # two: which one it is can't be told
        b"needs OpenSSL 3.0 or later",
    ],
)
def test_a_number_alone_is_no_version(data: bytes) -> None:
    """What is not sure is not told."""
    assert list(libraries_in(f"{DYNLOAD}/_x.so", b"\x7fELF" + data)) == []


def test_the_files_of_one_library_are_told_once() -> None:
    """Libssl and libcrypto are OpenSSL; the one that tells its version tells it for both."""
    found = [
        *libraries_in("/p/lib/libssl.so.3", b"\x7fELF"),
        *libraries_in("/p/lib/libcrypto.so.3", b"\x7fELFOpenSSL 3.0.19 27 Jan 2026"),
    ]

    assert united(found) == (Library("openssl", "3.0.19", "/p/lib/libcrypto.so.3", shared=True),)


def test_a_library_of_a_wheel_has_the_name_without_its_digest() -> None:
    """Auditwheel adds a digest to the name; the number behind ``.so`` is that of the interface, not of a release."""
    path = "/p/numpy.libs/libgfortran-040039e1.so.5.0.0"

    assert list(libraries_in(path, b"\x7fELF", "numpy")) == [Library("libgfortran", "", path, "numpy", shared=True)]
