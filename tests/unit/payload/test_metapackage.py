"""Packages without a program, and reactions to other packages' files."""

from __future__ import annotations

from pathlib import Path

import pytest

from pkggen.config.load import load_config
from pkggen.errors import ConfigurationError, Key
from pkggen.formats.deb.format import Deb
from pkggen.formats.rpm.format import Rpm
from pkggen.model import Payload
from pkggen.payload.metapackage import plan_metapackage
from pkggen.payload.triggers import declared_triggers
from pkggen.templating.templates import Templates


def planned(root: Path, text: str, project: str = "") -> Payload:
    (root / "pkggen.toml").write_text(f"meta = true\n{text}")
    if project:
        (root / "pyproject.toml").write_text(project)
    return plan_metapackage(root, load_config(root))


def test_a_metapackage_is_for_every_machine(tmp_path: Path) -> None:
    """It holds no interpreter and needs nothing that was not asked for."""
    payload = planned(tmp_path, 'name = "suite"\nversion = "1.0"\ndepends = ["git"]\n')
    deb, rpm = Deb().describe(payload), Rpm().describe(payload)

    assert (deb.arch, rpm.arch) == ("all", "noarch")
    assert {k: v for k, v in deb.relations.items() if v} == {"Depends": ("git",)}
    assert {k: v for k, v in rpm.relations.items() if v} == {"Requires": ("git",)}


def test_a_metapackage_has_scripts_only_with_work_for_them(tmp_path: Path) -> None:
    """No postinst without an owner to give, no postrm without a ghost."""
    (tmp_path / "a").write_text("a")
    bare = Deb().render(Deb().describe(planned(tmp_path, 'name = "suite"\nversion = "1.0"\n')), Templates())
    files = '[[files]]\nsrc = "a"\ndst = "/srv/a"\ngroup = "mail"\n[[files]]\ndst = "/srv/b"\ntype = "ghost"\n'
    full = Deb().render(Deb().describe(planned(tmp_path, f'name = "suite"\nversion = "1.0"\n{files}')), Templates())

    assert {"preinst", "postinst", "prerm", "postrm"}.isdisjoint(bare.texts)
    assert "give /srv/a root:mail 0644" in full.texts["postinst"]
    assert "rm -f -- /srv/b" in full.texts["postrm"]


def test_a_metapackage_reads_what_project_says(tmp_path: Path) -> None:
    """[project] may hold name, version, summary and author; no wheel is built for it."""
    table = (
        '[project]\nname = "Suite"\nversion = "2.0"\ndescription = "All."\nauthors = [{name="J", email="j@x.org"}]\n'
    )
    project = planned(tmp_path, "", table).project

    assert (project.name, project.version, project.summary, project.maintainer) == (
        "suite",
        "2.0",
        "All.",
        "J <j@x.org>",
    )


def test_a_metapackage_has_to_be_named(tmp_path: Path) -> None:
    """There is no wheel that would say how it is called."""
    with pytest.raises(ConfigurationError) as caught:
        planned(tmp_path, "")

    assert [p.where for p in caught.value.problems] == [Key.of("name"), Key.of("version")]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('path = "/usr/share/x"\ncommand = "hello"', "no wheel has a command"),
        ('path = "/usr"\ncommand = "/bin/true"', "changes with every package"),
    ],
)
def test_a_reaction_that_can_not_be_is_refused(tmp_path: Path, table: str, says: str) -> None:
    """Its program has to be in the package or absolute, its directory not everybody's."""
    (tmp_path / "pkggen.toml").write_text(f"[[triggers]]\n{table}\n")

    with pytest.raises(ConfigurationError, match=says):
        declared_triggers(load_config(tmp_path), "/opt/x/bin", {"other"})


def test_a_reaction_is_declared_for_both_formats(tmp_path: Path) -> None:
    """Dpkg's triggers file and rpm's file triggers say the same."""
    table = '[[triggers]]\npath = ["/usr/share/a", "/usr/share/b"]\ncommand = "/bin/x -y"\n'
    payload = planned(tmp_path, f'name = "suite"\nversion = "1.0"\n{table}')
    deb = Deb().render(Deb().describe(payload), Templates())
    rpm = Rpm().render(Rpm().describe(payload), Templates())

    assert deb.texts["triggers"] == "interest-noawait /usr/share/a\ninterest-noawait /usr/share/b\n"
    assert "/usr/share/a|/usr/share/b)\n            /bin/x -y ||" in deb.texts["postinst"]
    spec = rpm.texts["suite.spec"]
    assert spec.count("%transfiletriggerin -- /usr/share/a /usr/share/b") == 1
    assert [spec.count(f"%transfiletriggerpostun -- /usr/share/{name}\n") for name in "ab"] == [1, 1]
