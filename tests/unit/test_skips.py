"""The rule of tests/conftest.py: a skip that nobody expected is no success where all has to run."""

from __future__ import annotations

from pathlib import Path

import pytest

RULE = (Path(__file__).parents[1] / "conftest.py").read_text(encoding="utf-8").replace("pytest_plugins", "_")


@pytest.fixture(autouse=True)
def rule(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makeconftest(RULE)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("PKGGEN_REQUIRE_TARGETS", raising=False)


def skipping(pytester: pytest.Pytester, reason: str) -> pytest.RunResult:
    pytester.makepyfile(f"import pytest\ndef test(): pytest.skip({reason!r})")
    return pytester.runpytest_inprocess("-p", "no:cacheprovider")


def test_a_skip_is_told_with_its_reason(pytester: pytest.Pytester) -> None:
    """The reason stands in a section of its own, and the closing line stays the last."""
    result = skipping(pytester, "full moon")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*skipped, and why*", "1x full moon (NOT EXPECTED*"])
    assert "1 skipped in" in result.outlines[-1]


@pytest.mark.parametrize("variable", ["CI", "PKGGEN_REQUIRE_TARGETS"])
@pytest.mark.parametrize("reason", ["full moon", "target systems need root (namespaces)"])
def test_where_all_has_to_run_an_unexpected_skip_fails(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, variable: str, reason: str
) -> None:
    """Lacking target systems are no excuse there."""
    monkeypatch.setenv(variable, "1")

    result = skipping(pytester, reason)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*every test has to run here: {reason}*"])


def test_where_all_has_to_run_an_expected_skip_does_not_fail(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a fresh clone lacks by design is no failure."""
    monkeypatch.setenv("CI", "1")

    skipping(pytester, "no portable interpreter beside the checkout: x").assert_outcomes(skipped=1)


def test_a_module_that_skips_itself_is_seen_too(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """importorskip() on a missing library must not hide a whole file."""
    monkeypatch.setenv("CI", "1")
    pytester.makepyfile("import pytest\npytest.importorskip('no_such_library')")

    assert pytester.runpytest_inprocess("-p", "no:cacheprovider").ret != 0


def test_an_expected_failure_is_not_a_skip(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Xfail runs the test."""
    monkeypatch.setenv("CI", "1")
    pytester.makepyfile("import pytest\n@pytest.mark.xfail\ndef test(): assert False")

    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(xfailed=1)


@pytest.mark.parametrize("options", [(), ("-n", "1")])
def test_figures_are_told_at_the_end(pytester: pytest.Pytester, options: tuple[str, ...]) -> None:
    """What a test notes is seen though it passed, also where another process ran it."""
    pytester.makepyfile("def test(figure): figure('3 faults, 0 losses')")

    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", *options)

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*figures*", "3 faults, 0 losses"])


def test_a_skip_in_another_process_counts_the_same(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that run in parallel are held to the same rule."""
    monkeypatch.setenv("CI", "1")
    pytester.makepyfile("import pytest\ndef test(): pytest.skip('full moon')")

    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-n", "1")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*every test has to run here: full moon*"])
