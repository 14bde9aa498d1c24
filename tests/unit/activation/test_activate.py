"""What activation makes of the layers, and what it leaves alone."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pkggen.activation.configure import configure
from pkggen.activation.manifest import PROGRAM
from pkggen.activation.members import File, Text
from pkggen.activation.plan import Plan
from pkggen.activation.protocol import BROKEN, DAMAGED, UNFIT, Failure
from pkggen.activation.removal import deactivate, remove
from pkggen.activation.rollback import switch_back
from pkggen.activation.scaffold import rewritten, script, shebang
from pkggen.activation.verification import verify
from tests.unit.installation import REPOSITORY, Base, Installation, both_layouts


def test_the_release_is_made_of_hard_links(app: Installation) -> None:
    """A layer's file and the release's share one inode, so a release takes no space."""
    answer = configure(app.package().place)

    shipped, active = app.root / f"layers/app/{app.base.site}/hello/data.txt", app.root / "current/venv"
    assert os.path.samefile(shipped, active / app.base.site / "hello/data.txt")
    assert (os.readlink(app.root / "current"), answer.copied) == (f"releases/{answer.release}", 0)
    assert app.leftovers() == []


@both_layouts
def test_the_command_runs_from_the_release(app: Installation) -> None:
    """The command's interpreter, prefix and modules are those of releases/<id>."""
    answer = configure(app.package().place)

    assert app.hello() == f"hello {app.root}/releases/{answer.release}/venv/{app.base.site}/hello/__init__.py\n"


@pytest.mark.parametrize(("length", "long"), [(127, False), (128, True)])
def test_a_shebang_has_at_most_127_bytes(length: int, long: bool) -> None:
    """Counted with ``#!`` and the newline."""
    python = "/" + "x" * (length - len("#!/ -I\n"))

    assert shebang(python, "-I").startswith(b"#!/bin/sh\n") is long


def test_the_id_is_a_digest_of_the_descriptions(app: Installation) -> None:
    """The id follows from manifest.json, the layers' descriptions in order, and the program."""
    app.package("1.0+x")

    paths = ["manifest.json", *(f"layers/{name}.json" for name in ("python", "deps", "app")), PROGRAM]
    digest = hashlib.sha256(b"".join((app.root / path).read_bytes() for path in paths)).hexdigest()
    assert Plan(app.root).id == f"1.0+x-1-{digest[:12]}"


@both_layouts
def test_a_second_run_changes_nothing(app: Installation) -> None:
    """Configure twice: same release, not one inode or time in it differs."""

    def state() -> dict[str, tuple[int, int]]:
        return {str(p): (p.lstat().st_ino, p.lstat().st_mtime_ns) for p in (app.root / "releases").rglob("*")}

    configure(app.package().place)
    before = state()
    assert not configure(app.place).changed

    assert state() == before


def test_reinstalling_mends_the_release(app: Installation) -> None:
    """After an edit in place, the package's files come anew: the release links to them again."""
    configure(app.package().place)
    edited = app.root / "current/venv" / app.base.site / "hello/data.txt"
    edited.write_text("XXX")
    configure(app.package().place)

    assert edited.read_text() == "1.0"
    assert os.path.samefile(edited, app.root / f"layers/app/{app.base.site}/hello/data.txt")
    assert verify(app.place).differences == ()


def test_an_upgrade_keeps_one_release_for_rollback(app: Installation) -> None:
    """With keep = 1 the third release drops the first."""
    ids = [configure(app.package(version).place).release for version in ("1", "2", "3")]

    assert app.place.complete() == [ids[2], ids[1]]


def test_an_earlier_version_outlasts_changes_of_layers(app: Installation) -> None:
    """A plugin or a runtime that comes with an upgrade does not take the way back; a newer version does."""
    old = configure(app.package("1").place).release
    for text in ("one layer", "another", "a third"):
        new = configure(app.package("2", {"lib/more.txt": text}).place, "upgrade", "deb").release
    assert [app.place.complete()[0], app.place.complete()[-1], len(app.place.complete())] == [new, old, 3]
    configure(app.package("3").place)

    assert old not in app.place.complete()


def test_a_release_that_a_process_runs_from_stays(app: Installation) -> None:
    """A service whose restart is forbidden finds the modules that it imports later, however many upgrades come."""
    old = configure(app.package("1").place).release
    python = app.root / "releases" / old / "venv/bin/python"
    process = subprocess.Popen([python, "-I", "-c", "input(); import hello"], stdin=subprocess.PIPE)
    for version in ("2", "3", "4"):
        configure(app.package(version).place)
    process.communicate(b"\n", timeout=30)
    assert (process.returncode, old in app.place.complete()) == (0, True)
    configure(app.place)

    assert old not in app.place.complete()


def test_keep_zero_spares_the_release_that_still_runs(app: Installation) -> None:
    """The release current until now outlives the switch, and goes with the next run."""
    ids = [configure(app.package(version, keep=0).place).release for version in ("1", "2")]
    assert set(app.place.complete()) == set(ids)
    configure(app.place)

    assert app.place.complete() == [ids[1]]


@both_layouts
def test_rollback_goes_back_and_forth(app: Installation) -> None:
    """Rollback is a switch to the release that was current before; twice is where one was."""
    old, new = (configure(app.package(version).place).release for version in ("1", "2"))
    seen = [switch_back(app.place, None).release, switch_back(app.place, None).release]

    assert seen == [old, new]
    assert switch_back(app.place, old).previous == new


def test_rollback_without_a_target_fails(app: Installation) -> None:
    """With one release, or a name nobody knows, there is nothing to go back to."""
    configure(app.package().place)

    for name in (None, "no-such", "../x"):
        with pytest.raises(Failure, match="no release"):
            switch_back(app.place, name)


@both_layouts
def test_an_old_release_verifies_after_rollback(app: Installation) -> None:
    """A release holds its own record: the layers of the new version don't count against it."""
    for version in ("1", "2"):
        configure(app.package(version).place)
    switch_back(app.place, None)

    assert verify(app.place).differences == ()


@pytest.mark.parametrize("path", ["venv/bin/hello", "venv/pyvenv.cfg", "venv/{site}/hello/data.txt", "{exe}"])
def test_verify_names_what_differs(app: Installation, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One changed byte in a script, the venv's settings, a module or the interpreter is found."""
    configure(app.package().place)
    target = app.root / "current" / path.format(site=app.base.site, exe="python/" + app.base.executable)
    data = bytearray(target.read_bytes())
    data[-1] ^= 1
    copy = target.with_name("copy")
    copy.write_bytes(bytes(data))  # not in place: the inode is the layer's, and the session's
    copy.replace(target)

    with pytest.raises(Failure) as failure:
        verify(app.place)
    assert failure.value.code == DAMAGED
    assert str(target).rpartition("/")[2] in capsys.readouterr().out


def test_verify_misses_nothing_that_is_gone(app: Installation) -> None:
    """A removed link of the venv is a difference."""
    configure(app.package().place)
    (app.root / "current/venv/bin/python3").unlink()

    with pytest.raises(Failure, match="1 files differ"):
        verify(app.place)


@pytest.mark.parametrize("damage", ["unlink", "truncate"])
def test_a_damaged_layer_is_named(app: Installation, damage: str) -> None:
    """A layer's file that is missing or of another size stops activation; nothing is left."""
    shipped = app.package().root / f"layers/app/{app.base.site}/hello/data.txt"
    shipped.unlink() if damage == "unlink" else shipped.write_text("")

    with pytest.raises(Failure, match=r"data.txt.*reinstall") as failure:
        configure(app.place)
    assert (failure.value.code, app.place.active(), app.leftovers()) == (DAMAGED, None, [])


@pytest.mark.parametrize("path", ["manifest.json", "layers/app.json"])
@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", '{"schema": 2}', '{"schema": 1}', '{"schema": 1, "name": "app", "files": [], "links": []}', None],
)
def test_an_unreadable_description_is_named(app: Installation, path: str, content: str | None) -> None:
    """Empty, foreign or absent descriptions give one line with the file's name."""
    target = app.package().root / path
    target.unlink() if content is None else target.write_text(content)

    with pytest.raises(Failure, match=r"json.*reinstall"):
        configure(app.place)


@both_layouts
def test_a_release_that_does_not_start_is_not_switched_to(app: Installation) -> None:
    """The smoke import fails: the old release stays current, the new one is gone."""
    old = configure(app.package("1").place).release
    with pytest.raises(Failure, match="No module named 'nosuch'") as failure:
        configure(app.package("2", smoke=["nosuch"]).place)

    assert (failure.value.code, app.place.active(), app.place.complete()) == (BROKEN, old, [old])
    assert sorted(path.name for path in (app.root / "releases").iterdir()) == [old]


def test_leftovers_of_killed_runs_go(app: Installation) -> None:
    """Scratch directories and releases without release.json are removed by the next run."""
    app.package()
    for name in (".new-1-2-3", ".old-x", "0.9-1-abc"):
        (app.root / "releases" / name / "venv").mkdir(parents=True)
    (app.root / ".current.new").symlink_to("releases/x")
    answer = configure(app.place)

    assert [path.name for path in (app.root / "releases").iterdir()] == [answer.release]
    assert app.leftovers() == []


@both_layouts
def test_remove_keeps_what_is_not_ours(app: Installation, tmp_path: Path) -> None:
    """Releases and current go, links out of them are not followed, an administrator's file stays and is named."""
    configure(app.package().place)
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/file").touch()
    (app.root / "releases/planted").symlink_to(tmp_path / "precious")
    (app.root / "notes.txt").touch()
    answers = [remove(app.place), remove(app.place)]

    assert [answer.left for answer in answers] == [("notes.txt",), ("notes.txt",)]
    assert not (app.root / "releases").exists()
    assert not (app.root / "current").is_symlink()
    assert (tmp_path / "precious/file").exists()


def test_remove_leaves_a_releases_directory_that_is_a_link(app: Installation, tmp_path: Path) -> None:
    """A symlink in the place of releases/ is not followed: neither by remove nor by configure."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/file").touch()
    (app.package().root / "releases").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(Failure, match="releases is not a directory"):
        configure(app.place)
    assert remove(app.place).left == ("releases",)
    assert (tmp_path / "elsewhere/file").exists()


def test_deactivate_removes_current_alone(app: Installation) -> None:
    """The releases stay, and configure brings current back."""
    release = configure(app.package().place).release
    deactivate(app.place)
    assert (app.place.active(), app.place.complete()) == (None, [release])

    assert configure(app.place).changed


def test_a_prefix_that_others_may_write_is_refused(app: Installation) -> None:
    """A group-writable prefix would let others choose what root runs."""
    app.package().root.chmod(0o775)

    with pytest.raises(Failure, match="chmod go-w") as failure:
        configure(app.place)
    assert failure.value.code == UNFIT


def test_a_moved_prefix_is_refused(app: Installation) -> None:
    """The descriptions name another prefix than the one they lie in."""
    app.package(prefix="/nonexistent/hello")

    with pytest.raises(Failure, match="can't be moved"):
        configure(app.place)


@both_layouts
def test_a_symlinked_parent_keeps_the_written_prefix(app: Installation, tmp_path: Path) -> None:
    """With /opt a link, texts hold the prefix as the package says it, not where it really is."""
    (tmp_path / "opt").symlink_to(app.root.parent)
    app.package(prefix=f"{tmp_path}/opt/hello")
    assert app.run("configure").returncode == 0

    assert f"home = {tmp_path}/opt/hello/releases/" in (app.root / "current/venv/pyvenv.cfg").read_text()
    assert app.hello().startswith("hello ")


def test_a_long_prefix_gets_a_trampoline(base: Base, tmp_path: Path) -> None:
    """A shebang over 127 bytes is cut by older kernels: sh starts the interpreter instead."""
    root = tmp_path / ("long-" * 20) / "he llo"
    root.mkdir(parents=True)
    app = Installation(root, base).package(scripts=[["again", "hello", "Tool.run"]])
    configure(app.place)

    assert (app.root / "current/venv/bin/hello").read_bytes().startswith(b"#!/bin/sh\n'''exec' ")
    assert app.hello() == app.hello("again")


@pytest.mark.parametrize(
    ("shipped", "expected"),
    [
        (b"#!python\nprint(1)\n", b"#!/p -I\nprint(1)\n"),
        (b"#!python\r\nprint(1)\r\n", b"#!/p -I\nprint(1)\r\n"),
        (b"#!pythonw -u\n\xff\n", b"#!/p -I\n\xff\n"),
        (b"#!python", b"#!/p -I\n"),
        (b"#!/bin/sh\n:\n", b"#!/bin/sh\n:\n"),
        (b"\x7fELF", b"\x7fELF"),
    ],
)
def test_data_scripts_get_our_first_line(tmp_path: Path, shipped: bytes, expected: bytes) -> None:
    """Only a first line that starts with #!python is replaced; all other bytes stay."""
    path = tmp_path / "script"
    path.write_bytes(shipped)
    file = File(str(path), len(shipped), hashlib.sha256(shipped).hexdigest())

    assert rewritten(file, b"#!/p -I\n") == Text(expected, 0o755)


def test_a_rewritten_script_does_not_touch_the_layer(app: Installation) -> None:
    """It is a file of its own: the package's stays as shipped."""
    app.package(files={"bin/tool": "#!python\nimport sys; print(sys.flags.isolated)\n"}, rewrite=["bin/tool"])
    configure(app.place)

    assert app.hello("tool") == "1\n"
    assert (app.root / "layers/app/bin/tool").read_text().startswith("#!python\n")


@both_layouts
def test_isolated_is_the_packages_choice(app: Installation, tmp_path: Path) -> None:
    """Without ``isolated`` the command sees PYTHONPATH."""
    outside = tmp_path / "outside.py"
    outside.write_text("def main(): print('outside')")
    app.package(isolated=False, scripts=[["out", "outside", "main"]])
    configure(app.place)

    assert app.hello("out", env={"PYTHONPATH": str(tmp_path)}) == "outside\n"


@pytest.mark.parametrize("row", [["../x", "m", "a"], ["x", "m;y", "a"], ["x", "m", "a()"], ["", "m", "a"]])
def test_an_entry_point_that_is_code_is_refused(row: list[str]) -> None:
    """Names and values are checked here again, as they become code that root may run."""
    with pytest.raises(Failure):
        script(*row, head=b"")


def test_a_layer_cannot_leave_the_release(app: Installation) -> None:
    """A path with ``..`` is damage."""
    app.package().write("layers/deps.json", {"name": "deps", "files": [["../../x", 0, "", 420]], "links": []})

    with pytest.raises(Failure, match="reinstall"):
        configure(app.place)


def test_byte_code_is_made_where_none_was_shipped(app: Installation) -> None:
    """A cross-built layer is compiled in the release, unchecked by time; broken test data is no obstacle."""
    site = app.base.site
    app.package(files={f"{site}/hello/bad.py": "print 1", f"{site}/hello/tests/t.py": ""}, compiled=True)
    configure(app.place)

    found = sorted((app.root / "current/venv" / site / "hello").rglob("*.pyc"))
    assert [path.name.split(".")[0] for path in found] == ["__init__"]
    assert found[0].read_bytes()[4:8] == b"\1\0\0\0"
    assert not list((app.root / "layers/app").rglob("*.pyc"))


def test_json_has_an_answer_also_for_errors(app: Installation) -> None:
    """One object on stdout, lines for people on stderr."""
    done = app.package().run("configure", "--json")
    listed = json.loads(app.run("status", "--json").stdout)
    failed = app.run("rollback", "--json")

    assert (done.returncode, json.loads(done.stdout)["release"]) == (0, listed["current"])
    assert listed["package"] == listed["releases"][0]["id"]
    assert listed["releases"][0]["version"] == "1.0-1"
    assert (failed.returncode, json.loads(failed.stdout)["ok"]) == (1, False)
    assert failed.stderr == "hello: there is no release to go back to\n"


@pytest.mark.parametrize("argv", [["nosuch"], [], ["status", "x"]])
def test_wrong_usage_is_status_two(app: Installation, argv: list[str]) -> None:
    """As everywhere."""
    assert app.package().run(*argv).returncode == 2


@both_layouts
def test_a_hostile_environment_does_not_matter(app: Installation, tmp_path: Path) -> None:
    """A re.py in the directory, PYTHONPATH, PYTHONHOME and umask 077 change nothing."""
    for name in ("re.py", "json.py", "hello.py", "sitecustomize.py"):
        (tmp_path / name).write_text("raise SystemExit(99)")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONHOME": str(tmp_path), "TMPDIR": "/nonexistent"}
    done = app.package().run("configure", cwd=tmp_path, env=environment, umask=0o077)

    assert (done.returncode, done.stderr) == (0, "")
    assert (app.root / "current/venv").stat().st_mode & 0o777 == 0o755
    assert app.hello(cwd=tmp_path, env=environment).startswith("hello ")


def test_the_smoke_import_gets_a_fixed_environment(app: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the package manager's caller had set does not reach the application."""
    monkeypatch.setenv("LD_LIBRARY_PATH", "/nonexistent")
    module = "import os\nassert sorted(os.environ) == ['HOME', 'LC_ALL', 'PATH'], os.environ\n"

    assert configure(app.package(files={f"{app.base.site}/picky.py": module}, smoke=["picky"]).place).changed


def test_only_the_standard_library_is_imported(app: Installation) -> None:
    """It runs alone on the target: isolated, without site-packages."""
    command = [sys.executable, "-I", "-S", "-B", app.package().root / PROGRAM, "--help"]

    assert subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=False).returncode == 0
