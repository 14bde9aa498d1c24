"""Runs under the packaged interpreter at build time: asks a command for its shell completion.

Protocol. stdin: JSON with ``paths`` (folders that hold the wheels' modules), ``module``, ``attr``,
``name`` (the command's) and ``shells``. stdout: JSON, the script for each shell that there is one
for; {} when the command is made with neither click, typer nor argcomplete. Exit status 0, else
what went wrong stands on stderr.
"""

from __future__ import annotations

import sys

sys.path.pop(0)  # this file's directory: a neighbour must never stand in for a module of the application's

import contextlib
import importlib
import inspect
import io
import json
import os
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
    if is_click(target, module):
        scripts = {shell: of_click(target, request["name"], shell) for shell in request["shells"]}
    elif uses_argcomplete(module):
        scripts = {shell: of_argcomplete(request["name"], shell) for shell in request["shells"]}
    else:
        scripts = {}
    json.dump({shell: text for shell, text in scripts.items() if text}, answer)


def is_click(target: object, module: object) -> bool:
    """Tell whether the command is click's or typer's, or a function beside one, which then calls it."""
    kinds = []
    if "click" in sys.modules:
        kinds.append(sys.modules["click"].Command)
    if "typer" in sys.modules:
        kinds.append(sys.modules["typer"].Typer)
    return any(isinstance(value, tuple(kinds)) for value in (target, *vars(module).values())) if kinds else False


def of_click(target: object, name: str, shell: str) -> str:
    """Run the command as a shell's start file would; typer has the two words the other way round."""
    variable = "_" + name.replace("-", "_").replace(".", "_").upper() + "_COMPLETE"
    for instruction in (shell + "_source", "source_" + shell):
        os.environ[variable] = instruction
        written = io.BytesIO()
        said = io.TextIOWrapper(written, encoding="utf-8", write_through=True)  # click looks for .buffer
        with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
            target()  # type: ignore[operator]
        text = written.getvalue().decode()
        if variable in text:
            return text
    return ""


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
