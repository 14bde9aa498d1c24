from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from pkggen.interpreter.system_certificates import load

NOWHERE = ssl.DefaultVerifyPaths(None, None, "SSL_CERT_FILE", "/none/cert.pem", "SSL_CERT_DIR", "/none/certs")  # type: ignore[call-arg]


class Context:
    """Remembers which bundles it was told to load."""

    def __init__(self) -> None:
        self.loaded: list[str] = []

    def load_verify_locations(self, cafile: str) -> None:
        self.loaded.append(cafile)


@pytest.fixture(autouse=True)
def nobody_said_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


def loaded(paths: ssl.DefaultVerifyPaths, *bundles: Path) -> list[str]:
    context = Context()
    load(context, paths, [str(b) for b in bundles])  # type: ignore[arg-type]
    return context.loaded


def test_the_first_bundle_that_exists_is_loaded(tmp_path: Path) -> None:
    """Where OpenSSL's own places don't exist, the system's bundle is found."""
    (tmp_path / "ca.pem").touch()

    assert loaded(NOWHERE, tmp_path / "none.pem", tmp_path / "ca.pem") == [str(tmp_path / "ca.pem")]


def test_a_directory_that_openssl_cannot_read_does_not_count(tmp_path: Path) -> None:
    """RHEL's /etc/ssl/certs exists, but holds no hashed links: the bundle is loaded all the same."""
    (tmp_path / "ca-bundle.crt").touch()
    paths = NOWHERE._replace(capath=str(tmp_path))

    assert loaded(paths, tmp_path / "ca-bundle.crt") == [str(tmp_path / "ca-bundle.crt")]


def test_openssls_own_places_come_first(tmp_path: Path) -> None:
    """Where OpenSSL finds what it wants, nothing is added."""
    (tmp_path / "0a1b2c3d.0").touch()

    assert loaded(NOWHERE._replace(capath=str(tmp_path)), tmp_path / "0a1b2c3d.0") == []
    assert loaded(NOWHERE._replace(cafile="/x"), tmp_path / "0a1b2c3d.0") == []


def test_an_administrators_choice_stays_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SSL_CERT_FILE means that file and no other."""
    (tmp_path / "ca.pem").touch()
    monkeypatch.setenv("SSL_CERT_FILE", "/somewhere")

    assert loaded(NOWHERE, tmp_path / "ca.pem") == []


def test_a_system_without_certificates_is_left_as_it_is(tmp_path: Path) -> None:
    """No bundle, no error: whoever connects gets OpenSSL's own message."""
    assert loaded(NOWHERE, tmp_path / "none.pem") == []
