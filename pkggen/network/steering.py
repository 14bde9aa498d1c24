"""Which variables of the caller's a build back-end is given.

Builds are steered by variables: a version for a tree without git, flags for a compiler. These are
given on, the rest is not (:mod:`pkggen.run`): a stray variable must not change what is built, and secrets
are nobody's business who builds.

Sources: setuptools-scm "Overrides", PBR "Environment variables", PEP 517 back-ends' own pages
(scikit-build-core, meson-python, maturin, hatch, pdm-backend), the GNU make manual "Implicit Variables",
CMake's "Environment variables", pkg-config(1).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

_COMPILING = (
    "CC", "CXX", "CPP", "FC", "F77", "F90", "AR", "AS", "LD", "NM", "RANLIB", "STRIP", "OBJCOPY", "LDSHARED",
    "LDCXXSHARED", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "FFLAGS", "FCFLAGS", "LDFLAGS", "ARFLAGS", "ARCHFLAGS",
    "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "LD_LIBRARY_PATH", "MAX_JOBS",
    "RUSTC", "RUSTFLAGS", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "CARGO", "CARGO_HOME", "CARGO_BUILD_TARGET",
    "JAVA_HOME", "CUDA_HOME", "CUDA_PATH", "MPICC", "BLAS", "LAPACK", "SWIG",
)  # fmt: skip
_NAMES = frozenset({*_COMPILING, "DIST_EXTRA_CONFIG", "VERSIONEER_OVERRIDE"})
_FAMILIES = (
    "SETUPTOOLS_", "VCS_VERSIONING_", "HATCH_VCS_", "PBR_", "POETRY_DYNAMIC_VERSIONING_", "VERSIONINGIT_", "PDM_BUILD_",
    "HATCH_BUILD_", "HATCH_METADATA_", "HATCH_MYPYC_", "FLIT_", "SKBUILD", "CMAKE_", "MESON", "NINJA", "MATURIN_",
    "PKG_CONFIG", "CYTHON", "NPY_", "DISTUTILS_", "CIBW_", "MYPYC_", "GRPC_PYTHON_", "PYO3_", "SETUPTOOLS_RUST_",
)  # fmt: skip
# One version for whatever is built: right for the project, wrong for what it depends on
_OF_THE_PROJECT = re.compile(
    r"(SETUPTOOLS_SCM|VCS_VERSIONING|HATCH_VCS)_PRETEND_(VERSION|METADATA)|PBR_VERSION|PDM_BUILD_SCM_VERSION"
    r"|POETRY_DYNAMIC_VERSIONING_BYPASS|VERSIONEER_OVERRIDE"
)
_SECRET = re.compile(r"(TOKEN|PASSWORD|PASSWD|SECRET|CREDENTIAL|API_?KEY|AUTH|USERNAME)", re.IGNORECASE)


def steering(
    environ: Mapping[str, str], named: Collection[str] | Mapping[str, str] = (), *, project: bool = True
) -> dict[str, str]:
    """Return the variables of ``environ`` that steer builds, and those ``named``, in a table with values.

    What states one version is for the ``project`` itself, not for what it depends on.
    """
    found = {
        name: value
        for name, value in environ.items()
        if (name in _NAMES or name.startswith(_FAMILIES))
        and not _SECRET.search(name)
        and (project or not _OF_THE_PROJECT.fullmatch(name))
    }
    further = named if isinstance(named, Mapping) else {name: environ[name] for name in named if name in environ}
    return dict(sorted({**found, **further}.items()))
