"""PEP 440 against the package managers' own ideas of order."""

from __future__ import annotations

import itertools
import shutil
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packaging.version import Version

from pkggen.errors import ConfigurationError
from pkggen.model.versions import checked_release, debian_version, package_name, rpm_version

TABLE = {
    "1.0": "1.0",
    "1.0.dev3": "1.0~~dev3",
    "1.0a1": "1.0~a1",
    "1.0b2": "1.0~b2",
    "1.0-rc.1": "1.0~rc1",
    "1.0a1.dev2": "1.0~a1~dev2",
    "1.0a1.post2": "1.0~a1+post2",
    "1.0a1.post2.dev3": "1.0~a1+post2~dev3",
    "1.0.post1": "1.0+post1",
    "1.0-1": "1.0+post1",
    "1.0.post1.dev4": "1.0+post1~dev4",
    "1.0+cu118": "1.0+local.cu118",
    "1.0.post1+Ubuntu-1": "1.0+post1+local.ubuntu.1",
}

numbers = st.integers(0, 30) | st.integers(0, 10**9)


@st.composite
def versions(draw: st.DrawFn) -> str:
    """Draw a version; releases end in no zero, since 1.0 and 1.0.0 are equal for PEP 440 alone."""
    release = draw(st.lists(numbers, min_size=1, max_size=4))
    while len(release) > 1 and release[-1] == 0:
        release.pop()
    text = ".".join(map(str, release))
    epoch = draw(st.sampled_from((0, 0, 0, 1, 2)))
    pre = draw(st.none() | st.tuples(st.sampled_from(("a", "b", "rc")), st.integers(0, 12)))
    post = draw(st.none() | st.integers(0, 12))
    dev = draw(st.none() | st.integers(0, 12))
    local = draw(st.none() | st.lists(st.integers(0, 30), min_size=1, max_size=3))
    text = f"{epoch}!{text}" if epoch else text
    text += f"{pre[0]}{pre[1]}" if pre else ""
    text += f".post{post}" if post is not None else ""
    text += f".dev{dev}" if dev is not None else ""
    return text + ("+" + ".".join(map(str, local)) if local else "")


def corpus(wanted: int) -> list[str]:
    """Return ``wanted`` drawn versions, the same in every run."""
    found: list[str] = []

    @settings(max_examples=wanted, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(versions())
    def collect(version: str) -> None:
        found.append(version)

    collect()
    return list(dict.fromkeys(found))


def sign(a: str, b: str) -> int:
    return (Version(a) > Version(b)) - (Version(a) < Version(b))


@pytest.mark.parametrize(("python", "system"), TABLE.items())
def test_the_table(python: str, system: str) -> None:
    """Each kind of PEP 440 version has one spelling, the same for Debian and rpm."""
    assert rpm_version(python) == (0, system)
    assert debian_version(python, "1") == f"{system}-1"


def test_epochs() -> None:
    """An epoch stands before Debian's version and is a tag of its own in rpm."""
    assert debian_version("1!1.0rc1", "1") == "1:1.0~rc1-1"
    assert rpm_version("1!1.0rc1") == (1, "1.0~rc1")


@pytest.mark.skipif(not shutil.which("rpm"), reason="needs rpm")
def test_rpm_orders_as_pep_440() -> None:
    """The real rpm orders every pair of mapped versions as packaging orders the originals."""
    pairs = list(itertools.combinations(corpus(300), 2))
    # written past the macro: rpm 4.18 overruns its buffer when a macro expands to this much
    lines = "".join(" ".join("{}:{}".format(*rpm_version(v)) for v in pair) + "\n" for pair in pairs)
    script = "for l in io.stdin:lines() do local a, b = l:match('(%S+) (%S+)'); io.write(rpm.vercmp(a, b), ' ') end"
    done = subprocess.run(["rpm", "--eval", f"%{{lua: {script}}}"], input=lines, capture_output=True, text=True)

    found = done.stdout.split()
    assert [p for p, got in zip(pairs, found, strict=True) if int(got) != sign(*p)] == []


@pytest.mark.skipif(not shutil.which("dpkg"), reason="needs dpkg")
def test_dpkg_orders_as_pep_440() -> None:
    """The real dpkg finds each version, sorted as PEP 440 sorts, to be lower than the next."""
    ordered = sorted(corpus(600), key=Version)
    pairs = [(a, b) for a, b in itertools.pairwise(ordered) if sign(a, b)]
    script = 'while read -r a b; do dpkg --compare-versions "$a" lt "$b" || echo "$a $b"; done'
    lines = "".join(f"{debian_version(a, '1')} {debian_version(b, '1')}\n" for a, b in pairs)

    done = subprocess.run(["sh", "-c", script], input=lines, capture_output=True, text=True)
    assert done.stdout == ""
    assert len(pairs) > 100


def test_known_exception() -> None:
    """An alphabetic local segment sorts before a numeric one in PEP 440 and after it in dpkg: a documented limit."""
    assert sign("1.0+abc", "1.0+1") < 0
    assert debian_version("1.0+abc", "1") == "1.0+local.abc-1"


@pytest.mark.parametrize("version", ["", "1.0-x-y", "one", f"{2**31}!1.0"])
def test_versions_that_are_none(version: str) -> None:
    """What is no version, or has an epoch that dpkg can't hold, is refused as configuration."""
    with pytest.raises(ConfigurationError):
        debian_version(version, "1")


@pytest.mark.parametrize("release", ["", "1-2", "1_0", "~1", "1\n", "%{x}"])
def test_releases_that_are_none(release: str) -> None:
    """A release is refused when one of the formats would misread it."""
    with pytest.raises(ConfigurationError):
        checked_release(release)


@pytest.mark.parametrize(
    ("name", "package"),
    {"My_App": "my-app", "zope.interface": "zope-interface", "a--b__c": "a-b-c", "libstdc++": "libstdc++"}.items(),
)
def test_names(name: str, package: str) -> None:
    """Names are lower case with single hyphens."""
    assert package_name(name) == package


@pytest.mark.parametrize("name", ["", "x", "-app", "a b", "a\nb", "é", "a/b", "a%b", "a" * 129, "a;id"])
def test_names_that_cannot_be_mapped(name: str) -> None:
    """A name that no package may have is refused with the rule as its remedy."""
    with pytest.raises(ConfigurationError, match="hint"):
        package_name(name)
