"""Everybody who may use an installed application uses it; what the package manager owns stays as it was."""

from __future__ import annotations

from tests.e2e.applications import Application
from tests.targets import Machine

LIST = "find {home} -printf '%p %y %s %m %u %T@ %C@ %l\\n' | sort"
IMPORT_ALL = """\
import contextlib, importlib, importlib.metadata, os, sys
assert not sys.flags.dont_write_bytecode
names = set(sys.stdlib_module_names) | set(importlib.metadata.packages_distributions())
with open(os.devnull, "w") as null, contextlib.redirect_stdout(null):
    for name in sorted(names - {"antigravity", "this", "idlelib", "turtledemo", "__main__"}):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
"""
UNIT = "systemd-run --quiet --wait --pipe --collect -p PrivateTmp=yes -p RuntimeDirectory=used -E HOME=/run/used"
OTHERS = {
    "nobody": "env HOME=/nonexistent setpriv --reuid=65534 --regid=65534 --clear-groups",
    "a service's user": f"{UNIT} -p User=daemon",
    "a dynamic user": f"{UNIT} -p DynamicUser=yes",
}


def assert_unchanged_by_use(machine: Machine, application: Application) -> None:
    """Run the command and write byte code as root and as others; no file below the prefix is another one then."""
    home = f"/opt/{application.name}"
    own = f"$(dirname {application.python})/../lib/python3*/site-packages/{application.name}"
    before = machine.run(LIST.format(home=home), check=True).stdout
    machine.run(f"{application.proof} && {application.python} -", stdin=IMPORT_ALL, check=True, timeout=120)
    for who, prefix in OTHERS.items():
        script = f"{application.proof} && cd {own} && ({application.python} -m compileall -qf . || echo refused)"
        done = machine.run([*prefix.split(), "sh", "-c", script], timeout=60)
        assert done.stdout.endswith("refused\n"), f"{who} can't use it, or can write: {done.output}"
    assert machine.run(LIST.format(home=home), check=True).stdout == before
    assert machine.packages.verify(application.name).output == ""
