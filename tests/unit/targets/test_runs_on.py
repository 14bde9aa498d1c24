"""What a package runs on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pkggen.errors import ArtefactError
from pkggen.formats import FORMATS
from pkggen.model import FormatOptions, Needs, Package, Target
from pkggen.targets.runs_on import needs_of, oldest_releases, runs_on
from tests.unit.parts import distribution, interpreter, parts
from tests.unit.payloads import payload

WHEEL = "numpy-2.3.0-cp313-cp313-manylinux_2_28_x86_64.whl"


def packages(glibc: tuple[int, int], compression: str = "xz", **needs: object) -> list[Package]:
    """Return a package of each format that needs ``glibc`` for a file of a wheel."""
    made = payload(
        needs=replace(Needs("x86_64", glibc, f"{WHEEL}: numpy/x.so"), **needs),  # type: ignore[arg-type]
        options={"deb": FormatOptions(compression=compression), "rpm": FormatOptions()},
    )
    return [FORMATS[name].describe(made) for name in ("deb", "rpm")]


def test_says_the_oldest_release_of_each_distribution_and_why() -> None:
    """One sentence names distributions of the formats that were built, the glibc, and the wheel that raised it."""
    assert runs_on(packages((2, 32))) == (
        "runs on Debian 12+, Ubuntu 22.04+, RHEL 9+, Amazon Linux 2023+, Fedora 42+, SLES 16+ "
        f"(glibc 2.32, raised by {WHEEL})"
    )


def test_a_format_speaks_for_its_own_distributions() -> None:
    """A .deb says nothing of RHEL."""
    assert oldest_releases(packages((2, 28))[0]) == ("debian:11", "ubuntu:20.04")


def test_a_package_that_can_not_be_unpacked_does_not_run() -> None:
    """Debian 11's dpkg can't read zstd: it is left out, and what would change that is said."""
    deb, _ = packages((2, 28), compression="zstd")

    assert oldest_releases(deb) == ("debian:12", "ubuntu:20.04")
    assert "its compression keeps Debian 11 out, unless declared as a target" in runs_on([deb])


def test_an_old_libstdcxx_keeps_a_release_out() -> None:
    """RHEL 8 has the glibc but not the libstdc++: it is not named, and the sentence says why."""
    cxx = {"sonames": {"libstdc++.so.6": "x.so"}, "versions": (("libstdc++.so.6", "GLIBCXX_3.4.29"),)}
    said = runs_on(packages((2, 28), **cxx))

    assert "RHEL 9+" in said
    assert "Debian 12+, Ubuntu 22.04+" in said
    assert f"raised by {WHEEL}, and GLIBCXX_3.4.29 of libstdc++)" in said


def test_a_libstdcxx_of_ones_own_is_no_need() -> None:
    """Versions of a library that the package brings are not asked of the system."""
    assert "RHEL 8+" in runs_on(packages((2, 28), versions=(("libstdc++.so.6", "GLIBCXX_3.4.34"),)))


def test_a_target_with_an_old_libstdcxx_is_refused(tmp_path: Path) -> None:
    """A declared target whose libstdc++ is too old is told with the wheel and file that ask for more."""
    asks = Needs("x86_64", (2, 17), "a.so", {"libstdc++.so.6": "b.so"}, (("libstdc++.so.6", "GLIBCXX_3.4.30"),))
    made = parts(tmp_path, None, distribution(tmp_path, "fast", needs=asks))

    with pytest.raises(ArtefactError) as caught:
        needs_of(made, Target(glibc=(2, 28), distros=("el:8", "debian:12")))

    (problem,) = caught.value.problems
    assert problem.where == "fast-1.0-py3-none-any.whl"
    assert problem.what == "b.so needs GLIBCXX_3.4.30 of libstdc++, el:8 has GLIBCXX_3.4.25"


def test_a_cpu_level_is_told() -> None:
    """Code for newer processors is told with the file that asks for it."""
    said = runs_on(packages((2, 28), cpu=3, cpu_by=f"{WHEEL}: numpy/x.so"))

    assert said.endswith(f", on CPUs of level x86-64-v3 (raised by {WHEEL})")


def test_nothing_compiled_runs_everywhere() -> None:
    """Without ELF files, every known release of the format will do."""
    made = FORMATS["rpm"].describe(payload(needs=Needs()))

    assert runs_on([made]).startswith("runs on RHEL 8+")
    assert "no compiled code" in runs_on([made])


def test_nothing_known_is_new_enough() -> None:
    """A glibc that no known release has is said so, not passed over."""
    assert runs_on(packages((2, 99))).startswith("runs on no release that pkggen knows (glibc 2.99")


def test_a_need_is_named_with_the_wheel_it_is_of(tmp_path: Path) -> None:
    """What all parts need together tells both the wheel and the file in it."""
    fast = distribution(tmp_path, "fast", needs=Needs("x86_64", (2, 34), "fast.so", {"libpq.so.5": "fast.so"}))
    needs = needs_of(parts(tmp_path, None, fast), Target())

    assert needs.glibc_by == "fast-1.0-py3-none-any.whl: fast.so"
    assert needs.sonames == {"libpq.so.5": "fast-1.0-py3-none-any.whl: fast.so"}


def test_every_part_that_a_target_can_not_run_is_told_with_a_way_out(tmp_path: Path) -> None:
    """Wheels and interpreter that need too new a glibc are one error; each says what to do."""
    new = distribution(tmp_path, "fast", needs=Needs("x86_64", (2, 38), "fast.so"))
    old = distribution(tmp_path, "slow", needs=Needs("x86_64", (2, 17), "slow.so"))
    made = parts(tmp_path / "x", None, new, old)
    python = interpreter(tmp_path / "y", Needs("x86_64", (2, 36), "bin/python3.13"))

    with pytest.raises(ArtefactError) as caught:
        needs_of(replace(made, interpreter=python), Target(glibc=(2, 31), distros=("debian:11", "debian:13")))

    assert [(p.where, p.what) for p in caught.value.problems] == [
        ("Python 3.13.5 (test)", "bin/python3.13 needs glibc 2.36, debian:11 has 2.31"),
        ("fast-1.0-py3-none-any.whl", "fast.so needs glibc 2.38, debian:11 has 2.31"),
    ]
    assert "standalone build" in caught.value.problems[0].remedy
    assert "a version of fast with a wheel for manylinux_2_31 or older, or drop debian:11" in str(caught.value)


def test_the_own_wheel_has_another_way_out(tmp_path: Path) -> None:
    """The project's own compiled code has to be built elsewhere: no other version can be locked."""
    own = distribution(tmp_path, "hello", needs=Needs("x86_64", (2, 38), "hello.so"))

    with pytest.raises(ArtefactError, match=r"build the project's wheel where glibc is 2\.31 or older"):
        needs_of(parts(tmp_path / "x", own), Target(glibc=(2, 31), distros=("debian:11",)))


def test_a_plugin_raises_nothing_until_it_can_be_loaded(tmp_path: Path) -> None:
    """A file for a framework that is not there does not keep a declared target out; with the framework it does."""
    waits = Needs("x86_64", (2, 38), "torch_ops.so", {"libtorch.so": "torch_ops.so"})
    made = parts(
        tmp_path, None, distribution(tmp_path, "ops", needs=Needs("x86_64", (2, 17), "ops.so", plugins=(waits,)))
    )
    torch = distribution(tmp_path, "torch", needs=Needs("x86_64", (2, 28), "libtorch.so", provides=("libtorch.so",)))
    target = Target(glibc=(2, 31), distros=("debian:11",))

    assert needs_of(made, target).glibc == (2, 17)
    with pytest.raises(ArtefactError, match=r"ops-1\.0-py3-none-any\.whl: torch_ops\.so needs glibc 2\.38"):
        needs_of(replace(made, dependencies=(*made.dependencies, torch)), target)


def test_a_part_for_another_machine_is_named(tmp_path: Path) -> None:
    """A wheel of x86_64 code in a package for aarch64 is an error that names the wheel."""
    made = parts(tmp_path, None, distribution(tmp_path, "fast", needs=Needs("x86_64", (2, 17), "fast.so")))

    with pytest.raises(ArtefactError, match=r"fast-1\.0-py3-none-any\.whl: is for x86_64, the target is aarch64"):
        needs_of(made, Target("aarch64"))
