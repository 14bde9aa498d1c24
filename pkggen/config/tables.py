"""The schema of ``[tool.pkggen]``: what the user may write, as models that validate it.

These models are the only description of the schema. Keys are kebab-case in TOML. Nothing is
required: every default builds a package from the project's own metadata.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from pkggen.config.service_tables import ServiceTable
from pkggen.config.values import (
    CHANNEL,
    COMPRESSION,
    IDENTIFIER,
    ChannelName,
    Command,
    Completions,
    ComponentName,
    ConffilePath,
    Destination,
    HostRelation,
    Line,
    Mode,
    Name,
    Paths,
    Prefix,
    Relation,
    Relations,
    Section,
    SigningKeyName,
    Specified,
    Split,
    Table,
    TriggerPaths,
    UserName,
    WebAddress,
    matches,
)

SYSTEM = "system"
"""As ``python.source``: no interpreter in the package, which depends on the target's own."""


class PythonTable(Table):
    """``[tool.pkggen.python]``: the interpreter inside the package."""

    source: Line = Field(
        "host", description="host, host:/path/to/python3, a version such as 3.12, a range, a path, a URL or system"
    )
    sha256: Annotated[str, matches(r"([0-9a-f]{64})?", "64 hexadecimal digits")] = ""
    mirror: Line = ""
    keep: tuple[Line, ...] = Field((), description="trim profiles whose files stay")
    version: Annotated[str, matches(r"(3\.\d+(\.\d+)?)?", 'write it as "3.11" or "3.11.2"')] = Field(
        "", description="the system's Python that the wheels are for; that of the targets when empty"
    )
    site_packages: bool = Field(default=False, description="with the system's Python: see its packages' modules, too")


class WheelsTable(Table):
    """``[tool.pkggen.wheels]``: where the dependencies come from."""

    lock: Line = Field("", description="the lock file; found by its name when empty")
    index: Line = ""
    find_links: tuple[Line, ...] = ()
    dir: Line = Field("", description="a folder that holds all wheels; nothing is fetched then")
    groups: tuple[Name, ...] = Field((), description="dependency groups to include")
    constraints: tuple[Specified, ...] = ()
    overrides: tuple[Specified, ...] = ()
    exclude: tuple[Name, ...] | dict[Name, Relation] = Field(
        (), description="left to the target; as a table, with the package that holds it there"
    )
    build: tuple[Name, ...] = Field((), description="what may be built from its source archive")
    layout: Literal["expanded", "archived"] = Field(
        "expanded", description="unpacked in the package, or as files that pip installs on the target"
    )
    overwrite: Literal["nothing", "stray", "anything"] = Field(
        "stray", description="what one wheel may take from another that is installed before it"
    )
    no_deps: bool = Field(default=False, description="the project alone")
    frozen: bool = Field(default=False, description="never resolve: use what is locked")

    @property
    def replacements(self) -> tuple[str, ...]:
        """Return the packages that stand in for what is excluded."""
        return tuple(self.exclude.values()) if isinstance(self.exclude, dict) else ()


EnvironmentName = Annotated[str, matches(r"[A-Za-z_][A-Za-z0-9_]*", "the name of a variable")]


class BuildTable(Table):
    """``[tool.pkggen.build]``: how wheels are built, the project's own and those of source archives."""

    environment: tuple[EnvironmentName, ...] | dict[EnvironmentName, str] = Field(
        (), description="further variables that back-ends are given: names, or a table of values"
    )


class VenvTable(Table):
    """``[tool.pkggen.venv]``: how the venv behaves on the target."""

    mode: Literal["activated", "packaged"] = Field(
        "activated", description="made on installation, or complete in the package"
    )
    keep: Annotated[int, Field(ge=0, le=100)] = Field(1, description="how many earlier releases stay for rollback")
    isolated: bool = Field(default=True, description="commands ignore PYTHON* variables and the user's site")


class HookTable(Table):
    """One hook: a file of the project, and the user that it runs as."""

    file: Line
    user: UserName = Field("", description="root when empty")


def _hook(value: object) -> object:
    return {"file": value} if isinstance(value, str) else value


HookFile = Annotated[HookTable | None, BeforeValidator(_hook)]


class ScriptsTable(Table):
    """``[tool.pkggen.scripts]``: programs that become commands, or run with the package's own scripts."""

    commands: Paths = Field((), description="folders of scripts, or scripts, that become commands")
    before_install: HookFile = None
    after_install: HookFile = None
    before_upgrade: HookFile = None
    after_upgrade: HookFile = None
    before_remove: HookFile = None
    after_remove: HookFile = None

    def hooks(self) -> dict[str, HookTable]:
        """Return the hooks that are given, by their keys."""
        every = {
            "before-install": self.before_install,
            "after-install": self.after_install,
            "before-upgrade": self.before_upgrade,
            "after-upgrade": self.after_upgrade,
            "before-remove": self.before_remove,
            "after-remove": self.after_remove,
        }
        return {name: hook for name, hook in every.items() if hook is not None}


def _scripts(value: object) -> object:
    return {"commands": value} if isinstance(value, (str, tuple)) else value


class FileTable(Table):
    """``[[tool.pkggen.files]]``: one more file of the package."""

    src: Line = ""
    dst: Destination = ""
    type: Literal["", "file", "config", "config-noreplace", "dir", "symlink", "ghost", "doc", "licence"] = ""
    exclude: tuple[Line, ...] = Field((), description="patterns of what to leave out of a folder or a glob")
    mode: Mode = ""
    owner: UserName = "root"
    group: UserName = "root"
    format: Literal["", "deb", "rpm"] = ""


class TriggerTable(Table):
    """``[[tool.pkggen.triggers]]``: what is done when others put files somewhere."""

    path: TriggerPaths
    command: Command


class FormatTable(Table):
    """``[tool.pkggen.deb]`` and ``[tool.pkggen.rpm]``: what concerns one format alone."""

    depends: tuple[Relation, ...] = ()
    pre_depends: tuple[Relation, ...] = ()
    recommends: tuple[Relation, ...] = ()
    suggests: tuple[Relation, ...] = ()
    enhances: tuple[Relation, ...] = ()
    supplements: tuple[Relation, ...] = ()
    conflicts: tuple[Relation, ...] = ()
    breaks: tuple[Relation, ...] = ()
    replaces: tuple[Relation, ...] = ()
    obsoletes: tuple[Relation, ...] = ()
    provides: tuple[Relation, ...] = ()
    libraries: dict[str, Line] = Field({}, description="which package holds a library (deb)")
    ignore_libraries: tuple[Line, ...] = Field((), description="libraries that the target may lack")
    compression: Annotated[str, matches(f"({COMPRESSION})?", "zstd, xz, gzip (with :LEVEL) or none")] = ""
    section: Section = Field("", description="Debian's archive section")
    priority: Literal["", "required", "important", "standard", "optional", "extra"] = ""
    removed_conffiles: tuple[ConffilePath, ...] = Field((), description="configuration of earlier versions (deb)")
    group: Line = Field("", description="RPM's group")
    vendor: Line = Field("", description="who distributes the package (rpm)")
    sign: SigningKeyName = Field("", description="the key of the gpg keyring that signs the package")


class PublishTable(Table):
    """``[tool.pkggen.publish]``: the repository of apt and yum that packages are put into."""

    to: Line = Field("", description="a directory, s3://bucket/prefix, gs:// or az://")
    address: WebAddress = Field("", description="where clients reach it")
    origin: Line = Field("", description="what it calls itself; the address's host when empty")
    keys: tuple[SigningKeyName, ...] = Field((), description="keys of the gpg keyring; all sign, the first rpms, too")
    channels: tuple[ChannelName, ...] = Field((), description="those there may be, the usual one first; any when empty")
    suite: Annotated[str, matches(f"({CHANNEL})?", "a-z and 0-9, such as bookworm")] = Field(
        "", description="the release that packages are for, where others have channels of their own"
    )
    component: ComponentName = "main"
    unsigned: Literal["sign", "refuse"] = Field("sign", description="what is done with an rpm without a signature")
    yum_compression: Literal["gz", "zstd"] = Field("gz", description="of the metadata; EL 7 reads no zstd")
    valid_days: Annotated[int, Field(ge=0, le=3650)] = Field(0, description="how long apt trusts an index; 0 for ever")
    keep_last: Annotated[int, Field(ge=0)] = Field(0, description="versions of a package that a channel keeps; 0 all")
    keep_days: Annotated[int, Field(ge=0)] = Field(0, description="days that a version is kept in any case")


class Config(Table):
    """``[tool.pkggen]``."""

    name: Name = Field("", description="the package's name; the project's when empty")
    version: Line = Field("", description="of a folder that is no package; a package has its own")
    source: Paths = Field((), description="folders whose contents are put on the path, where there is no package")
    exclude: tuple[Line, ...] = Field((), description="patterns of what stays out of source; ! brings back")
    scripts: Annotated[ScriptsTable, BeforeValidator(_scripts)] = ScriptsTable()
    prefix: Prefix = Field("", description="/opt/NAME when empty")
    maintainer: Line = ""
    summary: Line = ""
    meta: bool = Field(default=False, description="no program: relations and files alone")
    description: str = Field("", description="the long description; the README's first paragraph when empty")
    changelog: Line = Field("", description='a path, "git" or "off"; CHANGELOG.md where there is one when empty')
    release: Annotated[str, matches(r"[0-9]+(\.[0-9]+)*", "digits and dots")] = "1"
    targets: tuple[Line, ...] = ()
    arch: Literal["", "x86_64", "aarch64", "amd64", "arm64"] = Field("", description="the target's machine")
    extras: tuple[Name, ...] = ()
    requirements: tuple[Specified, ...] = Field(
        (), description="wheels wanted besides the project's own dependencies, such as a web server"
    )
    commands: tuple[Name, ...] | None = Field(None, description="links in /usr/bin; the project's scripts when unset")
    smoke: tuple[Annotated[str, matches(IDENTIFIER, "a module's dotted name")], ...] | None = None
    split: Split = Field((), description="layers that get a package of their own: deps, runtime")
    extends: HostRelation = Field("", description="the application that this is a plugin of")
    extends_package: Paths = Field((), description="its packages, with whose versions the plugin is built")
    templates: Line = Field("", description="a folder of templates that replace or extend ours")
    depends: Relations = ()
    pre_depends: Relations = ()
    recommends: Relations = ()
    suggests: Relations = ()
    enhances: Relations = ()
    supplements: Relations = ()
    conflicts: Relations = ()
    breaks: Relations = ()
    replaces: Relations = ()
    obsoletes: Relations = ()
    provides: Relations = ()
    python: PythonTable = PythonTable()
    wheels: WheelsTable = WheelsTable()
    venv: VenvTable = VenvTable()
    build: BuildTable = BuildTable()
    services: tuple[ServiceTable, ...] = ()
    files: tuple[FileTable, ...] = ()
    triggers: tuple[TriggerTable, ...] = ()
    man: Paths = Field((), description="man pages")
    logrotate: Paths = ()
    cron: Paths = ()
    sysctl: Paths = ()
    tmpfiles: Paths = ()
    polkit: Paths = ()
    udev: Paths = ()
    completions: Completions = Field((), description="true: of every command that can tell it")
    deb: FormatTable = FormatTable()
    rpm: FormatTable = FormatTable()
    publish: PublishTable = PublishTable()

    def placed(self) -> dict[str, tuple[str, ...]]:
        """Return, by key, the files whose purpose says where they go."""
        return {
            "man": self.man,
            "logrotate": self.logrotate,
            "cron": self.cron,
            "sysctl": self.sysctl,
            "tmpfiles": self.tmpfiles,
            "polkit": self.polkit,
            "udev": self.udev,
        }

    def of_format(self, name: str) -> FormatTable:
        """Return the table of "deb" or "rpm"."""
        return {"deb": self.deb, "rpm": self.rpm}[name]
