"""Why each wheel is there: who asked for it, and what it asks of the system."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from pkggen.cli.dependencies import table
from pkggen.commands.deps import Dependencies, _with_package, describe
from pkggen.config.tables import Config
from pkggen.gather import Gathered
from pkggen.model import Distribution, Entry, Needs, Parts, Target, Tree
from pkggen.project import read_metadata
from pkggen.targets.distro_packages import DistroPackage
from tests.unit.wheelsmith import Smith, interpreter


def distribution(root: Path, name: str, *requires: str, needs: Needs | None = None, size: int = 10) -> Distribution:
    lines = "".join(f"Requires-Dist: {r}\n" for r in requires)
    wheel = Smith(name=name, metadata=lines).forge(root)
    return Distribution(wheel, Tree(root, (Entry("x", size=size),), needs or Needs()), licence="MIT")


def described(
    root: Path, app: Distribution, *others: Distribution, config: Config | None = None, asked: tuple[str, ...] = ()
) -> Dependencies:
    python = replace(interpreter(root), tree=Tree(root, (Entry("bin/python3.13", size=7),), Needs("x86_64", (2, 17))))
    metadata = read_metadata(app.wheel)
    parts = Parts(python, app, others)
    return describe(Gathered(config or Config(), Target(), parts, metadata, 0, asked))


def askers(found: Dependencies) -> dict[str, tuple[str, ...]]:
    return {w.name: w.asked_by for w in found.wheels}


def tree(found: Dependencies) -> list[tuple[int, str]]:
    return [(depth, w.name) for depth, w in found.tree()]


def test_tree_of_who_asked(tmp_path: Path) -> None:
    """Each wheel stands once, below the first that asked for it, and names all that did."""
    found = described(
        tmp_path,
        distribution(tmp_path, "app", "web", "shared"),
        distribution(tmp_path, "shared"),
        distribution(tmp_path, "web", "shared", "deep"),
        distribution(tmp_path, "deep"),
    )

    assert askers(found) == {"app": (), "deep": ("web",), "shared": ("app", "web"), "web": ("app",)}
    assert tree(found) == [(0, "app"), (1, "shared"), (1, "web"), (2, "deep")]


def test_markers_and_extras_count(tmp_path: Path) -> None:
    """A requirement for another system asks for nothing; one of an extra does when the extra is in effect."""
    app = distribution(tmp_path, "app", "web[fast]", "plain; sys_platform == 'win32'", "shown; extra == 'gui'")
    web = distribution(tmp_path, "web", "speed; extra == 'fast'", "slow; extra == 'slow'")
    others = [distribution(tmp_path, name) for name in ("plain", "shown", "speed", "slow")]

    assert askers(described(tmp_path, app, web, *others)) == {
        "app": (), "web": ("app",), "speed": ("web",), "plain": (), "shown": (), "slow": (),
    }  # fmt: skip
    assert askers(described(tmp_path, app, web, *others, config=Config(extras=("gui",))))["shown"] == ("app",)


def test_extras_may_form_a_circle(tmp_path: Path) -> None:
    """Two projects that ask for each other's extras end."""
    one = distribution(tmp_path, "one", "two[b]; extra == 'a'")
    two = distribution(tmp_path, "two", "one[a]; extra == 'b'")

    found = described(tmp_path, distribution(tmp_path, "app", "one[a]"), one, two)

    assert askers(found) == {"app": (), "one": ("app", "two"), "two": ("one",)}
    assert tree(found) == [(0, "app"), (1, "one"), (2, "two")]


def test_what_no_wheel_requires(tmp_path: Path) -> None:
    """What no wheel requires was asked for by the configuration, or by nobody: a lock alone has it."""
    found = described(
        tmp_path, distribution(tmp_path, "app"), distribution(tmp_path, "gunicorn"), distribution(tmp_path, "stray"),
        asked=("gunicorn>=1",),
    )  # fmt: skip

    assert askers(found) == {"app": (), "gunicorn": ("(configuration)",), "stray": ()}
    assert tree(found)[-1] == (1, "stray")


def test_sizes_and_libraries(tmp_path: Path) -> None:
    """Sizes are of the wheel and of its files; libraries that another wheel brings are not the system's."""
    compiled = Needs("x86_64", (2, 12), "x.so", {"libpq.so.5": "x.so", "libown.so.1": "x.so"})
    found = described(
        tmp_path,
        distribution(tmp_path, "app"),
        distribution(tmp_path, "db", needs=compiled, size=1234),
        distribution(tmp_path, "lib", needs=Needs("x86_64", (2, 5), provides=("libown.so.1",))),
    )
    app, db, _ = found.wheels

    assert (db.unpacked, db.libraries, db.compiled, db.glibc, db.licence) == (
        1234,
        ("libpq.so.5",),
        True,
        "2.12",
        "MIT",
    )
    assert db.packed == (tmp_path / db.filename).stat().st_size
    assert (app.compiled, app.glibc) == (False, "")


@pytest.mark.parametrize(
    ("glibc", "floor", "raised_by"),
    [
        ((2, 28), "2.28", ("db-1.0-py3-none-any.whl",)),
        ((2, 9), "2.17", ("Python 3.13.5",)),
        ((2, 17), "2.17", ("Python 3.13.5",)),
    ],
)
def test_who_raises_the_floor(glibc: tuple[int, int], floor: str, raised_by: tuple[str, ...], tmp_path: Path) -> None:
    """The highest glibc counts as a number, not as text; the interpreter may be what asks for it."""
    db = distribution(tmp_path, "db", needs=Needs("x86_64", glibc, "x.so"))

    found = described(tmp_path, distribution(tmp_path, "app"), db)

    assert found.glibc == floor
    assert found.raised_by == raised_by
    assert found.wheels[1].raises_floor == (glibc > (2, 17))


def test_table_is_one_aligned_line_for_each_wheel(tmp_path: Path) -> None:
    """Fields but the licence have no spaces, so that grep and awk find them; totals follow after an empty line."""
    db = distribution(tmp_path, "db", needs=Needs("x86_64", (2, 28), "x.so", {"libpq.so.5": "x.so"}), size=2_500_000)
    lines = table(described(tmp_path, distribution(tmp_path, "app", "db"), db)).splitlines()

    assert lines[2].split() == [
        "db",
        "1.0",
        lines[2].split()[2],
        "2.5MB",
        "compiled",
        "2.28*",
        "app",
        "libpq.so.5",
        "MIT",
    ]
    assert len({line.index(word) for line, word in zip(lines, ("LICENCE", "MIT", "MIT"), strict=False)}) == 1
    assert lines[3:7] == [
        "",
        f"2 wheels, {sum(p.stat().st_size for p in tmp_path.glob('*.whl')) / 1000:.1f}kB packed, 2.5MB unpacked",
        "Python 3.13.5, 7B unpacked",
        "needs glibc 2.28: db-1.0-py3-none-any.whl",
    ]


def test_what_could_be_left_is_told_with_the_remedy(tmp_path: Path) -> None:
    """Known packages come with their versions; one of a version that nobody allows is not in the remedy."""
    db, web = distribution(tmp_path, "db"), distribution(tmp_path, "web")
    found = described(tmp_path, distribution(tmp_path, "app", "db>=2", "web"), db, web)
    known = {
        name: replace(
            next(w for w in found.wheels if w.name == name),
            distro_package=DistroPackage("debian:12", f"python3-{name}", "1.9", known=True),
            distro_package_fits=name == "web",
        )
        for name in ("db", "web")
    }
    text = table(replace(found, wheels=(found.wheels[0], *known.values())))

    assert "python3-db   1.9  (not a version that is asked for)" in text
    assert 'wheels.exclude = { web = "python3-web" }' in text


def test_what_is_not_known_is_said_to_be(tmp_path: Path) -> None:
    """Without the release's package lists none is claimed or proposed; bounds are worked out all the same."""
    db = distribution(tmp_path, "db")
    package, unknown = DistroPackage("debian:12", "python3-db", "1.9", known=True), DistroPackage("debian:13", "x")
    found = described(tmp_path, distribution(tmp_path, "app", "db>=2"), db)
    wheels = tuple(replace(w, distro_package=unknown if w.name == "db" else None) for w in found.wheels)
    text = table(replace(found, wheels=wheels))

    assert "debian:13: which of these it packages is not known here" in text
    assert "exclude" not in text
    assert _with_package(found.wheels[1], package, SpecifierSet(">=2")).distro_package_fits is False


def test_everything_is_json(tmp_path: Path) -> None:
    """JSON has the same, in bytes."""
    data = json.loads(json.dumps(described(tmp_path, distribution(tmp_path, "app")).to_dict()))

    assert data["python"] == {"version": "3.13.5", "unpacked": 7, "glibc": "2.17"}
    assert (data["wheels"][0]["unpacked"], data["wheels"][0]["asked-by"]) == (10, [])
    assert data["raised-by"] == ["Python 3.13.5"]
