"""The projects of docs/examples as packages, and a second version of the site, with migrations of its own."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.e2e.applications import REPOSITORY
from tests.e2e.packages import PORTABLE, build

EXAMPLES = REPOSITORY / "docs" / "examples"
PYTHON = ["--python", str(PORTABLE[0])] if PORTABLE else []
QUICK = '\n[tool.pkggen.deb]\ncompression = "zstd:1"\n\n[tool.pkggen.rpm]\ncompression = "zstd:1"\n'

COLUMN = """\
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("guestbook", "0001_initial")]
    operations = [migrations.AddField("entry", "town", models.CharField(max_length=40, blank=True, db_default=""))]
"""
WITNESS = '''\
"""Asks the site that is serving, whose database has the new column by now, and writes down what it says."""

import json
import os
import urllib.request

from django.db import migrations


def witness(apps, schema_editor):
    ask = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
    version = json.load(ask("http://127.0.0.1:8000/health", timeout=10))["version"]
    page = ask("http://127.0.0.1:8000/", timeout=10).status
    text = f"{version} served, its page gave {page}, the migration ran as {os.getuid()}"
    apps.get_model("guestbook", "Entry").objects.create(name="witness", text=text, state="shown")


class Migration(migrations.Migration):
    dependencies = [("guestbook", "0002_entry_town")]
    operations = [migrations.RunPython(witness, migrations.RunPython.noop)]
'''
MODEL = "    state = models.CharField"
FIELD = '    town = models.CharField(max_length=40, blank=True, db_default="")\n'


def example(name: str, directory: Path) -> dict[str, Path]:
    """Build an example below ``directory``, packed as fast as can be; return its packages by format."""
    return build(_copied(name, directory / name), directory / name / "dist", *PYTHON)


def second_site(directory: Path) -> dict[str, Path]:
    """Build the site's version 2.0.0, which asks for the visitor's town."""
    root = _copied("site", directory / "site-2")
    package = root / "src" / "guestbook"
    _edit(root / "pyproject.toml", r'(?m)^version = ".*"', 'version = "2.0.0"')
    _edit(package / "models.py", MODEL, FIELD + MODEL)
    _edit(package / "views.py", r'fields = \["name", "text"\]', 'fields = ["name", "town", "text"]')
    (package / "migrations" / "0002_entry_town.py").write_text(COLUMN)
    (package / "migrations" / "0003_witness.py").write_text(WITNESS)
    return build(root, root / "dist", *PYTHON)


def _copied(name: str, root: Path) -> Path:
    shutil.copytree(EXAMPLES / name, root, ignore=shutil.ignore_patterns("__pycache__", "dist"))
    with (root / "pyproject.toml").open("a") as project:
        project.write(QUICK)
    return root


def _edit(path: Path, pattern: str, replacement: str) -> None:
    text, count = re.subn(pattern, replacement, path.read_text())
    assert count == 1, f"{path} has {count} times {pattern}"
    path.write_text(text)
