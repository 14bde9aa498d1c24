"""The straight line from a project to packages; each step takes what the step before gave."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from packaging.utils import canonicalize_name

from pkggen.config.options import Options
from pkggen.config.tables import Config
from pkggen.errors import ArtefactError, IntegrityError, Key, PkggenError, ToolError
from pkggen.formats import FORMATS
from pkggen.formats.summary import summary
from pkggen.gather import Gathered, gather
from pkggen.metadata.changelog import read_changelog
from pkggen.metadata.description import first_paragraph
from pkggen.model import BuiltPackage, Payload, Project, Rendered
from pkggen.model.versions import package_name
from pkggen.packing import packed_digest, templates_for
from pkggen.payload.commands import own_commands
from pkggen.payload.completions import with_completions
from pkggen.payload.metapackage import plan_metapackage
from pkggen.payload.plugin import stage_plugin
from pkggen.payload.stage import divide, stage
from pkggen.project import Metadata, Opened, opened
from pkggen.proof import prove
from pkggen.signing.keys import SigningKey
from pkggen.store.cache import Cache, sha256_of
from pkggen.store.output import claimed, publish_output
from pkggen.store.packages import EarlierPackages, package_key
from pkggen.store.writing import looking
from pkggen.templating.templates import Templates
from pkggen.terminal.reporter import Reporter

__all__ = ["Options", "build", "build_opened", "describe_project", "plan", "render", "rendered", "signing_keys"]


def build(options: Options, cache: Cache, reporter: Reporter) -> tuple[BuiltPackage, ...]:
    """Open the project and build its packages."""
    with cache.scratch() as scratch, opened(options, scratch) as project:
        return build_opened(project, cache, reporter)


def build_opened(project: Opened, cache: Cache, reporter: Reporter) -> tuple[BuiltPackage, ...]:
    """Build the packages of an opened project and move them into the output directory; return them there.

    Where that fails and something in the cache was damaged, it is tried once more without that.
    """
    try:
        return _build(project, cache, reporter)
    except (ArtefactError, IntegrityError, ToolError):
        if not cache.mend():
            raise
        return _build(project, cache, reporter)


def _build(project: Opened, cache: Cache, reporter: Reporter) -> tuple[BuiltPackage, ...]:
    options = project.options
    for name in options.formats:
        FORMATS[name].check_tools()
    with claimed(options.output) as output, cache.scratch() as scratch:
        keys = signing_keys(project)
        payloads, templates = plan(project, cache, reporter, scratch)
        packages = [FORMATS[name].describe(payload) for name in options.formats for payload in payloads]
        earlier = EarlierPackages(cache, output)
        built = []
        for number, package in enumerate(packages):
            texts = FORMATS[package.format].render(package, templates_for(package.payload, templates))
            key = keys.get(package.format)
            built.append(_obtain(texts, key, scratch / f"{number}-{package.format}", earlier, reporter))
        published = publish_output(built, output)
    for line in summary(packages, published, project.config.python.source):
        reporter.tell(line)
    return published


def render(options: Options, cache: Cache, reporter: Reporter) -> tuple[Rendered, ...]:
    """Return what would be built, as text; no lock is made or changed."""
    with looking(), cache.scratch() as scratch, opened(options, scratch) as project:
        return rendered(project, cache, reporter, scratch)


def rendered(project: Opened, cache: Cache, reporter: Reporter, scratch: Path) -> tuple[Rendered, ...]:
    """Return what would be built of an opened project, as text."""
    payloads, templates = plan(project, cache, reporter, scratch)
    return tuple(
        FORMATS[n].render(FORMATS[n].describe(payload), templates_for(payload, templates))
        for n in project.options.formats
        for payload in payloads
    )


def plan(project: Opened, cache: Cache, reporter: Reporter, scratch: Path) -> tuple[tuple[Payload, ...], Templates]:
    """Gather what the packages are made of, and stage a payload for each, the application's first.

    ``scratch`` has to stay until they are rendered.
    """
    templates = project.templates()  # what is wrong with them is told before anything is downloaded
    if project.config.meta:
        return (plan_metapackage(project.root, project.config),), templates
    found = gather(project, cache, reporter)
    config, metadata, parts = found.config, found.metadata, found.parts
    commands = own_commands(parts.app, parts.dependencies, {canonicalize_name(r.name) for r in metadata.requires})
    described = describe_project(config, metadata, commands, project.root)
    changes = read_changelog(config.changelog, project.root, described.version, found.epoch, reporter)
    described = replace(described, changes=changes)
    if found.host:
        reporter.tell("not tried here: a plugin is tried on the target, with its application")
        return (stage_plugin(described, config, found.target, parts, host=found.host, epoch=found.epoch),), templates
    payload = _staged(described, found, cache, reporter, proof=project.options.proof)
    if config.completions:
        payload = with_completions(payload, config, parts, reporter, scratch / "completions")
    for plugin in payload.needs.plugins:
        reporter.note(f"{plugin.glibc_by} works only where {', '.join(plugin.sonames)} can be found")
    if payload.needs.plugins:
        files = len(payload.needs.plugins)
        reporter.warn(f"{files} files are for libraries of wheels that are not in the package (-v names them)")
    locks = project.location.locks
    return divide(payload, config, parts, locks, lambda part: packed_digest(part, templates)), templates


def _staged(project: Project, found: Gathered, cache: Cache, reporter: Reporter, *, proof: bool) -> Payload:
    """Stage the application and try what its target will; without the commands that can't be imported."""
    config, parts = found.config, found.parts
    payload = stage(project, config, found.target, parts, found.epoch, unproven=not proof)
    if not proof:
        reporter.note("not tried here: --no-proof")
        return payload
    proven = prove(payload, config, parts, cache, reporter, requires=found.metadata.requires)
    if not proven.modules:
        return payload
    commands, config = proven.narrowed(config, payload)
    return stage(replace(project, commands=commands), config, found.target, parts, found.epoch)


def describe_project(config: Config, metadata: Metadata, commands: tuple[str, ...], root: Path) -> Project:
    """Merge what the user wrote with what the wheel says."""
    return Project(
        name=package_name(config.name or metadata.name),
        version=metadata.version,
        summary=config.summary or metadata.summary,
        description=config.description or first_paragraph(metadata.description),
        licence=metadata.licence,
        homepage=metadata.homepage,
        maintainer=config.maintainer or metadata.author,
        commands=commands,
        root=root,
    )


def signing_keys(project: Opened) -> dict[str, SigningKey]:
    """Return, by format, the keys that packages shall be signed with, so that one knows before they are built.

    Raises ConfigurationError and ToolError, for all formats at once.
    """
    keys: dict[str, SigningKey] = {}
    problems: list[PkggenError] = []
    for name in project.options.formats:
        if wanted := project.config.of_format(name).sign:
            try:
                keys[name] = FORMATS[name].signing_key(wanted, Key.of(name, "sign"))
            except PkggenError as error:
                problems.append(error)
    if problems:
        raise type(problems[0])(*dict.fromkeys(p for error in problems for p in error.problems))
    return keys


def _obtain(
    rendered: Rendered, signer: SigningKey | None, directory: Path, earlier: EarlierPackages, reporter: Reporter
) -> BuiltPackage:
    """Return the package as it was made before, or made now."""
    package = rendered.package
    form = FORMATS[package.format]
    packer = f"{form.packer()}, signed by {signer.fingerprint} {signer.state}" if signer else form.packer()
    key = package_key(rendered, form.entries(rendered), packer)
    found = earlier.find(rendered, key, directory)
    if found is None:
        found = _make(rendered, signer, directory, earlier.cache, reporter)
        earlier.keep(found, key, package.payload.purpose)
    elif found.unchanged:
        reporter.note(f"{package.filename} is unchanged")
    else:
        reporter.note(f"{package.filename} was made before")
    return found


def _make(
    rendered: Rendered, signer: SigningKey | None, directory: Path, cache: Cache, reporter: Reporter
) -> BuiltPackage:
    name = rendered.package.format
    work = directory / "work"
    work.mkdir(parents=True)
    with reporter.step(f"packing {rendered.package.filename}"), cache.packing():
        path = FORMATS[name].assemble(rendered, work).replace(directory / rendered.package.filename)
        shutil.rmtree(work)  # while others wait: its files are links into the cache
    with reporter.step(f"reading {rendered.package.filename} back"):
        FORMATS[name].verify(path, rendered)
    if signer:  # the last step: unsigned bytes are the same in every build, signatures are not
        work.mkdir()
        with reporter.step(f"signing {rendered.package.filename} with {signer.fingerprint}"):
            FORMATS[name].sign(path, signer, work)
    return BuiltPackage(name, path, path.stat().st_size, sha256_of(path))
