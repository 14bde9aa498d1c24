"""Runs under the packaged interpreter at build time: asks a command for its shell completion.

Protocol. stdin: JSON with ``paths`` (folders that hold the wheels' modules), ``module``, ``attr``,
``name`` (the command's) and ``shells``. stdout: JSON, ``scripts`` by shell, {} when the command is
made with neither click, typer nor argcomplete, and ``beside``, the names of click's and typer's
commands in the module when the command itself is none of them. Exit status 0, else what went wrong
stands on stderr. Modules are imported; the command is never called, for it would do its work.
"""

from __future__ import annotations

import sys

sys.path.pop(0)  # this file's directory: a neighbour must never stand in for a module of the application's

import contextlib
import importlib
import inspect
import json
import site


def main() -> None:
    """Answer one request."""
    answer = sys.stdout
    request = json.load(sys.stdin)
    for path in request["paths"]:
        site.addsitedir(path)
    sys.argv = [request["name"]]
    with contextlib.redirect_stdout(sys.stderr):
        module = importlib.import_module(request["module"])
        target = module
        for part in request["attr"].split("."):
            target = getattr(target, part)
        command = command_of(target)
        scripts, beside = {}, []
        if command is not None:
            scripts = {shell: of_click(command, request["name"], shell) for shell in request["shells"]}
        elif uses_argcomplete(module):
            scripts = {shell: of_argcomplete(request["name"], shell) for shell in request["shells"]}
        elif not is_click(target):
            beside = sorted(name for name, value in vars(module).items() if is_click(value))
    json.dump({"scripts": {shell: text for shell, text in scripts.items() if text}, "beside": beside}, answer)


def click_of(value: object) -> str:
    """Return the package that a command object is of: "click", or the one that typer has of its own; else ""."""
    return next(
        (
            kind.__module__[: -len(".core")]
            for kind in type(value).__mro__
            if kind.__name__ == "Command" and kind.__module__ in ("click.core", "typer._click.core")
        ),
        "",
    )


def is_typer(value: object) -> bool:
    """Tell whether it is what typer makes a command of."""
    return "typer" in sys.modules and isinstance(value, sys.modules["typer"].Typer)


def is_click(value: object) -> bool:
    """Tell whether it is a command of click or typer, which can tell its completion without being called."""
    return bool(click_of(value)) or is_typer(value)


def command_of(target: object) -> object:
    """Return click's command for an entry point; None where there is none, or its maker wants no completion."""
    if is_typer(target):
        # without it typer leaves click's scripts in place, whose words it does not understand
        wanted = getattr(target, "_add_completion", True)
        return importlib.import_module("typer.main").get_command(target) if wanted else None
    return target if click_of(target) else None


def of_click(command: object, name: str, shell: str) -> str:
    """Ask the class that answers for ``shell`` when the command runs; typer puts its own there. Click 8 has them."""
    variable = "_" + name.replace("-", "_").replace(".", "_").upper() + "_COMPLETE"
    try:
        completion = importlib.import_module(click_of(command) + ".shell_completion")
    except ImportError:
        return ""
    kind = completion.get_completion_class(shell)
    return kind(command, {}, name, variable).source().rstrip("\n") + "\n" if kind else ""


def uses_argcomplete(module: object) -> bool:
    """Tell whether the command's module knows argcomplete, which its documentation wants in its source."""
    try:
        return "argcomplete" in inspect.getsource(module)  # type: ignore[arg-type]
    except (OSError, TypeError):
        return False


def of_argcomplete(name: str, shell: str) -> str:
    """Ask argcomplete as register-python-argcomplete does; old ones don't know every shell."""
    try:
        return str(importlib.import_module("argcomplete").shellcode([name], shell=shell))
    except ImportError:
        return ""
    except Exception as error:
        sys.stderr.write(f"{error}\n")
        return ""


if __name__ == "__main__":
    main()
