"""Shell completion: what is asked of the commands, and what of it goes where."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pkggen.config.tables import Config
from pkggen.errors import ConfigurationError, ToolError
from pkggen.model import Entry, Interpreter, Layer, Parts, Payload, Script, Tree
from pkggen.payload.completions import with_completions
from pkggen.terminal.reporter import Reporter
from tests.unit import parts as small
from tests.unit.payloads import payload

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
CLICK = """
class Command:
    def __call__(self):
        raise SystemExit("run")
"""
SHELLS = """
class Complete:
    def __init__(self, command, context, name, variable):
        self.variable = variable
    def source(self):
        return f"#{self.shell}_source {self.variable}"
def get_completion_class(shell):
    return type("Shell", (Complete,), {"shell": shell})
"""
ARGCOMPLETE = "def shellcode(names, shell):\n    return f'{shell} of {names[0]}\\n'\n"
MODULES = {
    "click/core.py": CLICK,
    "click/shell_completion.py": SHELLS,
    "click/__init__.py": "from click.core import Command\n",
    "typer/main.py": "from click import Command\ndef get_command(app): return Command()\n",
    "typer/__init__.py": "class Typer: ...\n",
    "argcomplete.py": ARGCOMPLETE,
    "clicked.py": "import click\ncli = click.Command()\n",
    "typed.py": "import typer\nmain = typer.Typer()\n",
    "wrapping.py": "from clicked import cli\ndef main(): open(__file__ + '.run', 'w'); raise SystemExit('run')\n",
    "dirty.py": "from clicked import cli as main\nopen(__file__, 'a').write('#')\nopen(__file__ + '.x', 'w')\n",
    "argued.py": "import argcomplete\ndef main(): raise SystemExit('run')\n",
    "plain.py": "def main(): raise SystemExit('run')\n",
    "broken.py": "import nothing_such\n",
    "leaking.py": "import argcomplete\nargcomplete.shellcode = lambda names, shell: __file__\ndef main(): ...\n",
}


class Notes(Reporter):
    """Keeps what is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)

    def warn(self, text: str) -> None:
        self.lines.append(text)


def made(tmp_path: Path, completions: Any, *, runs_here: bool = True, notes: Notes | None = None) -> Payload:
    """Ask the modules above, each the command of its name, with this Python as the packaged one."""
    home = tmp_path / "python/bin"
    home.mkdir(parents=True, exist_ok=True)
    if not (home / f"python{MINOR}").exists():
        os.symlink(os.path.realpath(sys.executable), home / f"python{MINOR}")
    site = tmp_path / f"wheel/lib/python{MINOR}/site-packages"
    for name, text in MODULES.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    interpreter = Interpreter(f"{MINOR}.0", Tree(home.parent, ()), "host", "", runs_here=runs_here)
    app = replace(small.distribution(tmp_path / "d", "app"), tree=Tree(tmp_path / "wheel", ()))
    names = [n.removesuffix(".py") for n in MODULES if "/" not in n and n != "argcomplete.py"]
    scripts = tuple(Script(n, n, "cli" if n == "clicked" else "main") for n in names)
    base = payload()
    staged = replace(
        base,
        layers=(Layer("app", (), scripts),),
        project=replace(base.project, root=tmp_path, commands=("clicked", "typed", "wrapping", "argued", "plain")),
    )
    config = Config.model_validate({"completions": completions})
    scratch = Path(tempfile.mkdtemp(dir=tmp_path))
    return with_completions(staged, config, Parts(interpreter, app, ()), notes or Notes(), scratch)


def texts(staged: Payload, format_name: str = "deb") -> dict[str, str]:
    entries: tuple[Entry, ...] = staged.options[format_name].entries
    return {e.path: (e.content or b"").decode() for e in entries}


def test_every_command_that_can_is_asked(tmp_path: Path) -> None:
    """Click's commands, typer's, and those that know argcomplete; others are noted. None is run."""
    notes = Notes()
    found = texts(made(tmp_path, True, notes=notes))

    assert found["/usr/share/bash-completion/completions/clicked"] == "#bash_source _CLICKED_COMPLETE\n"
    assert found["/usr/share/zsh/vendor-completions/_argued"] == "zsh of argued\n"
    assert found["/usr/share/fish/vendor_completions.d/typed.fish"].startswith("#fish_source")
    assert len(found) == 9
    assert [line for line in notes.lines if "plain can't tell" in line]


def test_a_function_is_not_called(tmp_path: Path) -> None:
    """Calling it would do the program's work; the note names the object that can be asked, and naming it works."""
    notes = Notes()
    found = texts(made(tmp_path, True, notes=notes))

    assert not [path for path in found if "wrapping" in path]
    assert [line for line in notes.lines if '"wrapping=wrapping:cli"' in line]
    assert not list(tmp_path.rglob("*.run"))
    named = texts(made(tmp_path, ("wrapping=wrapping:cli",)))
    assert named["/usr/share/bash-completion/completions/wrapping"] == "#bash_source _WRAPPING_COMPLETE\n"


def test_what_is_imported_has_no_hold_on_the_cache(tmp_path: Path) -> None:
    """A module that writes into and beside itself writes into a copy."""
    assert texts(made(tmp_path, ("dirty",)))
    site = tmp_path / f"wheel/lib/python{MINOR}/site-packages"

    assert (site / "dirty.py").read_text() == MODULES["dirty.py"]
    assert not list(site.glob("dirty.py.x"))


def test_each_format_has_its_places(tmp_path: Path) -> None:
    """Zsh looks elsewhere on Debian than on Fedora."""
    found = texts(made(tmp_path, ("clicked",)), "rpm")

    assert set(found) == {
        "/usr/share/bash-completion/completions/clicked",
        "/usr/share/zsh/site-functions/_clicked",
        "/usr/share/fish/vendor_completions.d/clicked.fish",
    }


def test_a_file_comes_before_what_is_generated(tmp_path: Path) -> None:
    """Files are known by their names; the command still tells for the other shells."""
    (tmp_path / "clicked.bash").write_text("mine\n")
    (tmp_path / "_other").write_text("#compdef other\n")
    found = texts(made(tmp_path, ("clicked", "clicked.bash", "_other")))

    assert found["/usr/share/bash-completion/completions/clicked"] == "mine\n"
    assert found["/usr/share/zsh/vendor-completions/_other"] == "#compdef other\n"
    assert "/usr/share/zsh/vendor-completions/_clicked" in found


@pytest.mark.parametrize(
    ("item", "error", "says"),
    [
        ("plain", ConfigurationError, "can't tell its completion"),
        ("wrapping", ConfigurationError, "is a function"),
        ("wrapping=cli", ConfigurationError, "names no object"),
        ("absent", ConfigurationError, "no wheel has a console script 'absent'"),
        ("absent.bash", ConfigurationError, "no file of the project"),
        ("broken", ToolError, "nothing_such"),
        ("leaking", ToolError, "holds paths of this machine"),
    ],
)
def test_what_is_named_has_to_be_had(tmp_path: Path, item: str, error: type[Exception], says: str) -> None:
    """A name is a wish: where it can't be met, the build stops and says why."""
    with pytest.raises(error, match=says):
        made(tmp_path, (item,))


def test_an_interpreter_that_can_not_run_here_is_told(tmp_path: Path) -> None:
    """Nothing is generated for another machine, and nobody has to find out on the target."""
    notes = Notes()

    assert texts(made(tmp_path, True, runs_here=False, notes=notes)) == {}
    assert "this machine can't run their interpreter" in notes.lines[0]
