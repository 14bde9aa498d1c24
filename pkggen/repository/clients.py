"""What clients are given to reach a repository: the files that they copy, and the lines that copy them."""

from __future__ import annotations

import re

from pkggen.repository.family import Channel, Settings
from pkggen.repository.generations import Generation
from pkggen.repository.keys import PUBLIC
from pkggen.repository.stores import write_changed


def sources_key(channel: str) -> str:
    """Return where the file for apt lies."""
    return f"apt/{channel}.sources"


def repo_key(channel: str) -> str:
    """Return where the file for dnf and zypper lies."""
    return f"yum/{channel}.repo"


def short_name(settings: Settings) -> str:
    """Return the origin as a word that can be part of a file's name."""
    return "-".join(re.findall(r"[a-z0-9.]+", settings.origin.lower())) or "repository"


def sources(settings: Settings, channel: str, generation: Generation) -> str:
    """Return the file for apt, without the key: one within would break all of apt on Debian 11."""
    components = sorted({name.split("/")[0] for name in generation.indexes.get("deb", {})})
    return (
        f"Types: deb\nURIs: {settings.address}\nSuites: {channel}\nComponents: {' '.join(components)}\n"
        f"Signed-By: /etc/apt/keyrings/{short_name(settings)}.asc\n"
    )


def repo(settings: Settings, channel: str) -> str:
    """Return the file for dnf and zypper, in which packages and indexes have to be signed."""
    return (
        f"[{short_name(settings)}-{channel}]\nname={settings.origin} {channel}\n"
        f"baseurl={settings.address}/yum/{channel}\nenabled=1\ngpgcheck=1\nrepo_gpgcheck=1\n"
        f"gpgkey={settings.address}/{PUBLIC}\n"
    )


def apt_lines(settings: Settings, channel: str) -> list[str]:
    """Return the lines that set up apt; apt-helper is part of apt itself, so that nothing has to be there before."""
    name, fetch = short_name(settings), "/usr/lib/apt/apt-helper download-file"
    return [
        "install -d -m 0755 /etc/apt/keyrings",
        f"{fetch} {settings.address}/{PUBLIC} /etc/apt/keyrings/{name}.asc",
        f"{fetch} {settings.address}/{sources_key(channel)} /etc/apt/sources.list.d/{name}.sources",
        "apt-get update",
    ]


def yum_lines(settings: Settings, channel: str) -> list[str]:
    """Return the lines that set up dnf."""
    target = f"/etc/yum.repos.d/{short_name(settings)}-{channel}.repo"
    return [f"cat >{target} <<'EOF'", *repo(settings, channel).splitlines(), "EOF"]


def lines(settings: Settings, channel: str, generation: Generation) -> dict[str, list[str]]:
    """Return the lines that set up a host, by package manager, for those that the channel has packages for."""
    found = {"apt": ("deb", apt_lines), "dnf": ("rpm", yum_lines)}
    return {name: made(settings, channel) for name, (family, made) in found.items() if family in generation.indexes}


def write_client_files(channel: Channel, generation: Generation) -> None:
    """Write the files that clients copy, where their address is known and they are not there already."""
    settings, store = channel.repository.settings, channel.store
    if not settings.address:
        return
    texts = {}
    if "deb" in generation.indexes:
        texts[sources_key(channel.name)] = sources(settings, channel.name, generation)
    if "rpm" in generation.indexes:
        texts[repo_key(channel.name)] = repo(settings, channel.name)
    for key, text in texts.items():
        write_changed(store, key, text.encode())
