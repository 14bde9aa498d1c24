"""A project's own templates: found, compared, and checked with file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pkggen.cli import main
from pkggen.errors import ConfigurationError, ConflictError
from pkggen.formats import FORMATS
from pkggen.templating.overrides import catalogue, check_overrides, chosen, copy, difference
from pkggen.templating.templates import Templates
from tests.unit.payloads import payload

EXTENDS = '{% extends "builtin/deb/postinst.j2" %}\n'


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def problems(folder: Path) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        check_overrides(folder)
    return [f"{Path(p.where).relative_to(folder)}: {p.what}" for p in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("\n{% if %}", "2: Expected an expression, got 'end of statement block'"),
        ("\n\n{{ name | nothing }}", "3: No filter named 'nothing'."),
        (EXTENDS + "\n{% block extras %}{% endblock %}", "3: builtin/deb/postinst.j2 has no block 'extras'"),
        (EXTENDS + "echo lost\n", "2: text outside of blocks is never rendered"),
        (EXTENDS + "{{ name }}", "2: text outside of blocks is never rendered"),
        ('{% extends "builtin/deb/post.j2" %}', "1: there is no template 'builtin/deb/post.j2'"),
    ],
)
def test_a_broken_override_is_placed(tmp_path: Path, text: str, problem: str) -> None:
    """Each kind of mistake is told with file and line, before anything is rendered."""
    written(tmp_path, "deb/postinst.j2", text)

    assert problems(tmp_path) == [f"deb/postinst.j2:{problem}"]


def test_a_file_that_nothing_reads(tmp_path: Path) -> None:
    """A misspelt name would be ignored in silence; what another template includes is read."""
    written(
        tmp_path,
        "deb/postinst.j2",
        '{% extends "builtin/deb/postinst.j2" %}{% block extra %}{% include "x.sh" %}{% endblock %}',
    )
    written(tmp_path, "x.sh", "echo x\n")
    written(tmp_path, "deb/.postinst.j2.swp", "{% if")
    check_overrides(tmp_path)
    written(tmp_path, "deb/postints.j2", "")

    assert problems(tmp_path) == ["deb/postints.j2: nothing reads this file: there is no template of that name"]


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    """Two broken files are two problems."""
    written(tmp_path, "deb/postinst.j2", "{% if %}")
    written(tmp_path, "rpm/post.j2", "{{ }}")

    assert len(problems(tmp_path)) == 2


def test_an_undefined_name_on_another_branch(tmp_path: Path) -> None:
    """A value that there is not is told with its line and the nearest one, whether or not it would be reached."""
    path = written(tmp_path, "deb/prerm.j2", "{% if false %}\n{{ prefx }}{% endif %}")
    package = FORMATS["deb"].describe(payload())

    with pytest.raises(ConfigurationError) as caught:
        FORMATS["deb"].render(package, Templates(tmp_path))

    (problem,) = caught.value.problems
    assert (problem.what, problem.where, problem.remedy) == (
        "'prefx' is undefined", f"{path}:2", "did you mean prefix?"
    )  # fmt: skip


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_stubs_of_all_templates_change_nothing(tmp_path: Path, name: str) -> None:
    """A package rendered with a stub for every template is the one rendered without."""
    copy(catalogue(None), tmp_path, whole=False)
    check_overrides(tmp_path)
    package = FORMATS[name].describe(payload())

    assert FORMATS[name].render(package, Templates(tmp_path)) == FORMATS[name].render(package, Templates())
    assert [difference(t) for t in catalogue(tmp_path) if difference(t)] == []


def test_whole_copies_are_ours(tmp_path: Path) -> None:
    """A whole copy is the template as it is, and is never overwritten."""
    templates = chosen(["deb/control"], tmp_path)

    (path,) = copy(templates, tmp_path, whole=True)

    assert path.read_bytes() == (Path(__file__).parents[3] / "templates" / "deb" / "control.j2").read_bytes()
    with pytest.raises(ConflictError):
        copy(templates, tmp_path, whole=True)


def test_the_difference_of_an_extension(tmp_path: Path) -> None:
    """Of a template that extends ours the diff shows what comes of it, not the extending text."""
    written(
        tmp_path,
        "deb/preinst.j2",
        '{% extends "builtin/deb/preinst.j2" %}\n{% block extra %}\n{{ super() -}}\necho hi\n{% endblock %}\n',
    )

    rows = difference(chosen(["deb/preinst"], tmp_path)[0]).splitlines()[2:]

    assert [row for row in rows if row[0] in "+-"] == ["+echo hi"]


def test_the_documentation_lists_all(pytestconfig: pytest.Config) -> None:
    """docs/templates.md has every template with what it becomes and what each block holds."""
    rows = ["| template | becomes | blocks |", "|---|---|---|"]
    for template in catalogue(None):
        blocks = "<br>".join(f"`{name}`: {text}" for name, text in template.blocks.items())
        rows.append(f"| `{template.name}` | {template.becomes} | {blocks} |")
    path = Path(__file__).parents[3] / "docs" / "templates.md"
    before, rest = path.read_text().split("<!-- begin -->\n")
    listed, after = rest.split("<!-- end -->\n")
    wanted = "".join(f"{row}\n" for row in rows)
    if pytestconfig.getoption("update_goldens", default=False):
        path.write_text(f"{before}<!-- begin -->\n{wanted}<!-- end -->\n{after}")
        return

    assert listed == wanted


def project(root: Path) -> Path:
    (root / "pkggen.toml").write_text('templates = "packaging"\n')
    (root / "packaging").mkdir()
    return root


def pkggen(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, arguments)
    return done.exit_code, done.output


def test_list_copy_and_diff(tmp_path: Path) -> None:
    """The three commands together: copy one, see it marked, see what it changes."""
    root = str(project(tmp_path))
    status, printed = pkggen("templates", "copy", "deb/postrm", "--project", root)
    assert (status, printed.strip()) == (0, f"{root}/packaging/deb/postrm.j2")

    rows = json.loads(pkggen("templates", "list", "--project", root, "--json")[1])
    assert [r["name"] for r in rows if r["override"]] == ["deb/postrm.j2"]
    assert "* deb/postrm.j2" in pkggen("templates", "list", "--project", root)[1]
    assert pkggen("templates", "diff", "--project", root) == (0, "")


def test_a_broken_override_is_exit_code_2(tmp_path: Path) -> None:
    """List shows what there is, and then fails for what is broken; so does the check of a project."""
    root = project(tmp_path)
    written(root, "packaging/deb/control.j2", "{% if %}")

    status, printed = pkggen("templates", "list", "--project", str(root))

    assert (status, "packaging/deb/control.j2:1" in printed) == (2, True)


def test_unknown_names(tmp_path: Path) -> None:
    """A template that there is not is told with the nearest one."""
    status, printed = pkggen("templates", "copy", "deb/postints", "--project", str(project(tmp_path)))

    assert (status, "did you mean deb/postinst.j2" in printed) == (2, True)
