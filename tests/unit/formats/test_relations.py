"""Relations to other packages, as users write them and as each format has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pkggen.archives.rpm import read_rpm
from pkggen.config.load import load_config
from pkggen.errors import ConfigurationError
from pkggen.formats.deb.format import Deb
from pkggen.formats.rpm.format import Rpm
from pkggen.model import FormatOptions
from pkggen.model.relations import relations_for
from tests.unit.formats.test_rpm import built
from tests.unit.payloads import payload

KEYS = ("depends", "pre_depends", "recommends", "suggests", "enhances", "conflicts", "breaks", "replaces", "obsoletes")


def deb(**relations: Any) -> Any:
    return Deb().describe(payload(options={"deb": FormatOptions(**relations)})).relations


def rpm(**relations: Any) -> Any:
    return Rpm().describe(payload(options={"rpm": FormatOptions(**relations)})).relations


def test_a_table_names_the_package_of_each_format() -> None:
    """What a table does not name is left to the other format."""
    items = ("git", {"deb": "libpq5", "rpm": "libpq"}, {"rpm": "policycoreutils"})

    assert relations_for("deb", items) == ("git", "libpq5")
    assert relations_for("rpm", items) == ("git", "libpq", "policycoreutils")


def test_every_relation_has_its_field_in_a_deb() -> None:
    """Obsoletes becomes what Debian policy 7.6.2 says of replacing a package."""
    found = deb(**{key: (f"{key.replace('_', '-')} >= 2",) for key in KEYS}, provides=("web = 1",))

    assert found["Pre-Depends"] == ("pre-depends (>= 2)",)
    assert found["Recommends"][-1] == "recommends (>= 2)"
    assert (found["Suggests"], found["Enhances"]) == (("suggests (>= 2)",), ("enhances (>= 2)",))
    assert found["Conflicts"] == ("conflicts (>= 2)", "obsoletes (>= 2)")
    assert found["Breaks"] == ("breaks (>= 2)",)
    assert found["Replaces"] == ("replaces (>= 2)", "obsoletes (>= 2)")
    assert found["Provides"] == ("web (= 1)",)


def test_every_relation_reaches_an_rpms_header(tmp_path: Path) -> None:
    """Breaks becomes a conflict, replaces and obsoletes are one, pre-depends holds before and after."""
    relations: dict[str, Any] = {key: (f"{key} < 2",) for key in (*KEYS, "supplements")} | {"provides": ("web = 1",)}
    relations["pre_depends"] = ("one | two >= 3",)
    path = built(payload(options={"rpm": FormatOptions(**relations)}), tmp_path / "out")

    found = read_rpm(path).relations
    assert set(found["Conflicts"]) == {"conflicts < 2", "breaks < 2"}
    assert set(found["Obsoletes"]) == {"replaces < 2", "obsoletes < 2"}
    assert (found["Enhances"], found["Supplements"]) == (("enhances < 2",), ("supplements < 2",))
    assert {"depends < 2", "(one or two >= 3)"} <= set(found["Requires"])
    assert rpm(**relations)["Requires(pre)"][-1] == "(one or two >= 3)"


@pytest.mark.parametrize(
    ("describe", "relations", "says"),
    [
        (deb, {"supplements": ("a",)}, "Debian has no relation"),
        (deb, {"depends": ("/usr/sbin/useradd",)}, "no Debian package's name"),
        (deb, {"depends": ("a >= 1^2",)}, "no Debian version"),
        (deb, {"conflicts": ("a | b",)}, "no choice"),
        (rpm, {"breaks": ("a | b",)}, "no choice"),
        (rpm, {"provides": ("a >= 2",)}, "range of versions"),
        (deb, {"provides": ("a < 2",)}, "range of versions"),
        (rpm, {"depends": ("a[b]",)}, "no rpm's name"),
    ],
)
def test_what_a_format_can_not_express_is_told(describe: Any, relations: dict[str, Any], says: str) -> None:
    """Nothing is left out in silence: the error names the key."""
    with pytest.raises(ConfigurationError, match=says) as caught:
        describe(**relations)

    assert next(iter(relations)) in caught.value.problems[0].where


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ('["a >= "]', "depends[0]"),
        ('["a", "a b"]', "depends[1]"),
        ('[{ deb = "a" }, { deb = "a,b" }]', "depends[1].deb"),
        ('[{ dep = "a" }]', "depends[0].dep"),
        ("[1]", "depends[0]"),
    ],
)
def test_a_malformed_relation_is_one_problem(tmp_path: Path, value: str, where: str) -> None:
    """The configuration is refused with the key of the slip, once."""
    (tmp_path / "pkggen.toml").write_text(f"depends = {value}\n")
    with pytest.raises(ConfigurationError) as caught:
        load_config(tmp_path)

    assert [p.where for p in caught.value.problems] == [f"pkggen.toml: {where}"]
