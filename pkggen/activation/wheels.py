"""Archived layers: pip installs their wheels, and what it wrote becomes the release's."""

from __future__ import annotations

import csv
import errno
import io
import os
from pathlib import Path
from typing import Iterator

from .manifest import MANIFEST, RELEASE, Release, load
from .members import File, Link, Text, check_source, digest_of, same_file, write
from .place import Place
from .plan import Plan
from .process import ENVIRONMENT, ending, mortal, run
from .protocol import FAILED, UNFIT, Failure, damaged
from .scaffold import scaffold
from .trial import COMPILE, COMPILE_LIMIT

# pip runs from its wheel, as ensurepip does it
PIP = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module('pip', None, '__main__', True)"
PIP_OPTIONS = [
    "install", "--quiet", "--isolated", "--no-input", "--disable-pip-version-check", "--no-cache-dir", "--no-index",
    "--no-deps", "--require-hashes", "--only-binary", ":all:", "--no-compile", "--no-warn-script-location",
]  # fmt: skip


def expand(place: Place, plan: Plan) -> Path:
    """Let pip install the wheels of archived layers in a venv of its own; what it writes becomes members.

    Return that venv's directory, which can go once the release is filled. Raises Failure.
    """
    scratch = place.releases / f".new-wheels-{os.getpid()}"
    lay_out(scratch, plan)
    install_wheels(plan, scratch)
    for path in [path for layer in plan.archived for path in layer.rewrite]:
        rest = (scratch / "venv" / path).read_bytes().partition(b"\n")[2]
        plan.members["venv/" + path] = Text(plan.head + rest, 0o755)
    for record in (scratch / "venv").glob("lib/python*/site-packages/*.dist-info/RECORD"):
        forget_scripts(record, plan)
    sources = [name for name in below(scratch / "venv") if name.endswith(".py") and "tests" not in name.split("/")]
    # by relative names: byte code then does not tell where it was made
    names = "".join(name + "\n" for name in sources)
    argv = [plan.interpreter, *COMPILE, "-j1", "-i", "-"]
    run(argv, COMPILE_LIMIT, names, become=mortal(), cwd=str(scratch / "venv"))
    for name in below(scratch / "venv"):
        path = f"{scratch}/venv/{name}"
        if "venv/" + name not in plan.members:
            plan.members["venv/" + name] = File(path, os.lstat(path).st_size, digest_of(path))
            plan.expanded.add("venv/" + name)
    return scratch


def lay_out(scratch: Path, plan: Plan) -> None:
    """Write a venv of the package's interpreter, and a directory for pip's own files."""
    for name, member in scaffold(str(scratch), plan.interpreter, plan.manifest.python).items():
        os.makedirs(os.path.dirname(scratch / name), exist_ok=True)
        if isinstance(member, Link):
            os.symlink(member.target, scratch / name)
        elif isinstance(member, Text):
            write(str(scratch / name), member.data, member.mode)
    os.mkdir(scratch / "work")


def install_wheels(plan: Plan, scratch: Path) -> None:
    """Run pip on the archived wheels, offline, by digest; no setting but what stands here reaches it."""
    files = [member for path, member in plan.members.items() if path.startswith("wheels/") and isinstance(member, File)]
    for file in files:
        check_source(file)
        if digest_of(file.source) != file.digest:
            raise damaged(file.source)
    pip = plan.members.get(plan.manifest.pip)
    if not isinstance(pip, File):
        raise damaged(f"{plan.base / MANIFEST}: no file is the pip {plan.manifest.pip}")
    argv = [f"{scratch}/venv/bin/python", "-I", "-B", "-c", PIP, pip.source, *PIP_OPTIONS]
    for folder in sorted({os.path.dirname(file.source) for file in files}):
        argv += ["--find-links", folder]
    for file in files:
        argv += ["-r", file.source] if file.source.endswith(".txt") else []
    # /dev/null says that no configuration file counts, not even the machine's, which --isolated would read
    environment = {**ENVIRONMENT, "PIP_CONFIG_FILE": os.devnull, "TMPDIR": f"{scratch}/work"}
    status, words = run(argv, COMPILE_LIMIT, environment=environment, become=mortal())
    if status != 0:
        full = any(os.strerror(number) in words for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS))
        raise Failure(f"pip could not install the wheels ({ending(status)}):\n{words}", UNFIT if full else FAILED)


def forget_scripts(record: Path, plan: Plan) -> None:
    """Take the digests of scripts that got our first line out of a RECORD (its specification lets them be empty)."""
    rows = list(csv.reader(record.read_text("utf-8").splitlines()))
    ours = {f"../../../{path[5:]}" for path in plan.members if path.startswith("venv/bin/")}
    fresh = [[row[0], "", ""] if row and row[0] in ours else row for row in rows]
    if fresh != rows:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(fresh)
        record.write_bytes(text.getvalue().encode())


def below(top: Path) -> Iterator[str]:
    """Yield the regular files below a directory by their relative names."""
    for folder, _folders, files in os.walk(top):
        for name in sorted(files):
            if not os.path.islink(os.path.join(folder, name)):
                yield os.path.relpath(os.path.join(folder, name), top)


def remembered(plan: Plan, release: Path) -> bool:
    """Tell whether all that pip wrote is there still, as it was: its files are members then, without a second run."""
    try:
        record = load(Release, release / RELEASE)[1]
    except Failure:
        return False
    rows = [row for row in record.written if row.path not in plan.members]
    files = {row.path: File(f"{release}/{row.path}", row.size, row.sha256) for row in rows}
    if not files or not all(same_file(file.source, file) for file in files.values()):
        return False
    plan.members.update(files)
    plan.expanded.update(files)
    return True
