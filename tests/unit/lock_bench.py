"""What tests of locks share: an index on the loopback and a build of the wheels alone."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from pkggen.model import Target, WheelSpec
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Silent
from pkggen.wheels import Demand, Renewal, renew_lock, resolve_wheels
from tests.unit.wheel_index import Index
from tests.unit.wheelsmith import Smith, interpreter

LOCKS = Path(__file__).parent / "locks"
# stored, not deflated: the locks that tools made hold these wheels' digests
ALPHA = Smith(
    name="alpha",
    files={"alpha.py": b""},
    metadata="Requires-Dist: beta\nRequires-Dist: gone; sys_platform == 'win32'\n",
    method=zipfile.ZIP_STORED,
)
BETA, GONE, EXTRA, DEV = (
    Smith(name=name, files={f"{name}.py": b""}, method=zipfile.ZIP_STORED) for name in ("beta", "gone", "extra", "dev")
)
AS_IT_IS = Renewal()
NEWER = BETA.but(version="2.0")


def bare_environment(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Forget what this machine says of indexes."""
    for name in [n for n in os.environ if n.startswith(("UV_", "PIP_")) or n.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("NETRC", str(home / "no-netrc"))


class Build:
    """Resolves one project's wheels as a build does, with a cache that lasts."""

    def __init__(self, root: Path, index: Index, version: str = "3.13.5") -> None:
        self.root, self.index, self.version = root, index, version
        self.cache, self.reporter = Cache(root.parent / "cache"), Silent()

    def __call__(self, *requirements: str, offline: bool = False, **spec: object) -> list[str]:
        wheels = resolve_wheels(self._demand(requirements, spec, offline=offline), self.cache, self.reporter)
        return [f"{w.name} {w.version}" for w in wheels]

    def lock(self, *requirements: str, renewal: Renewal = AS_IT_IS, **spec: object) -> Path | None:
        return renew_lock(self._demand(requirements, spec, offline=False), renewal, self.cache, self.reporter)

    def _demand(self, requirements: tuple[str, ...], changes: dict[str, object], *, offline: bool) -> Demand:
        spec = WheelSpec(requirements=requirements, **{"index": self.index.simple, **changes})  # type: ignore[arg-type]
        python = interpreter(self.root, version=self.version)
        return Demand(spec, Target("x86_64", (2, 28)), python, self.root, "my-app", offline)
