"""Indexes and logins from uv's and pip's settings; real uv against an index that wants a password."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from pkggen.errors import PkggenError
from pkggen.network.settings import fallback_index, logins
from tests.unit.lock_bench import ALPHA, BETA, Build, bare_environment
from tests.unit.wheel_index import Index, serving

LOGIN = "Basic " + base64.b64encode(b"user:geh@im").decode()


@pytest.fixture
def index(monkeypatch, tmp_path):
    bare_environment(monkeypatch, tmp_path / "home")
    with serving() as found:
        found.publish(ALPHA, BETA)
        plain = found.answer

        def answer(path: str, authorization: str):
            if authorization != LOGIN:
                found.requests.append((path, authorization))
                return 401, {"WWW-Authenticate": 'Basic realm="x"'}, b""
            return plain(path, authorization)

        monkeypatch.setattr(found, "answer", answer)
        yield found


@pytest.fixture
def build(tmp_path, index) -> Build:
    root = tmp_path / "project"
    root.mkdir()
    return Build(root, index)


def secret(index: Index) -> str:
    return index.simple.replace("://", "://user:geh%40im@")


def configure(way: str, build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    index, root = build.index, build.root
    if way.startswith("PIP_CONFIG"):
        (root.parent / "pip.conf").write_text(f"[global]\nindex-url = {secret(index)}\n")
        monkeypatch.setenv("PIP_CONFIG_FILE", str(root.parent / "pip.conf"))
    elif way == "named index":
        (root / "uv.toml").write_text(f'[[index]]\nname = "in-house"\nurl = "{index.simple}"\ndefault = true\n')
        monkeypatch.setenv("UV_INDEX_IN_HOUSE_USERNAME", "user")
        monkeypatch.setenv("UV_INDEX_IN_HOUSE_PASSWORD", "geh@im")
    elif way == "uv.toml":
        config = root.parent / "home" / ".config" / "uv"
        config.mkdir(parents=True)
        (config / "uv.toml").write_text(f'index-url = "{secret(index)}"\n')
    elif way == "pyproject.toml":
        (root / "pyproject.toml").write_text(f'[tool.uv]\nindex = [{{ url = "{secret(index)}", default = true }}]\n')
    elif way == "requirements.txt":
        (root / "requirements.txt").write_text(f"--index-url {secret(index)}\nalpha\n")
    elif way == "netrc":
        (root.parent / "netrc").write_text("machine 127.0.0.1 login user password geh@im\n")
        monkeypatch.setenv("NETRC", str(root.parent / "netrc"))
        monkeypatch.setenv("UV_DEFAULT_INDEX", index.simple)
    else:
        monkeypatch.setenv(way, f"in-house={secret(index)}" if way == "UV_INDEX" else secret(index))


WAYS = [
    "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX", "PIP_INDEX_URL", "PIP_CONFIG_FILE",
    "named index", "uv.toml", "pyproject.toml", "requirements.txt", "netrc",
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_login_serves_the_index_and_the_downloads(build, monkeypatch, way):
    """Each way to name index and login works for resolving and for fetching; the login is kept and shown nowhere."""
    configure(way, build, monkeypatch)

    assert build("alpha", index="") == ["alpha 1.0", "beta 1.0"]
    with pytest.raises(PkggenError) as caught:
        build("alpha", "beta>99", index="")
    shown = [str(caught.value), *build.reporter.warnings, (build.root / "pylock.toml").read_text()]
    assert [word for word in ("geh@im", "geh%40im") if word in "".join(shown)] == []


def test_a_login_is_for_its_own_host_only(index):
    """Another host, name or port gets no login."""
    urls = logins(Path("/nowhere"), {"UV_INDEX_URL": "https://u:p@one.example/simple", "HOME": "/nowhere"})

    assert urls == ("https://u:p@one.example/simple",)


def test_uvs_own_settings_come_before_pips(tmp_path):
    """The index of pip counts only where uv is told of none."""
    pip = {"PIP_INDEX_URL": "https://pip.example/simple", "HOME": str(tmp_path)}
    with_uv = fallback_index(tmp_path, {**pip, "UV_INDEX_URL": "https://uv.example/simple"})
    alone = fallback_index(tmp_path, pip)
    (tmp_path / "uv.toml").write_text('index-url = "https://uv.example/simple"\n')

    assert (with_uv, alone, fallback_index(tmp_path, pip)) == ("", "https://pip.example/simple", "")
