"""What a failed import is told as: module, distribution, what is missing, and a way out that works."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pkggen.errors import Problem
from pkggen.interpreter.trim import profile_of
from pkggen.model import Distribution, Parts, Payload
from pkggen.proof.failures import Failure

_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")


@dataclass(frozen=True, slots=True)
class Remedies:
    """Words for failures of one payload; ``absent`` are the modules that its interpreter has not, ``kept`` profiles."""

    payload: Payload
    parts: Parts
    requires: tuple[Requirement, ...] = ()
    absent: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    def problem(self, commands: Sequence[str], failure: Failure) -> Problem:
        """Return what stops the build."""
        return Problem(self._what(failure), " ".join(commands) or failure.tried, self._remedy(commands, failure))

    def left_out(self, commands: Sequence[str], failure: Failure) -> str:
        """Return the warning of a command or module that came along unasked."""
        if not commands:
            return f"{self._what(failure)}; the target will not try it. To have it work: {self._mend(failure)}"
        stays = ", ".join(f'"{c}"' for c in self.payload.project.commands if c not in commands)
        names = " and ".join(commands)
        return (
            f"the command {names} is left out: {self._what(failure)}. "
            f"To have it: {self._mend(failure)}; to do without: commands = [{stays}]"
        )

    def elsewhere(self, failure: Failure) -> str:
        """Return the warning of what only the target can try, where the package's dependencies are installed."""
        return f"{failure.tried} is not tried: this machine has no {failure.library}, which the package depends on"

    def is_on_the_target(self, library: str) -> bool:
        """Tell whether the package depends on a library that this machine has not."""
        return bool(library) and library in self.payload.needs.sonames

    def distribution_of(self, path: str) -> Distribution | None:
        """Return the distribution that a file of the venv belongs to."""
        return next((d for d in self.parts.distributions if any(e.path == path for e in d.tree.entries)), None)

    def keep(self, module: str) -> str:
        """Return how the interpreter gets a module of the standard library."""
        profile = profile_of(module)
        way = f'python.keep = ["{profile}"], or ' if profile and profile not in self.kept else ""
        return f"{way}take an interpreter that has it, such as a standalone build (--python 3.13)"

    def _what(self, failure: Failure) -> str:
        tried = failure.word if failure.what.startswith("AttributeError") else failure.tried
        site = f"{self.parts.interpreter.library}/site-packages/"
        steps = site + failure.tried.replace(".", "/")
        owner = next(filter(None, map(self.distribution_of, (f"{steps}.py", f"{steps}/__init__.py"))), None)
        by = self.distribution_of(failure.file)
        text = f"{tried} ({owner.wheel.name} {owner.wheel.version})" if owner else tried
        text += f" can't be imported: {failure.what}"
        if by and (by != owner or not failure.file.startswith(steps)):
            text += f", asked for by {failure.file.removeprefix(site)} of {by.wheel.name} {by.wheel.version}"
        return text

    def _remedy(self, commands: Sequence[str], failure: Failure) -> str:
        if not commands:
            return f"{self._mend(failure)}, or name other modules in smoke ([] for none)"
        return f"{self._mend(failure)}, or leave it out of commands and services"

    def _mend(self, failure: Failure) -> str:
        top = failure.module.partition(".")[0]
        if failure.library:
            return f"install the system's package with {failure.library} here, and name it in depends"
        if not top:
            if failure.what.startswith("AttributeError") and ":" in failure.word:
                return "correct what the entry point names, or the module"
            return "make it one that can be imported: without a terminal, a network and root's rights, within 120 s"
        return self._bring(failure.module, top)

    def _bring(self, module: str, top: str) -> str:
        """Return how the package gets a module that it lacks."""
        if top in self.absent:
            return self.keep(top)
        if extra := self._extra_with(top):
            return f'extras = ["{extra}"]'
        if owner := next((d for d in self.parts.distributions if top in d.top_level), None):
            what = f"{owner.wheel.name} {owner.wheel.version} has no {module}"
            return f"{what}: correct the entry point, or what the wheel takes in, or lock versions that fit together"
        return f'add the distribution that has {top} to the project\'s dependencies, or to requirements = ["…"]'

    def _extra_with(self, module: str) -> str:
        """Return an extra of the project whose requirements bring ``module``, as far as names tell."""
        names = {canonicalize_name(n) for n in (module, f"py{module}", f"python-{module}", f"{module}-python")}
        markers = (str(r.marker) for r in self.requires if canonicalize_name(r.name) in names and r.marker)
        return next((match[1] for marker in markers if (match := _EXTRA.search(marker))), "")
