"""Commits of git repositories as folders: fetched without anybody's credentials, and told by a digest of their files.

A name of a branch or tag stands for the commit that ``pkggen.lock`` has for it; with none it is looked up
once and written there, with the SHA-256 of the tree: git's own digests are SHA-1.

Sources: git(1) "ENVIRONMENT VARIABLES", gitcredentials(7), PEP 751 ``packages.vcs``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from pkggen.errors import ArtefactError, IntegrityError
from pkggen.model import Origin
from pkggen.network.address import redacted, without_credentials
from pkggen.run import Finished, find_tool, run
from pkggen.store.cache import Cache
from pkggen.store.pkggen_lock import FILE, read_tables, write_table
from pkggen.terminal.reporter import Reporter

_KEYS = ("url", "revision", "commit", "tree")
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_ALONE = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "false",
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
    "GIT_SSH_COMMAND": "ssh -F none -o BatchMode=yes -o IdentityFile=none -o IdentityAgent=none",
    "HOME": os.devnull,
}
_NETWORK = ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy", "SSL_CERT_FILE")


@dataclass(frozen=True, slots=True)
class GitSource:
    """Where commits are kept (``cache``) and written down (``locks``, the folder of ``pkggen.lock``)."""

    cache: Cache
    reporter: Reporter
    locks: Path
    offline: bool = False
    frozen: bool = False

    def folder(self, origin: Origin) -> tuple[Path, Origin]:
        """Return the project's folder in a checkout of ``origin``, and ``origin`` with its commit.

        Raises ArtefactError when there is no such commit or repository, IntegrityError for files that are
        not those of ``pkggen.lock``, and with ``frozen`` for what is not there.
        """
        address = without_credentials(origin.url.removeprefix("git+"))
        noted = read_tables(self.locks / FILE, "git", _KEYS).get(origin.name)
        if noted and (noted["url"], noted["revision"]) != (address, origin.revision) and not origin.commit:
            noted = None
        if origin.commit and noted and noted["commit"] != origin.commit:
            noted = None
        wanted = replace(origin, commit=origin.commit or (noted or {}).get("commit", ""))
        if self.frozen and not wanted.commit and not _COMMIT.fullmatch(wanted.revision):
            remedy = "build once without --frozen, and commit pkggen.lock"
            raise IntegrityError("no commit of it is locked", where=f"{FILE}: git.{origin.name}", remedy=remedy)
        top, commit = self._checkout(wanted)
        tree = _digest(top)
        if noted and noted["tree"] != tree:
            raise IntegrityError(
                f"the files of commit {commit[:12]} are not those that were locked",
                where=f"{FILE}: git.{origin.name}",
                remedy="somebody gave the repository another history: look what changed, then delete the table",
            )
        if noted is None and not self.frozen:
            row = {"url": address, "revision": origin.revision, "commit": commit, "tree": tree}
            write_table(self.locks / FILE, "git", origin.name, row)
        folder = top / origin.subdirectory
        if not folder.resolve().is_relative_to(top.resolve()):
            raise ArtefactError("it leads out of the repository", where=f"{origin.name}: {origin.subdirectory}")
        return folder, replace(origin, commit=commit)

    def _checkout(self, origin: Origin) -> tuple[Path, str]:
        """Return the files of the commit, checked out once, and the commit."""
        program = find_tool("git", f"install git: {origin.name} comes from a git repository")
        home = self.cache.root / "git" / hashlib.sha256(origin.url.encode()).hexdigest()[:32]
        store = home / "store"
        if not store.is_dir():
            store.mkdir(parents=True)
            _run(program, store, "init", "-q", "--bare")
        commit = _found(program, store, origin)
        if not commit:
            if self.offline:
                raise self._missing(origin, "it is not in the cache, and the build is offline")
            with self.reporter.step(f"fetching {origin.name} from git"):
                commit = self._fetched(program, store, origin)
        top = home / commit
        if not top.is_dir():
            with self.cache.scratch() as scratch:
                fresh = scratch / "checkout"
                self._clone(program, store, fresh, origin, commit)
                if not top.is_dir():
                    shutil.move(fresh, top)
        return top, commit

    def _fetched(self, program: str, store: Path, origin: Origin) -> str:
        url = origin.url.removeprefix("git+")
        words = ("fetch", "-q", "--force", "--tags", "--", url, "+refs/heads/*:refs/heads/*", "+HEAD:refs/pkggen/head")
        finished = _run(program, store, *words)
        commit = _found(program, store, origin, fresh=True) if finished.status == 0 else ""
        exact = origin.commit or origin.revision
        if not commit and _COMMIT.fullmatch(exact):
            finished = _run(program, store, "fetch", "-q", "--", url, exact)
            commit = _found(program, store, origin, fresh=True)
        if not commit:
            said = redacted(finished.stderr.strip().splitlines()[-1]) if finished.stderr.strip() else ""
            raise self._missing(origin, said or f"it has no {exact or 'default branch'}")
        return commit

    def _clone(self, program: str, store: Path, to: Path, origin: Origin, commit: str) -> None:
        url = without_credentials(origin.url.removeprefix("git+"))
        steps: tuple[tuple[Path, tuple[str, ...]], ...] = (
            (store, ("clone", "-q", "--no-checkout", "--no-hardlinks", "--", str(store), str(to))),
            (to, ("remote", "set-url", "origin", url)),
            (to, ("checkout", "-q", "--detach", commit)),
        )
        for place, words in steps:
            finished = _run(program, place, *words)
            if finished.status != 0:
                raise self._missing(origin, redacted(finished.stderr.strip()))
        if (to / ".gitmodules").is_file():
            finished = _run(program, to, "submodule", "--quiet", "update", "--init", "--recursive")
            if finished.status != 0:
                raise self._missing(origin, f"a submodule can't be had: {redacted(finished.stderr.strip())}")

    def _missing(self, origin: Origin, what: str) -> ArtefactError:
        return ArtefactError(
            f"{origin.name} can't be fetched: {what}",
            where=redacted(origin.url),
            remedy="git is run without your credentials: for a private repository, take it as a submodule or a folder"
            " beside the project and name that by its path, or put a wheel of it into wheels.find-links",
        )


def _found(program: str, store: Path, origin: Origin, *, fresh: bool = False) -> str:
    """Return the commit that ``origin`` means, "" when it is not there; names count only when just fetched."""
    names = [origin.commit] if origin.commit else [origin.revision] if _COMMIT.fullmatch(origin.revision) else []
    if not names and fresh:
        revision = origin.revision
        names = [f"refs/tags/{revision}", f"refs/heads/{revision}", revision] if revision else ["refs/pkggen/head"]
    for name in names:
        finished = _run(program, store, "rev-parse", "-q", "--verify", "--end-of-options", f"{name}^{{commit}}")
        if finished.status == 0:
            return finished.stdout.strip().splitlines()[-1]
    return ""


def _run(program: str, where: Path, *words: str) -> Finished:
    options = ("-c", "safe.directory=*", "-c", "credential.helper=", "-c", "core.hooksPath=/dev/null")
    return run([program, *options, "-C", where, *words], env=_ALONE, inherit=_NETWORK, check=False, timeout=1800)


def _digest(top: Path) -> str:
    """Return the SHA-256 of the names, modes and bytes of all files below ``top``, but for git's own."""
    digest = hashlib.sha256()
    for directory, names, files in os.walk(top):
        names[:] = sorted(n for n in names if n != ".git")
        links = [n for n in names if os.path.islink(os.path.join(directory, n))]
        for name in sorted([*files, *links]):
            path = Path(directory, name)
            if name == ".git":
                continue
            content = os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()
            kind = "link" if path.is_symlink() else "program" if path.stat().st_mode & 0o100 else "file"
            row = [path.relative_to(top).as_posix(), kind, hashlib.sha256(content).hexdigest()]
            digest.update(json.dumps(row).encode())
    return digest.hexdigest()
