"""Unpacking good wheels."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pkggen.errors import ArtefactError
from pkggen.model import Distribution, Interpreter, Script, Tree
from pkggen.model.shebang import is_python_script
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Silent
from pkggen.wheels import unpack_all
from pkggen.wheels.unpacking.extraction import unpack
from pkggen.wheels.unpacking.zip_members import members, opened
from tests.unit.fakes.interpreter_archives import program as static_program
from tests.unit.wheelsmith import Smith, digest, interpreter

SITE = "lib/python3.13/site-packages"
INFO = f"{SITE}/demo-1.0.dist-info"

PRECEDENCE = (
    b"import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; "
    b"enabled and __import__('_distutils_hack').add_shim(); \n"
)
SPACE = (
    "import sys, types, os;has_mfs = sys.version_info > (3, 5);"
    "p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('a', 'b'));"
    "importlib = has_mfs and __import__('importlib.util');has_mfs and __import__('importlib.machinery');"
    "m = has_mfs and sys.modules.setdefault('a.b', importlib.util.module_from_spec("
    "importlib.machinery.PathFinder.find_spec('a.b', [os.path.dirname(p)])));"
    "m = m or sys.modules.setdefault('a.b', types.ModuleType('a.b'));"
    "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p);"
    "m and setattr(sys.modules['a'], 'b', m)\n"
)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def unpacked(smith: Smith, tmp_path: Path, cache: Cache) -> Distribution:
    return unpack(smith.forge(tmp_path), interpreter(tmp_path), cache)


def paths(distribution: Distribution) -> list[str]:
    return [e.path for e in distribution.tree.entries]


def here(tmp_path: Path) -> Interpreter:
    """Return the interpreter that runs the tests, as one of ours."""
    minor = f"{sys.version_info[0]}.{sys.version_info[1]}"
    root = tmp_path / "python"
    (root / "bin").mkdir(parents=True)
    (root / "bin" / f"python{minor}").symlink_to(Path(sysconfig.get_config_var("BINDIR"), f"python{minor}"))
    return Interpreter(f"{minor}.{sys.version_info[2]}", Tree(root, ()), "test", "1" * 64)


def test_every_scheme_goes_where_a_venv_has_it(tmp_path, cache):
    """Code lands in site-packages, scripts in bin/, data in the prefix, headers in include/site."""
    data = "demo-1.0.data"
    files = {
        "demo/__init__.py": b"",
        f"{data}/purelib/pure.py": b"",
        f"{data}/platlib/plat.py": b"",
        f"{data}/scripts/tool": b"#!python\n",
        f"{data}/data/share/demo/x.txt": b"",
        f"{data}/headers/demo.h": b"",
    }

    found = paths(unpacked(Smith(files=files), tmp_path, cache))

    assert {
        f"{SITE}/demo/__init__.py", f"{SITE}/pure.py", f"{SITE}/plat.py", "bin/tool", "share/demo/x.txt",
        "include/site/python3.13/demo/demo.h",
    } <= set(found)  # fmt: skip


def test_modes_are_normalised(tmp_path, cache):
    """Scripts and programs keep their x bit, whatever they are called; others lose it; setuid never survives."""
    files = {
        "demo/__init__.py": b"x = 1\n",
        "demo/hook.py": b"#!/usr/bin/env python3\n",
        "demo/plugin.so": b"#!/bin/sh\n",
        "demo/static.so": static_program(),
        "demo/tool": b"#!/bin/sh\n",
        "demo/core.so": b"not really ELF",
        "demo/data.bin": b"plain",
        "demo-1.0.data/scripts/run": b"#!python\n",
    }
    distribution = unpacked(
        Smith(files=files, modes=dict.fromkeys(files, 0o6777) | {"demo-1.0.data/scripts/run": 0o600}), tmp_path, cache
    )
    modes = {e.path.rpartition("/")[2]: e.mode for e in distribution.tree.entries}

    assert {n for n, mode in modes.items() if mode == 0o755} == {"hook.py", "plugin.so", "static.so", "tool", "run"}
    assert set(modes.values()) == {0o644, 0o755}


@pytest.mark.parametrize(
    ("line", "ours"),
    [
        (b"#!python", True),
        (b"#!pythonw", True),
        (b"#!/usr/bin/env python3", True),
        (b"#! /usr/bin/env  -S python3.11 -u\r", True),
        (b"#!/usr/bin/env -i LANG=C python", True),
        (b"#!/usr/bin/python", True),
        (b"#!C:\\Python\\python.exe", False),
        (b"#!/home/me/venv/bin/python3.13 -I", True),
        (b"#!/bin/sh\n'''exec' /a/very/long/venv/bin/python \"$0\" \"$@\"\n' '''", True),
        (b'#!/bin/sh\n"exec" "`dirname $0`/python" "$0" "$@"', True),
        (b"#!/bin/sh\n''':'\nexec python3 \"$0\"\n'''", True),
        (b"#!/usr/bin/pythonista", False),
        (b"#!/bin/sh\necho python", False),
    ],
)
def test_scripts_for_any_python_are_for_ours(tmp_path, cache, line, ours):
    """However a script's first line asks for a Python, activation replaces it; the rest stays."""
    script = line + b"\nprint(1)\n"
    distribution = unpacked(Smith(files={"demo.py": b"", "demo-1.0.data/scripts/run": script}), tmp_path, cache)
    (entry,) = (e for e in distribution.tree.entries if e.path == "bin/run")
    content = entry.source.read_bytes()

    assert is_python_script(entry) == ours
    assert content == (b"#!python\n" + script.partition(b"\n")[2] if ours else script)
    if ours:
        compile(content, "run", "exec")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (b"#!/bin/sh\nset -e\nexec python3 -m demo\n", "starts a Python of the target's"),
        (b"#!/usr/bin/python3 -u\n", "-u of the first line of run is dropped"),
        (b"#!/bin/sh\n# exec python3\necho\n", ""),
        (b"#!/usr/bin/env python3\n", ""),
    ],
)
def test_what_scripts_mean_beyond_that_is_told(tmp_path, cache, script, words):
    """Options that are dropped and shells that start another Python are told, on a cache hit, too."""
    wheel = Smith(files={"demo.py": b"", "demo-1.0.data/scripts/run": script}).forge(tmp_path)
    for _ in range(2):
        reporter = Silent()
        unpack_all([wheel], interpreter(tmp_path), cache, reporter)

        assert [words in w for w in reporter.warnings] == [True] * bool(words)


@pytest.mark.parametrize(
    ("date", "expected"), [((2024, 5, 6, 7, 8, 10), 1714979290), ((1980, 0, 0, 0, 0, 0), 315532800)]
)
def test_times_are_the_archives_own_in_utc(tmp_path, cache, monkeypatch, date, expected):
    """Member times are read as UTC whatever TZ says, and an impossible date is 1980."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        distribution = unpacked(Smith(date=date), tmp_path, cache)
    finally:
        monkeypatch.undo()
        time.tzset()

    assert {expected} == {e.mtime for e in distribution.tree.entries}


def test_record_is_written_anew_and_true(tmp_path, cache):
    """RECORD has hashes of files, none of what activation writes or rewrites, and INSTALLER names pkggen."""
    files = {"demo/__init__.py": b"x = 1\n", "demo-1.0.data/scripts/tool": b"#!python\nprint()\n"}
    points = "[console_scripts]\ndemo = demo:main\n"

    distribution = unpacked(Smith(files=files, entry_points=points), tmp_path, cache)
    rows = (distribution.tree.root / INFO / "RECORD").read_text().splitlines()

    assert f"demo/__init__.py,sha256={digest(b'x = 1' + bytes([10]))},6" in rows
    assert {"../../../bin/demo,,", "../../../bin/tool,,", "demo-1.0.dist-info/RECORD,,"} <= set(rows)
    assert f"demo-1.0.dist-info/INSTALLER,sha256={digest(b'pkggen' + bytes([10]))},7" in rows
    assert sorted(rows) == rows


def test_byte_code_that_came_along_is_dropped(tmp_path, cache):
    """A wheel's own __pycache__ is not unpacked."""
    files = {"demo/__init__.py": b"", "demo/__pycache__/__init__.cpython-313.pyc": b"evil"}

    assert not [p for p in paths(unpacked(Smith(files=files), tmp_path, cache)) if "__pycache__" in p]


def test_byte_code_is_made_and_recorded(tmp_path, cache):
    """With an interpreter that runs here the tree holds byte code, listed in RECORD without a hash."""
    mine = here(tmp_path)
    distribution = unpack(Smith().forge(tmp_path), mine, cache)
    tag = f"cpython-{mine.minor.replace('.', '')}"
    site = distribution.tree.root / f"lib/python{mine.minor}/site-packages"

    assert (site / f"demo/__pycache__/__init__.{tag}.pyc").is_file()
    assert f"demo/__pycache__/__init__.{tag}.pyc,," in (site / "demo-1.0.dist-info/RECORD").read_text().splitlines()


def test_a_real_python_finds_the_distribution(tmp_path, cache):
    """importlib.metadata sees version, files and entry points, and every hashed file is as RECORD says."""
    mine = here(tmp_path)
    smith = Smith(entry_points="[console_scripts]\ndemo = demo:main\n")
    distribution = unpack(smith.forge(tmp_path), mine, cache)
    program = (
        "import importlib.metadata as m, hashlib, base64\n"
        "d = m.distribution('demo')\n"
        "for f in d.files:\n"
        "    if f.hash:\n"
        "        h = hashlib.new(f.hash.mode, f.read_binary()).digest()\n"
        "        assert base64.urlsafe_b64encode(h).rstrip(b'=').decode() == f.hash.value\n"
        "print(d.version, [e.value for e in d.entry_points])\n"
    )
    site = distribution.tree.root / f"lib/python{mine.minor}/site-packages"
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(site)}, capture_output=True, text=True, check=True
    )

    assert done.stdout == "1.0 ['demo:main']\n"


def test_a_second_unpacking_comes_from_the_cache(tmp_path, cache):
    """The same wheel and interpreter give an equal value without the wheel being opened again."""
    wheel = Smith(metadata="Summary: A demo\nLicense: MIT\n").forge(tmp_path)
    first = unpack(wheel, interpreter(tmp_path), cache)
    wheel.path.unlink()

    assert first == unpack(wheel, interpreter(tmp_path), cache)


def test_umask_does_not_matter(tmp_path):
    """Trees made under any umask are the same."""
    wheel = Smith().forge(tmp_path)
    seen = []
    for mask in (0o077, 0o002, 0o000):
        old = os.umask(mask)
        try:
            tree = unpack(wheel, interpreter(tmp_path), Cache(tmp_path / f"cache{mask}")).tree
        finally:
            os.umask(old)
        seen.append([replace(e, source=None) for e in tree.entries])

    assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ("License-Expression: MIT OR 0BSD\nLicense: x\n", ("MIT OR 0BSD", "")),
        ("License: Apache 2\nHome-page: https://a.example/\n", ("Apache 2", "https://a.example/")),
        ("Classifier: License :: OSI Approved :: MIT License\n", ("MIT License", "")),
        ("License: UNKNOWN\nProject-URL: Home Page, https://b.example\n", ("", "https://b.example")),
        (
            "Project-URL: Source, https://s.example\nProject-URL: Homepage, https://h.example\n",
            ("", "https://h.example"),
        ),
    ],
)
def test_description_is_read(tmp_path, cache, metadata, expected):
    """Licence and homepage are found in each place that metadata versions have for them."""
    distribution = unpacked(Smith(metadata=metadata), tmp_path, cache)

    assert expected == (distribution.licence, distribution.homepage)


def test_importable_names_and_scripts(tmp_path, cache):
    """Packages, namespaces, modules and extension modules are named; data and library folders are not."""
    files = {
        "demo/__init__.py": b"",
        "spaced/deep/er/mod.py": b"",
        "single.py": b"",
        "_fast.cpython-313-x86_64-linux-gnu.so": b"",
        "demo.libs/libx.so.1": b"",
        "texts/readme.txt": b"",
    }
    commands = "[gui_scripts]\nwin = demo.gui:App.run\n[console_scripts]\ncmd = demo:main [extra]\n"
    points = f"{commands}[other]\nx = anything goes\n"

    distribution = unpacked(Smith(files=files, entry_points=points), tmp_path, cache)

    assert distribution.top_level == ("_fast", "demo", "single", "spaced")
    assert distribution.scripts == (Script("cmd", "demo", "main"), Script("win", "demo.gui", "App.run"))


def test_several_wheels_keep_their_order(tmp_path, cache):
    """unpack_all gives the distributions in the order of the wheels."""
    wheels = [Smith(name=n, files={f"{n}.py": b""}).forge(tmp_path) for n in ("zeta", "alpha", "mid")]

    assert [d.wheel.name for d in unpack_all(wheels, interpreter(tmp_path), cache, Silent())] == [
        "zeta",
        "alpha",
        "mid",
    ]


def test_all_bad_wheels_are_told_at_once(tmp_path, cache):
    """One error names every unusable wheel."""
    wheels = [Smith(name=n, without=["WHEEL"]).forge(tmp_path) for n in ("one", "two")]

    with pytest.raises(ArtefactError) as caught:
        unpack_all(wheels, interpreter(tmp_path), cache, Silent())

    assert [p.where.partition(":")[0] for p in caught.value.problems] == [
        "one-1.0-py3-none-any.whl",
        "two-1.0-py3-none-any.whl",
    ]


@pytest.mark.parametrize(
    ("name", "content", "warned"),
    [
        ("x.pth", b"import os; os.system('x')\n", True),
        ("x.pth", b"# comment\n\nsubdir\n", False),
        ("x.pth", b"/opt/elsewhere\n", True),
        ("x.pth", b"../../elsewhere\n", True),
        ("x.pth", b"\xef\xbb\xbfimport os; os.system('x')\n", True),
        ("x.pth", b"subdir\rimport os\n", True),
        ("x.pth", b"\xe9\x85import os\n", True),
        ("x.pth", "subdir\u2028import os\n".encode(), True),
        (".x.pth", b"import os\n", True),
        ("x.pth", b"#" * (2 << 20) + b"\nimport os\n", True),
        ("distutils-precedence.pth", b"import os\n", True),
        ("distutils-precedence.pth", PRECEDENCE, True),
        ("proj-1.0-py3.8-nspkg.pth", b"import sys, types\n", True),
        ("proj-1.0-py3.8-nspkg.pth", SPACE.encode(), False),
        ("proj-1.0-py3.8-nspkg.pth", SPACE.encode() + b"import os\n", True),
        ("proj-1.0-py3.8-nspkg.pth", SPACE.replace("'a'", "'a'+__import__('x').y").encode(), True),
        ("sitecustomize.py", b"", True),
        ("sitecustomize.pyc", b"", True),
        ("sitecustomize.so", b"", True),
        ("sitecustomize.abi3.so", b"", True),
        ("usercustomize.cpython-313-x86_64-linux-gnu.so", b"", True),
        ("usercustomize/__init__.py", b"", True),
        ("usercustomize/__init__.pyc", b"", True),
        ("demo/bootstrap/sitecustomize.py", b"", False),
        ("demo.start", b"demo:main\n", True),
        ("demo-1.0.data/data/lib64/python3.13/site-packages/x.pth", b"import os\n", True),
        ("demo-1.0.data/platlib/x.pth", b"import os\n", True),
    ],
)
def test_what_runs_at_start_is_warned_of(tmp_path, cache, name, content, warned):
    """Start-up hooks are told, on a cache hit too, unless they only add inner paths or are well known."""
    wheel = Smith(files={name: content}).forge(tmp_path)
    for _ in range(2):
        reporter = Silent()
        unpack_all([wheel], interpreter(tmp_path), cache, reporter)

        found = any(
            wheel.filename in w and name.rpartition("/site-packages/")[2].rpartition("platlib/")[2] in w
            for w in reporter.warnings
        )
        assert warned == found


def test_a_folder_that_a_pth_adds_is_searched_for_hooks(tmp_path, cache):
    """A sitecustomize in a folder that a .pth line puts on the path runs at every start, and is told."""
    wheel = Smith(files={"x.pth": b"demo/boot\n", "demo/boot/sitecustomize.py": b""}).forge(tmp_path)
    reporter = Silent()
    unpack_all([wheel], interpreter(tmp_path), cache, reporter)

    assert any("demo/boot/sitecustomize.py runs at every start" in w for w in reporter.warnings)


def test_a_well_known_file_of_its_own_project_is_silent(tmp_path, cache):
    """What setuptools ships is known by its bytes; in another project the same bytes run that one's code."""
    wheel = Smith(name="setuptools", files={"distutils-precedence.pth": PRECEDENCE, "a.py": b""}).forge(tmp_path)
    reporter = Silent()
    unpack_all([wheel], interpreter(tmp_path), cache, reporter)

    assert not [w for w in reporter.warnings if "start" in w]


def test_shadowing_the_standard_library_is_warned_of(tmp_path, cache):
    """A top-level name that Python itself has is told, since the wheel's module never gets imported."""
    wheel = Smith(files={"dataclasses.py": b"", "demo.py": b""}).forge(tmp_path)
    reporter = Silent()
    unpack_all([wheel], interpreter(tmp_path, "dataclasses.py", "json/__init__.py"), cache, reporter)

    assert [f"{wheel.filename}: dataclasses is also a module of Python itself, which wins"] == reporter.warnings


def test_many_members_are_fine(tmp_path, cache):
    """An archive with more members than the old zip format counts (65,535) is a wheel like any other."""
    smith = Smith(files={f"demo/{n}.txt": b"" for n in range(65_600)}, method=0)
    with opened(smith.forge(tmp_path).path, smith.filename) as archive:
        found, problems = members(archive, smith.filename)

    assert (len(found), problems) == (65_603, [])
