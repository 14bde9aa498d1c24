"""Versions and names as dpkg and rpm want them: pure text, no IO.

PEP 440 orders versions in a way that neither package manager knows. One spelling serves both::

    1!2.0            epoch 1, 2.0
    1.0.dev3         1.0~~dev3        (sorts before ~a1)
    1.0a1.dev2       1.0~a1~dev2
    1.0a1, b2, rc1   1.0~a1, 1.0~b2, 1.0~rc1
    1.0a1.post2      1.0~a1+post2
    1.0.post1.dev4   1.0+post1~dev4
    1.0.post1        1.0+post1        (1.0.post1 would sort after 1.0.1)
    1.0+cu118        1.0+local.cu118  (before +post)

Three limits: PEP 440 holds 1.0 and 1.0.0 for equal and the package managers do not; dpkg orders a
numeric local segment before an alphabetic one, PEP 440 after; a local segment that mixes digits
and letters is compared number by number, not letter by letter.
"""

from __future__ import annotations

import re

from packaging.version import InvalidVersion, Version

from pkggen.errors import ConfigurationError

_EPOCH_LIMIT = 2**31 - 1  # dpkg's; rpm's is 2**32 - 1
_RELEASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+~]*")
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_NAME_LIMIT = 128  # leaves room for version and architecture in a file name of 255 bytes


def upstream_version(version: str) -> tuple[int, str]:
    """Return epoch and upstream version of a PEP 440 ``version``; both formats order the text as PEP 440 does."""
    try:
        parsed = Version(version)
    except InvalidVersion:
        raise ConfigurationError(
            f"{version!r} is not a version",
            where="version",
            remedy="write it as PEP 440 says, for example 1.2.0, 1.2.0rc1 or 1.2.0.post1",
        ) from None
    if parsed.epoch > _EPOCH_LIMIT:
        raise ConfigurationError(f"the epoch {parsed.epoch} is too large for dpkg", where="version")
    text = ".".join(str(part) for part in parsed.release)
    if parsed.pre is not None:
        text += f"~{parsed.pre[0]}{parsed.pre[1]}"
    if parsed.post is not None:
        text += f"+post{parsed.post}"
    if parsed.dev is not None:
        bare = parsed.pre is None and parsed.post is None
        text += f"{'~~' if bare else '~'}dev{parsed.dev}"
    if parsed.local is not None:
        text += f"+local.{parsed.local}"
    return parsed.epoch, text


def debian_version(version: str, release: str) -> str:
    """Return ``[epoch:]upstream-release`` (Debian policy 5.6.12)."""
    epoch, text = upstream_version(version)
    prefix = f"{epoch}:" if epoch else ""
    return f"{prefix}{text}-{checked_release(release)}"


def rpm_version(version: str) -> tuple[int, str]:
    """Return the values of rpm's Epoch (0: leave it out) and Version tags."""
    return upstream_version(version)


def checked_release(release: str) -> str:
    """Return ``release``, the number of the packaging, when both formats accept it."""
    if not _RELEASE.fullmatch(release):
        raise ConfigurationError(
            f"{release!r} can't be a package's release",
            where="release",
            remedy="use letters, digits, '.', '+' and '~', for example 1 or 1~bpo12",
        )
    return release


def package_name(name: str) -> str:
    """Return the package's name, one for both formats: ``My_App`` becomes ``my-app`` (Debian policy 5.6.7).

    Runs of ``-``, ``_`` and ``.`` become one ``-``, as in PEP 503, so that names that the package
    index holds for equal stay equal. Raises ConfigurationError when nothing valid comes of it.
    """
    mapped = re.sub(r"[-_.]+", "-", name).lower()
    if not _NAME.fullmatch(mapped) or len(mapped) > _NAME_LIMIT:
        raise ConfigurationError(
            f"no package name can be made of {name!r}",
            where="name",
            remedy=f"use 2 to {_NAME_LIMIT} letters, digits, '+' and '-' that start with a letter or digit",
        )
    return mapped
