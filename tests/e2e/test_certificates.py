"""TLS on the target: the system's certification authorities are found wherever a distribution keeps them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.applications import QUICK
from tests.e2e.packages import build, interpreter_options
from tests.targets import Box, Target

PROJECT = """\
[build-system]
requires = ["setuptools>=69"]
build-backend = "setuptools.build_meta"

[project]
name = "trust"
version = "1.0"

[project.scripts]
trust = "trust:main"

[tool.setuptools]
py-modules = ["trust"]
"""
CLIENT = """\
import sys
import urllib.request


def main():
    try:
        print(urllib.request.urlopen("https://localhost:4433/", timeout=10).read().decode())
    except OSError as error:
        sys.exit(f"refused: {error}")
"""
SERVER = """\
import http.server
import ssl


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"trusted")


server = http.server.HTTPServer(("127.0.0.1", 4433), Hello)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/pkgs/server.pem", "/pkgs/server.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""
# What holds the bundle; links by their path; a directory of hashed names, if OpenSSL of that system looks there.
LAYOUTS: dict[str, tuple[str, dict[str, str], str]] = {
    "debian": ("etc/ssl/certs/ca-certificates.crt", {}, "etc/ssl/certs"),
    "debian without hashed names": ("etc/ssl/certs/ca-certificates.crt", {}, ""),
    "fedora": (
        "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        {
            "etc/pki/tls/certs/ca-bundle.crt": "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
            "etc/pki/tls/cert.pem": "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
            "etc/ssl/certs": "../pki/tls/certs",
        },
        "",
    ),
    "old rhel": ("etc/pki/tls/certs/ca-bundle.crt", {"etc/ssl/certs": "../pki/tls/certs"}, ""),
    "suse": (
        "var/lib/ca-certificates/ca-bundle.pem",
        {
            "etc/ssl/ca-bundle.pem": "/var/lib/ca-certificates/ca-bundle.pem",
            "etc/ssl/certs": "/var/lib/ca-certificates/pem",
        },
        "var/lib/ca-certificates/pem",
    ),
    "suse without hashed names": (
        "var/lib/ca-certificates/ca-bundle.pem",
        {"etc/ssl/ca-bundle.pem": "/var/lib/ca-certificates/ca-bundle.pem"},
        "",
    ),
}  # fmt: skip
PLACES = "/etc/ssl /etc/pki /usr/lib/ssl /var/lib/ca-certificates"


@pytest.fixture(scope="module")
def packages_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the package, a server with its certificate, and every layout in two states."""
    home = tmp_path_factory.mktemp("certificates")
    root = home / "source"
    root.mkdir()
    (root / "pyproject.toml").write_text(PROJECT + QUICK.format(table="tool.pkggen."))
    (root / "trust.py").write_text(CLIENT)
    build(root, home / "dist", "--format", "deb", *interpreter_options())["deb"].rename(home / "trust.deb")
    (home / "server.py").write_text(SERVER)
    make_certificates(home)
    for name, layout in LAYOUTS.items():
        lay_out(home / name / "with", *layout, authorities=[home / "other.pem", home / "ours.pem"])
        lay_out(home / name / "without", *layout, authorities=[home / "other.pem"])
    return home


def make_certificates(home: Path) -> None:
    """Write two authorities and a server's certificate by the first."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    (home / "san").write_text("subjectAltName = DNS:localhost\nauthorityKeyIdentifier = keyid\n")
    for name in ("ours", "other"):
        usage = ["-addext", "keyUsage = critical,keyCertSign", "-subj", f"/CN={name}"]
        openssl(home, "req", "-x509", *key, *usage, "-keyout", f"{name}.key", "-out", f"{name}.pem")
    openssl(home, "req", *key, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "request")
    issuer = ["-CA", "ours.pem", "-CAkey", "ours.key", "-set_serial", "1", "-extfile", "san"]
    openssl(home, "x509", "-req", "-in", "request", *issuer, "-out", "server.pem")


def openssl(home: Path, *words: str) -> str:
    """Run openssl in ``home``; return what it printed."""
    done = subprocess.run(["openssl", *words], cwd=home, check=True, capture_output=True, text=True, timeout=60)
    return done.stdout


def lay_out(root: Path, bundle: str, links: dict[str, str], hashed: str, *, authorities: list[Path]) -> None:
    """Write a distribution's certificates below ``root``."""
    path = root / bundle
    path.parent.mkdir(parents=True)
    path.write_text("".join(authority.read_text() for authority in authorities))
    for name, target in links.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(target)
    if hashed:
        (root / hashed).mkdir(parents=True, exist_ok=True)
        for authority in authorities:
            shutil.copy(authority, root / hashed)
            name = openssl(root, "x509", "-hash", "-noout", "-in", os.fspath(authority)).strip()
            (root / hashed / f"{name}.0").symlink_to(authority.name)


def test_the_systems_authorities_count(packages_directory: Path, debian_12: Target) -> None:
    """In each layout the application trusts a server whose authority the system trusts, and no other."""
    with debian_12.box(shares={"/pkgs": packages_directory}) as box:
        box.packages.install("/pkgs/trust.deb")
        box.run("/opt/trust/current/venv/bin/python /pkgs/server.py >/dev/null 2>&1 &", check=True)
        wait_for_server(box)

        answers = {(name, state): asked(box, name, state) for name in LAYOUTS for state in ("with", "without")}

    assert answers == {(n, s): "trusted" if s == "with" else "refused" for n, s in answers}


def asked(box: Box, layout: str, state: str) -> str:
    """Give the system these certificates and ask the server; return the answer's first word."""
    box.run(f"rm -rf {PLACES} && cp -a '/pkgs/{layout}/{state}/.' /", check=True)
    done = box.run("trust")
    if done.returncode:
        assert "CERTIFICATE_VERIFY_FAILED" in done.output
    return done.output.split(":")[0].strip()


def wait_for_server(box: Box) -> None:
    """Return once something listens there."""
    box.run("for i in $(seq 100); do ss -tln | grep -q :4433 && exit 0; sleep 0.1; done; exit 1", check=True)
