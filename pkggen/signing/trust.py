"""Verifying as a client does: with the public keys that it was given, and no others."""

from __future__ import annotations

from pathlib import Path

from pkggen.run import find_tool, run


class Trust:
    """Some public keys, in a keyring of their own."""

    def __init__(self, public: str, directory: Path) -> None:
        """Take keys in ASCII armour; ``directory`` is ours alone. Raises ToolError without gpg."""
        self._gpg = find_tool("gpg", "install GnuPG")
        self._home = directory / "gnupg"
        self._home.mkdir(mode=0o700)
        self._directory = directory
        self._run("--import", stdin=public)

    def objection(self, signed: bytes, signature: bytes | None) -> str:
        """Return why a text is not signed by one of the keys, "" where it is; clear-signed, where there is no other."""
        text = self._directory / "text"
        text.write_bytes(signed)
        words = [text]
        if signature is not None:
            words = [self._directory / "signature", text]
            words[0].write_bytes(signature)
        status, said = self._run("--status-fd", "1", "--verify", "--", *words)
        valid = [line for line in said.splitlines() if line.startswith("[GNUPG:] VALIDSIG ")]
        if valid and status in (0, 2):  # 2 where another signature is by a key that is not known here
            return ""
        return "it is by none of the keys" if "NO_PUBKEY" in said else "it is missing or damaged"

    def _run(self, *words: str | Path, stdin: str | None = None) -> tuple[int, str]:
        home = ("--homedir", self._home, "--batch", "--no-tty", "--no-autostart", "--trust-model", "always")
        done = run([self._gpg, *home, *words], check=False, stdin=stdin)
        return done.status, done.stdout
