"""The pairs of lock and project shape that are built and installed, and why others are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DEB, RPM = "debian:12", "rpm:4.18"

LOCKS = {
    "pylock": "`pylock.toml`",
    "uv": "`uv.lock`",
    "poetry": "`poetry.lock`",
    "pipenv": "`Pipfile.lock`",
    "hashed": "`requirements.txt` with hashes",
    "loose": "`requirements.txt` without",
    "none": "no lock",
}
SHAPES = {
    "setup-py": "setuptools, `setup.py`",
    "setup-cfg": "setuptools, `setup.cfg`",
    "setuptools": "setuptools, `pyproject.toml`",
    "hatchling": "hatchling",
    "flit": "flit",
    "poetry-core": "poetry-core",
    "pdm": "pdm",
    "wheel": "a wheel",
    "sdist": "an sdist",
    "index": "`pypi:NAME==VERSION`",
    "folder": "a folder that is no package",
}
OLD, SAFE, NAMES, COW = "click 8.1.7", "markupsafe 3.0.2 (compiled)", "packaging 24.1", "cowsay 6.1"
LINKED = "idna 3.10"


@dataclass(frozen=True)
class Cell:
    """One pair, built for ``target``; its command has to print ``prints``.

    ``requires`` are the project's dependencies, ``settings`` its pkggen.toml, ``more`` is added to
    its pyproject.toml; {index} in these is the address of the index on the loopback.
    ``shows`` says in words what the pair is an example of.
    """

    shape: str
    lock: str
    target: str
    shows: str
    prints: tuple[str, ...]
    requires: tuple[str, ...] = ("click>=8.1", "markupsafe>=3")
    settings: str = ""
    more: str = ""
    vendored: bool = False

    @property
    def name(self) -> str:
        """The package's name."""
        return {"index": "markdown-it-py"}.get(self.shape, f"in-{self.shape}-{self.lock}")

    @property
    def command(self) -> str:
        """What is run on the target."""
        return "markdown-it --version" if self.shape == "index" else self.name

    @property
    def module(self) -> str:
        """The module that the project is."""
        return self.name.replace("-", "_")


_OLDER = "wheels.constraints = ['click<8.1.8', 'markupsafe==3.0.2']\n"
_UV = """
[tool.uv]
constraint-dependencies = ["click<8.1.8", "markupsafe==3.0.2"]
"""
_LINKED = ("click>=8.1", "markupsafe>=3", "idna", "exceptiongroup>=1.2; python_version < '3.11'")

CELLS = (
    Cell(
        "setup-py", "hashed", DEB, "pip-compile: constraints, a URL, a marker that fails", (OLD, LINKED, SAFE), _LINKED
    ),
    Cell(
        "setup-py",
        "pipenv",
        RPM,
        "a path, `wheels.groups` as a category, a marker that fails",
        (OLD, COW, LINKED, SAFE),
        _LINKED,
        "wheels.groups = ['cow']\n",
    ),
    Cell("setup-py", "none", DEB, "`wheels.constraints`", (OLD, SAFE), settings=_OLDER),
    Cell("setup-cfg", "loose", RPM, "`-c`, a marker that fails", (OLD, SAFE)),
    Cell("setup-cfg", "none", DEB, "`wheels.no-deps`", (), settings="wheels.no-deps = true\n"),
    Cell(
        "setuptools",
        "uv",
        DEB,
        "an extra, `wheels.groups`, a path, constraints and an override of uv's",
        ("click 8.1.8", COW, LINKED, SAFE, NAMES),
        ("click<8.1.8", "markupsafe>=3", "idna"),
        "extras = ['names']\nwheels.groups = ['cow']\n",
        """
[tool.uv]
constraint-dependencies = ["markupsafe==3.0.2"]
override-dependencies = ["click==8.1.8"]
[tool.uv.sources]
idna = { path = "wheels/idna-3.10-py3-none-any.whl" }
[dependency-groups]
cow = ["cowsay==6.1"]
""",
    ),
    Cell("setuptools", "pylock", RPM, "written by `uv export`", (OLD, SAFE), more=_UV),
    Cell(
        "setuptools",
        "loose",
        DEB,
        "`wheels.overrides`",
        ("click 8.1.8", SAFE),
        ("click<8.1.8", "markupsafe>=3"),
        "wheels.overrides = ['click==8.1.8']\n",
    ),
    Cell(
        "hatchling",
        "uv",
        RPM,
        "`pkggen vendor`, then built without a network from empty caches",
        (OLD, COW, SAFE),
        settings="wheels.groups = ['cow']\n",
        more=_UV + '[dependency-groups]\ncow = ["cowsay==6.1"]\n',
        vendored=True,
    ),
    Cell(
        "hatchling",
        "hashed",
        DEB,
        "`pkggen vendor`, then built without a network from empty caches",
        (OLD, LINKED, SAFE),
        _LINKED,
        vendored=True,
    ),
    Cell(
        "flit",
        "none",
        DEB,
        "`wheels.index` with a login, for the back-end, too",
        ("click 8.1.8", SAFE),
        settings="wheels.index = 'http://reader:open-sesame@{index}/simple/'\n",
    ),
    Cell(
        "hatchling",
        "pylock",
        DEB,
        "written by `uv pip compile`, with an extra",
        (OLD, SAFE, NAMES),
        settings="extras = ['names']\n",
    ),
    Cell(
        "flit",
        "hashed",
        RPM,
        "`wheels.exclude` as a table: the target's own tzdata",
        (OLD, LINKED, SAFE, "tzdata of the system"),
        (*_LINKED, "tzdata"),
        "wheels.exclude = { tzdata = 'tzdata' }\n",
    ),
    Cell(
        "hatchling",
        "none",
        RPM,
        "`wheels.build` of a source archive",
        ("docopt 0.6.2",),
        ("docopt==0.6.2",),
        "wheels.build = ['docopt']\n",
    ),
    Cell(
        "poetry-core",
        "poetry",
        DEB,
        "a path, an extra, `wheels.groups`, a marker that fails",
        (OLD, COW, LINKED, SAFE, NAMES),
        settings="extras = ['names']\nwheels.groups = ['cow']\n",
    ),
    Cell(
        "poetry-core",
        "none",
        RPM,
        "`requirements` of the configuration",
        (OLD, SAFE, NAMES),
        settings=_OLDER + "requirements = ['packaging==24.1']\n",
    ),
    Cell("pdm", "pylock", RPM, "written by `uv export`", (OLD, SAFE), more=_UV),
    Cell("pdm", "loose", DEB, "without `-c`, `wheels.constraints`", (OLD, SAFE), settings=_OLDER),
    Cell("wheel", "hashed", DEB, "the lock lies in the current directory", (OLD, LINKED, SAFE), _LINKED),
    Cell("wheel", "none", RPM, "`wheels.constraints`", (OLD, SAFE), settings=_OLDER),
    Cell("sdist", "uv", DEB, "the sdist's own lock", (OLD, SAFE), more=_UV),
    Cell("sdist", "hashed", RPM, "the lock lies in the current directory", (OLD, LINKED, SAFE), _LINKED),
    Cell("index", "none", RPM, "locked with its own digest", ("markdown-it-py [version 3.0.0]",)),
    Cell("folder", "none", DEB, "`wheels.dir` decides", (OLD, SAFE)),
    Cell("folder", "loose", RPM, "of `wheels.dir`, only what the file names", (SAFE,)),
)

_OTHER_TREE = "a lock of this kind lies in a source tree, beside the project that it locks"
_SAME_CODE = "the lock is read in the same way whatever the shape: shown in another row"
LEFT: Mapping[str, tuple[str, str]] = {
    "tree": ("a", _OTHER_TREE),
    "tool": ("b", "Poetry's projects use poetry-core, Pipenv's mostly `setup.py`: shown there"),
    "same": ("c", _SAME_CODE),
}


def left(shape: str, lock: str) -> str:
    """Return the letter of the reason why a pair without a cell was left out."""
    if shape in {"wheel", "sdist", "index", "folder"} and lock in {"uv", "poetry", "pipenv"}:
        return LEFT["tree"][0]
    if lock in {"poetry", "pipenv"}:
        return LEFT["tool"][0]
    return LEFT["same"][0]
