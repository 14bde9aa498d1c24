"""What becomes of configuration, cell by cell, is what docs/files.md says."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.e2e.applications import REPOSITORY
from tests.e2e.packages import build
from tests.targets import Box, Target

KINDS = ("config", "config-noreplace")
EDITS = ("unchanged", "edited", "deleted")
CHANGES = ("the same", "changed", "dropped", "dropped, not named")
CELLS = tuple(itertools.product(EDITS, CHANGES))
SHOW = 'cd /etc/matrix 2>/dev/null || exit 0; for f in *; do printf "%s=%s\\n" "$f" "$(cat "$f")"; done'


def name(kind: str, edit: str, change: str) -> str:
    return f"{kind}-{edit}-{change.rsplit(maxsplit=1)[-1]}"


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with both versions of a package that holds every cell."""
    home = tmp_path_factory.mktemp("matrix")
    for version in ("1", "2"):
        root = home / version
        root.mkdir()
        config = ['name = "matrix"', f'version = "{version}"', "meta = true"]
        for kind, (edit, change) in itertools.product(KINDS, CELLS):
            file = name(kind, edit, change)
            if version == "2" and change.startswith("dropped"):
                continue
            (root / file).write_text(f"{version if change == 'changed' else 1}\n")
            config.append(f'[[files]]\nsrc = "{file}"\ndst = "/etc/matrix/{file}"\ntype = "{kind}"')
        if version == "2":
            dropped = [f"/etc/matrix/{name(kind, edit, 'dropped')}" for kind, edit in itertools.product(KINDS, EDITS)]
            config.insert(3, f"deb.removed-conffiles = {dropped}")
        (root / "pkggen.toml").write_text("\n".join(config) + "\n")
        for path in build(root, home / f"dist{version}").values():
            path.rename(home / f"{version}{path.suffix}")
    return home


def edit(box: Box) -> None:
    """Do what administrators do."""
    box.run("cd /etc/matrix && for f in *-edited-*; do echo own >$f; done && rm -- *-deleted-*", check=True)


def cells(box: Box) -> dict[str, dict[str, str]]:
    """Return, by kind and cell, a sentence such as "own; 2 in .rpmnew"."""
    shown = dict(line.split("=", 1) for line in box.run(SHOW).stdout.splitlines() if "=" in line)
    found: dict[str, dict[str, str]] = {kind: {} for kind in KINDS}
    for kind, (how, change) in itertools.product(KINDS, CELLS):
        file = name(kind, how, change)
        beside = [f"{text} in {path.removeprefix(file)}" for path, text in shown.items() if path.startswith(f"{file}.")]
        found[kind][f"{how}, {change}"] = "; ".join([shown.get(file, "none"), *beside])
    return found


def documented(heading: str) -> dict[str, list[str]]:
    """Return a table of docs/files.md as its columns by their names."""
    section = (REPOSITORY / "docs/files.md").read_text().split(f"\n### {heading}\n", 1)[1].split("\n#", 1)[0]
    head, _, *rows = [
        [c.strip(" `") for c in line.strip("|").split("|")] for line in section.splitlines() if "|" in line
    ]
    assert [", ".join(row[:2]) for row in rows] == [", ".join(cell) for cell in CELLS]
    return {title: [row[i].replace("`", "") for row in rows] for i, title in enumerate(head)}


def test_debian_keeps_configuration_as_documented(share: Path, debian_12: Target) -> None:
    """Unchanged, edited and deleted conffiles, through an upgrade either way it is answered, removal and purge."""
    observed = {}
    for answer, title in (("old", "upgrade, kept"), ("new", "upgrade, replaced")):
        with debian_12.box(shares={"/pkgs": share}) as box:
            box.packages.install("/pkgs/1.deb")
            edit(box)
            box.run(["dpkg", f"--force-conf{answer}", "-i", "/pkgs/2.deb"], check=True)
            upgraded = cells(box)
            assert upgraded["config"] == upgraded["config-noreplace"], "dpkg knows one kind alone"
            observed[title] = list(upgraded["config"].values())
            if answer == "old":
                box.packages.remove("matrix")
                observed["then removed"] = list(cells(box)["config"].values())
            box.packages.purge("matrix")
            observed["then purged"] = list(cells(box)["config"].values())
            assert box.run("test -e /etc/matrix").returncode != 0
    table = documented("Debian")

    assert observed == {title: table[title] for title in observed}


def test_rpm_keeps_configuration_as_documented(share: Path, rpm_target: Target) -> None:
    """Unchanged, edited and deleted %config and %config(noreplace), through an upgrade and removal."""
    observed = {}
    with rpm_target.box(shares={"/pkgs": share}) as box:
        box.packages.install("/pkgs/1.rpm")
        edit(box)
        box.packages.upgrade("/pkgs/2.rpm")
        for kind, found in cells(box).items():
            observed[f"{kind}, upgrade"] = list(found.values())
        box.packages.remove("matrix")
        for kind, found in cells(box).items():
            observed[f"{kind}, then removed"] = list(found.values())
    table = documented("RPM")

    assert observed == {title: table[title] for title in observed}
