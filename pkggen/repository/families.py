"""The families of package managers that a repository serves; none knows another."""

from __future__ import annotations

from pkggen.repository.apt import Apt
from pkggen.repository.family import Family
from pkggen.repository.yum import Yum

FAMILIES: dict[str, Family] = {"deb": Apt(), "rpm": Yum()}
"""By format, which is the suffix of a package's file, too."""
