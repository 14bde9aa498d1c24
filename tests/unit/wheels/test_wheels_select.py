"""Choosing by the target's tags and markers."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from pkggen.errors import ArtefactError, ConfigurationError
from pkggen.model import Origin, Target
from pkggen.wheels.lock.pylock import Lock, parse_pylock
from pkggen.wheels.select import applies, choose, missing
from pkggen.wheels.tags import environment, platforms, tags
from tests.unit.wheelsmith import interpreter

OLD = Target("x86_64", (2, 17))
ARM = Target("aarch64", (2, 28))
HEAD = 'lock-version = "1.0"\ncreated-by = "test"\n'


def wheel(tag: str, name: str = "demo", version: str = "1.0") -> str:
    filename = f"{name.replace('-', '_')}-{version}-{tag}.whl"
    return f'{{ url = "https://files.example/{filename}", hashes = {{ sha256 = "{"a" * 64}" }} }}'


def package(*tags_: str, name: str = "demo", more: str = "") -> str:
    wheels = ", ".join(wheel(t, name) for t in tags_)
    return f'[[packages]]\nname = "{name}"\nversion = "1.0"\n{more}wheels = [{wheels}]\n'


def lock(*parts: str, head: str = HEAD) -> Lock:
    return parse_pylock(head + "".join(parts), Path("/project/pylock.toml"), numbered=True)


def chosen(target: Target, *tags_: str) -> str:
    (choice,) = choose(lock(package(*tags_)), target, interpreter(Path("/p")))
    return choice.filename.removeprefix("demo-1.0-").removesuffix(".whl")


@pytest.mark.parametrize(
    ("target", "worse", "best"),
    [
        (OLD, "py3-none-any", "cp313-cp313-manylinux_2_17_x86_64"),
        (OLD, "cp313-cp313-manylinux_2_28_x86_64", "cp39-abi3-manylinux_2_5_x86_64"),
        (OLD, "cp313-cp313-manylinux1_x86_64", "cp313-cp313-manylinux2014_x86_64"),
        (OLD, "py3-none-any", "cp313-cp313-manylinux2010_x86_64"),
        (ARM, "cp313-cp313-manylinux_2_17_x86_64", "cp313-cp313-manylinux_2_28_aarch64"),
        (ARM, "cp313-cp313t-manylinux_2_28_aarch64", "py2.py3-none-any"),
        (ARM, "cp312-cp312-manylinux_2_17_aarch64", "cp312-abi3-manylinux2014_aarch64"),
        (ARM, "cp314-abi3-manylinux2014_aarch64", "py313-none-any"),
        (ARM, "cp313-cp313-musllinux_1_2_aarch64", "cp313-none-linux_aarch64"),
    ],
)
def test_the_best_wheel_of_the_target_is_chosen(target, worse, best):
    """Platform, glibc, ABI and old platform names are the target's, and the nearest one wins."""
    assert chosen(target, worse, best) == best == chosen(target, best, worse)


def test_platforms_end_at_the_oldest_glibc():
    """Nothing before glibc 2.17 exists for aarch64, and the list is best first."""
    assert platforms(Target("aarch64", (2, 18))) == (
        "manylinux_2_18_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64", "linux_aarch64",
    )  # fmt: skip


def test_the_build_host_does_not_matter(monkeypatch):
    """Tags and markers stay the same whatever machine asks."""
    before = (tags(ARM, interpreter(Path("/p"))), environment(ARM, interpreter(Path("/p"))))
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    monkeypatch.setattr("sys.platform", "darwin")

    assert before == (tags(ARM, interpreter(Path("/p"))), environment(ARM, interpreter(Path("/p"))))


@pytest.mark.parametrize(
    ("marker", "holds"),
    [
        ("sys_platform == 'linux'", True),
        ("sys_platform == 'win32'", False),
        ("platform_machine == 'aarch64'", True),
        ("python_full_version == '3.13.5'", True),
        ("python_version < '3.11'", False),
        ("implementation_name == 'cpython' and os_name == 'posix'", True),
        ("'dev' in dependency_groups", False),
        ("platform_release >= '5'", False),
    ],
)
def test_markers_are_the_targets(marker, holds):
    """A locked package whose marker fails on the target is left out."""
    found = choose(lock(package("py3-none-any", more=f'marker = "{marker}"\n')), ARM, interpreter(Path("/p")))

    assert holds == bool(found)


def test_extras_select():
    """A package that the lock ties to an extra comes only with that extra."""
    text = package("py3-none-any", more="marker = \"'fast' in extras\"\n")
    locked = lock(text, head=HEAD + 'extras = ["fast"]\n')

    assert choose(locked, OLD, interpreter(Path("/p"))) == ()
    assert len(choose(locked, OLD, interpreter(Path("/p")), ["Fast"])) == 1
    with pytest.raises(ConfigurationError, match="'slow' is not in the lock"):
        choose(locked, OLD, interpreter(Path("/p")), ["slow"])


def test_nothing_that_fits_is_told_for_all_packages_at_once():
    """One error names each package without a wheel for the target, which tags there are and what would fit."""
    sdist = f'sdist = {{ url = "https://files.example/src-1.0.tar.gz", hashes = {{ sha256 = "{"b" * 64}" }} }}\n'
    parts = [
        package("cp313-cp313-win_amd64", "cp313-cp313-manylinux_2_34_x86_64"),
        f'[[packages]]\nname = "src"\nversion = "1.0"\n{sdist}',
        '[[packages]]\nname = "hg"\nvcs = { type = "hg", url = "https://u:pw@hg.example/x", commit-id = "abc" }\n',
    ]
    with pytest.raises(ArtefactError) as caught:
        choose(lock(*parts), OLD, interpreter(Path("/p")))

    text = str(caught.value)
    assert [f"pylock.toml:{n}" for n in (3, 7, 11)] == [p.where.rpartition(": ")[0] for p in caught.value.problems]
    for words in (
        "cp313-cp313-win_amd64",
        "manylinux_2_17_x86_64",
        "only a source archive",
        "a VCS",
    ):
        assert words in text
    assert "pw@" not in text


def test_folders_and_commits_are_built() -> None:
    """What a lock takes from a directory, editable or not, or from git has an origin and no file."""
    parts = [
        '[[packages]]\nname = "edit"\ndirectory = { path = "../edit", editable = true }\n',
        '[[packages]]\nname = "it"\nvcs = { type = "git", url = "https://git.example/x", commit-id = "a1" }\n',
    ]

    found = choose(lock(*parts), OLD, interpreter(Path("/p")))

    assert [choice.origin for choice in found] == [
        Origin("edit", path=Path("/edit")),
        Origin("it", url="https://git.example/x", commit="a1"),
    ]


def test_a_package_locked_twice_is_refused():
    """Two entries of one name that both apply are an error that names both versions."""
    two = '[[packages]]\nname = "demo"\nversion = "2.0"\nwheels = [' + wheel("py3-none-any", version="2.0") + "]\n"
    with pytest.raises(ArtefactError, match=r"locked twice for this target: 1.0 and 2.0"):
        choose(lock(package("py3-none-any"), two), OLD, interpreter(Path("/p")))


@pytest.mark.parametrize(
    "head", [HEAD + 'requires-python = ">=3.14"\n', HEAD + "environments = [\"sys_platform == 'win32'\"]\n"]
)
def test_a_lock_for_others_is_refused(head):
    """A lock whose requires-python or environments exclude the target is a ConfigurationError."""
    with pytest.raises(ConfigurationError):
        choose(lock(package("py3-none-any"), head=head), OLD, interpreter(Path("/p")))


def test_the_project_itself_is_left_out():
    """The project, by its name or as the directory of the lock, is no dependency of itself."""
    parts = [package("py3-none-any", name="my-app"), '[[packages]]\nname = "other"\ndirectory = { path = "." }\n']

    assert choose(lock(*parts), OLD, interpreter(Path("/p")), exclude="My_App") == ()


def test_wheels_given_as_archives_are_used():
    """A direct reference to a wheel, as uv writes it, is taken if it fits."""

    def direct(tag: str) -> Lock:
        url = f"https://files.example/demo-1.0-{tag}.whl"
        return lock(
            f'[[packages]]\nname = "demo"\narchive = {{ url = "{url}", hashes = {{ sha256 = "{"a" * 64}" }} }}\n'
        )

    assert len(choose(direct("py3-none-any"), OLD, interpreter(Path("/p")))) == 1
    with pytest.raises(ArtefactError, match="does not fit"):
        choose(direct("cp313-cp313-win32"), OLD, interpreter(Path("/p")))


@pytest.mark.parametrize(("address", "path"), [
    ('path = "wheels/demo-1.0-py3-none-any.whl"', "/project/wheels/demo-1.0-py3-none-any.whl"),
    ('url = "file:///srv/a%20b/demo-1.0-py3-none-any.whl"', "/srv/a b/demo-1.0-py3-none-any.whl"),
])  # fmt: skip
def test_local_wheels_start_from_the_locks_directory(address, path):
    """A relative path is the lock's neighbour; a file URL is a path."""
    text = f'[[packages]]\nname = "demo"\nwheels = [{{ {address}, hashes = {{ sha256 = "{"a" * 64}" }} }}]\n'
    (choice,) = choose(lock(text), OLD, interpreter(Path("/p")))

    assert (Path(path), "") == (choice.path, choice.url)


def test_what_the_project_needs_must_be_locked():
    """A requirement that the lock lacks is a problem; one locked at an odd version is a warning."""
    locked = lock(package("py3-none-any"))
    choices = choose(locked, OLD, interpreter(Path("/p")))
    problems, warnings = missing([Requirement("Demo>=2"), Requirement("gone")], choices, locked)

    assert [p.what for p in problems] == ["gone is required by the project but not locked"]
    assert len(warnings) == 1
    assert "demo is locked at 1.0" in warnings[0]


def test_requirements_apply_by_target_and_extra():
    """Requirements of unwanted extras and of other systems are left out."""
    there = environment(ARM, interpreter(Path("/p")))
    texts = ["a", "b; extra == 'x'", "c; sys_platform == 'win32'", "d; extra == 'y-z' and python_version > '3.12'"]

    assert [r.name for r in map(Requirement, texts) if applies(r, there, ["y_z"])] == ["a", "d"]
