"""Signing: what is signed stays as it was, and what can't be signed is told before anything is written."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from pkggen.archives.deb import read_deb
from pkggen.archives.rpm import read_rpm, signature_end
from pkggen.cli import main
from pkggen.errors import ArtefactError, Key, PkggenError
from pkggen.inventory.inspection import inspect
from pkggen.signing.keys import find_key
from pkggen.signing.openpgp import issuer_of

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("gpg-agent", "dpkg-deb", "rpmbuild", "rpmsign"))),
    reason="needs gpg-agent, dpkg-deb, rpmbuild and rpmsign",
)
MAIL = "packages@example.invalid"
HERE = Key.of("deb", "sign")
NAMES = ("told_1.0-1_all.deb", "told-1.0-1.noarch.rpm")


def gpg(*words: str, text: str = "") -> str:
    done = subprocess.run(["gpg", "-q", "--batch", *words], input=text, capture_output=True, text=True, check=True)
    return done.stdout


def make_key(mail: str, *, expires: str = "never", passphrase: str = "") -> None:
    protected = ("--pinentry-mode", "loopback", "--passphrase", passphrase)
    gpg(*protected, "--quick-generate-key", f"Somebody <{mail}>", "ed25519", "sign", expires)


@pytest.fixture(scope="module")
def gnupg() -> Iterator[Path]:
    """Return a GNUPGHOME with a good key, one that has expired, and two of one address; its path is short."""
    with tempfile.TemporaryDirectory(prefix="pkggen-keys-", dir="/tmp") as home, pytest.MonkeyPatch.context() as patch:
        patch.setenv("GNUPGHOME", home)
        Path(home, "gpg-agent.conf").write_text("pinentry-program /bin/false\n")
        make_key(MAIL)
        make_key("locked@example.invalid", passphrase="secret")
        gpg("--faked-system-time", "20200101T000000", "--passphrase", "", "--quick-generate-key",
            "Old <old@example.invalid>", "ed25519", "sign", "1d")  # fmt: skip
        for name in ("One", "Two"):
            gpg("--passphrase", "", "--quick-generate-key", f"{name} <twice@example.invalid>", "ed25519", "sign")
        subprocess.run(["gpgconf", "--kill", "all"], check=True)  # which forgets the passphrase
        yield Path(home)
        subprocess.run(["gpgconf", "--kill", "all"], check=True)


@pytest.fixture
def home(tmp_path: Path, gnupg: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current directory: a metapackage, told 1.0."""
    monkeypatch.setenv("GNUPGHOME", str(gnupg))
    monkeypatch.setenv("PKGGEN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1750000000")
    root = tmp_path / "here"
    root.mkdir()
    (root / "pkggen.toml").write_text('name = "told"\nversion = "1.0"\nmeta = true\n')
    monkeypatch.chdir(root)
    return root


def build(*words: str) -> Result:
    return CliRunner().invoke(main, ["build", *words])


def body(path: Path) -> bytes:
    """Return what is signed of an rpm."""
    with path.open("rb") as stream:
        stream.seek(signature_end(stream))
        return stream.read()


def test_a_signature_is_all_that_is_added(home: Path) -> None:
    """The signed packages are the unsigned ones and a signature, whose key `inspect` names."""
    assert build("-o", "plain").exit_code == 0
    assert build("-o", "signed", "--sign", MAIL).exit_code == 0
    (deb, rpm), (signed_deb, signed_rpm) = ([home / d / n for n in NAMES] for d in ("plain", "signed"))
    fingerprint = find_key(MAIL, HERE).fingerprint

    assert signed_deb.read_bytes().startswith(deb.read_bytes())
    assert body(signed_rpm) == body(rpm)
    assert "signed-by" not in {**inspect(deb).metadata, **inspect(rpm).metadata}
    assert [inspect(p).metadata["signed-by"] for p in (signed_deb, signed_rpm)] == [fingerprint] * 2


def test_what_is_signed_is_not_signed_again(home: Path) -> None:
    """The second build leaves the signed files in place; without the key they are replaced by unsigned ones."""
    (home / "pkggen.toml").write_text(
        (home / "pkggen.toml").read_text() + f'deb.sign = "{MAIL}"\nrpm.sign = "{MAIL}"\n'
    )
    build()
    before = {n: (home / "dist" / n).read_bytes() for n in NAMES}
    again = build("-v")

    assert again.stderr.count("is unchanged") == 2, again.stderr
    assert {n: (home / "dist" / n).read_bytes() for n in NAMES} == before
    assert build("--no-sign").exit_code == 0
    assert "signed-by" not in inspect(home / "dist" / NAMES[0]).metadata


def test_what_a_revoked_subkey_signed_is_signed_again(home: Path) -> None:
    """The primary key stays; its subkey is revoked and has a successor: nothing of the old one is handed out."""
    mail = "subkeys@example.invalid"
    gpg("--passphrase", "", "--quick-generate-key", f"Somebody <{mail}>", "ed25519", "cert,sign")
    primary = find_key(mail, HERE)
    unlocked = ("--pinentry-mode", "loopback", "--passphrase", "")
    gpg(*unlocked, "--quick-add-key", primary.fingerprint, "ed25519", "sign")
    assert build("--sign", mail).exit_code == 0
    assert build("-v", "--sign", mail).stderr.count("is unchanged") == 2
    old = {inspect(home / "dist" / n).metadata["signed-by"] for n in NAMES}

    words = "key 1\nrevkey\ny\n1\n\ny\nsave\n"
    gpg(*unlocked, "--command-fd", "0", "--no-tty", "--edit-key", primary.fingerprint, text=words)
    gpg(*unlocked, "--quick-add-key", primary.fingerprint, "ed25519", "sign")
    again = build("-v", "--sign", mail)
    new = {inspect(home / "dist" / n).metadata["signed-by"] for n in NAMES}

    assert (again.exit_code, again.stderr.count("is unchanged")) == (0, 0), again.stderr
    assert (len(old), len(new), old & new) == (1, 1, set())


def test_signatures_of_packages_do_not_end(home: Path, gnupg: Path, tmp_path: Path) -> None:
    """A gpg.conf that lets signatures end after a day does not count: they may lie in `dist` for longer."""
    (gnupg / "gpg.conf").write_text("default-sig-expire 1d\n")
    try:
        assert build("--sign", MAIL).exit_code == 0
        gpg("--output", str(tmp_path / "mail"), "--detach-sign", str(home / "pkggen.toml"))
    finally:
        (gnupg / "gpg.conf").unlink()
    signatures = [*read_deb(home / "dist" / NAMES[0]).signatures, *read_rpm(home / "dist" / NAMES[1]).signatures]
    told = []
    for number, signature in enumerate([*signatures, (tmp_path / "mail").read_bytes()]):
        (tmp_path / str(number)).write_bytes(signature)
        told.append("sig expires" in gpg("--list-packets", str(tmp_path / str(number))))

    assert told == [False] * len(signatures) + [True]


def test_debsig_verify_agrees(home: Path, tmp_path: Path) -> None:
    """With a policy that wants the key, debsig-verify accepts the .deb, and refuses it with one byte changed."""
    if not shutil.which("debsig-verify"):
        pytest.skip("needs debsig-verify")
    build("--format", "deb", "--sign", MAIL)
    key = find_key(MAIL, HERE).fingerprint[-16:]
    policy, ring = tmp_path / "policies" / key / "told.pol", tmp_path / "keyrings" / key / "told.gpg"
    policy.parent.mkdir(parents=True)
    ring.parent.mkdir(parents=True)
    gpg("--output", str(ring), "--export", key)
    wanted = f'<Required Type="origin" File="{ring.name}" id="{key}"/>'
    policy.write_text(
        f'<?xml version="1.0"?><Policy xmlns="https://www.debian.org/debsig/1.0/"><Origin Name="Told" id="{key}"/>'
        f"<Selection>{wanted}</Selection><Verification>{wanted}</Verification></Policy>"
    )
    deb, spoilt = home / "dist" / NAMES[0], tmp_path / NAMES[0]
    spoilt.write_bytes(deb.read_bytes().replace(b"2.0\n", b"2.1\n", 1))
    options = ["--policies-dir", tmp_path / "policies", "--keyrings-dir", tmp_path / "keyrings"]

    assert [subprocess.run(["debsig-verify", *options, p], check=False).returncode for p in (deb, spoilt)] == [0, 13]


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("nobody@example.invalid", "no secret key nobody@example.invalid"),
        ("0123456789ABCDEF", "no secret key 0123456789ABCDEF"),
        ("old@example.invalid", "has expired"),
        ("twice@example.invalid", "names 2 keys"),
        ("DEADBEEF", "is no key"),
        ("--yes", "is no key"),
    ],
)
def test_keys_that_cannot_sign(wanted: str, told: str, home: Path) -> None:
    """An unknown, expired, ambiguous or badly spelt key ends the build before it begins, with code 2."""
    done = build(f"--sign={wanted}")

    assert (done.exit_code, told in done.stderr) == (2, True), done.stderr
    assert done.stderr.count("error: ") == 1
    assert not list((home / "dist").iterdir())


def test_a_bad_key_in_the_configuration_is_named(home: Path) -> None:
    """`check` tells of a key that there is not, with file and key."""
    (home / "pkggen.toml").write_text((home / "pkggen.toml").read_text() + 'rpm.sign = "nobody@example.invalid"\n')
    done = CliRunner().invoke(main, ["check"])

    assert (done.exit_code, "pkggen.toml: rpm.sign (line" in done.stderr) == (2, True), done.stderr
    assert CliRunner().invoke(main, ["check", "--no-sign"]).exit_code == 0


@pytest.mark.parametrize("kind", ["deb", "rpm"])
def test_an_agent_that_refuses(kind: str, home: Path) -> None:
    """Where the agent gets no passphrase, the build fails with code 5 and writes nothing."""
    done = build("--format", kind, "--sign", "locked@example.invalid")

    assert (done.exit_code, "passphrase" in done.stderr) == (5, True), done.stderr
    assert not list((home / "dist").iterdir())


def test_without_gpg(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without gpg the build says so at once, with code 5."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("dpkg-deb", "rpmbuild", "rpmsign"):
        (programs / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(programs))
    done = build("--sign", MAIL)

    assert (done.exit_code, "gpg is not installed" in done.stderr) == (5, True), done.stderr


def test_the_users_keyring_but_not_their_rpm_macros(home: Path, gnupg: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without GNUPGHOME the keyring is ~/.gnupg; ~/.rpmmacros, which can run programs, is not read."""
    with tempfile.TemporaryDirectory(prefix="pkggen-home-", dir="/tmp") as user:
        Path(user, ".gnupg").symlink_to(gnupg)
        Path(user, ".rpmmacros").write_text(f"%_gpg_name nobody\n%__gpg_sign_cmd %(touch {user}/read)\n%x %(false)\n")
        monkeypatch.delenv("GNUPGHOME")
        monkeypatch.setenv("HOME", user)
        done = build("--format", "rpm", "--sign", MAIL)

        assert done.exit_code == 0, done.stderr
        assert sorted(os.listdir(user)) == [".gnupg", ".rpmmacros"]


def test_a_deb_with_a_stranger_in_it(home: Path) -> None:
    """Signatures may follow a .deb's data, anything else may not."""
    build("--format", "deb")
    deb = home / "dist" / NAMES[0]
    deb.write_bytes(deb.read_bytes() + f"{'extra':<16}{0:<12}{0:<6}{0:<6}{100644:<8}{2:<10}`\n".encode() + b"x\n")

    with pytest.raises(ArtefactError, match="something follows its data: extra"):
        read_deb(deb)


def test_issuers() -> None:
    """The key's name is read from signatures of versions 3 and 4, in armour or not, in both kinds of packets."""
    third = bytes.fromhex("890015") + bytes([3, 5, 0, 0, 0, 0, 0]) + bytes.fromhex("0123456789ABCDEF") + b"\1\2abcd"
    fourth = bytes([4, 0, 1, 8, 0, 0, 0, 10, 9, 16]) + bytes.fromhex("0123456789ABCDEF") + b"\0\0\0"
    armour = b"-----BEGIN PGP SIGNATURE-----\nVersion: x\n\n%s\n=abcd\n-----END PGP SIGNATURE-----\n"
    packet = bytes([0xC2, len(fourth)]) + fourth

    assert {issuer_of(s) for s in (third, packet, armour % base64.b64encode(packet))} == {"0123456789ABCDEF"}


@given(st.binary(max_size=60))
def test_no_issuer(data: bytes) -> None:
    """Whatever the bytes are, there is a name or a ValueError."""
    for text in (data, b"\x88\x20\4" + data, b"-----BEGIN PGP SIGNATURE-----\n" + data):
        with suppress(ValueError):
            issuer_of(text)


def test_find_key_accepts_both_spellings(home: Path) -> None:
    """A fingerprint and its last 16 digits, with 0x or in small letters, name the same key."""
    whole = find_key(MAIL, HERE)

    assert {
        find_key(k, HERE) for k in (whole.fingerprint, f"0x{whole.fingerprint[-16:]}", whole.fingerprint.lower())
    } == {whole}
    with pytest.raises(PkggenError):
        find_key(whole.fingerprint[-8:], HERE)
