"""Which of rpmlint's tags a package of ours can't avoid, and why; an rpm carries no overrides itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pkggen.commands.lint.contents import Contents
from pkggen.model import Kind

_VENDORED = "The interpreter and the wheels are shipped as their makers built them; RECORD holds their digests."
_DECLARED = "The project asks for it: what lies there is for its own users."
# of files below the application's own directory
_WITHIN = (
    ("dir-or-file-in-opt", "An application with its own interpreter and libraries lives below /opt."),
    ("unstripped-binary-or-object", _VENDORED),
    ("statically-linked-binary", _VENDORED),
    ("static-library-without-debuginfo", _VENDORED),
    ("devel-file-in-non-devel-package", "Headers and sources in wheels are read by other Python packages."),
    ("zero-length", "Empty modules and markers such as py.typed mean something."),
    ("hidden-file-or-dir", _VENDORED),
    ("non-executable-script", "Modules are imported; what is run are the venv's scripts."),
    ("env-script-interpreter", _VENDORED),
    ("wrong-script-interpreter", _VENDORED),
    ("wrong-script-end-of-line-encoding", _VENDORED),
    ("binary-or-shlib-defines-rpath", "Wheels find the libraries that they bring by $ORIGIN."),
    ("binary-or-shlib-calls-gethostbyname", "Python offers that function to programs."),
    ("position-independent-executable-suggested", _VENDORED),
    ("executable-stack", _VENDORED),
    ("missing-call-to-setgroups-before-setuid", "Python offers that function to programs."),
    ("no-soname", _VENDORED),
    ("invalid-soname", _VENDORED),
    ("shared-library-without-dependency-information", "Extension modules find the interpreter's symbols."),
    ("shared-lib-calls-exit", _VENDORED),
    ("shared-library-not-executable", "The dynamic loader asks for no x bit."),
    ("missing-hash-section", "Libraries of the build host have the GNU hash, which each glibc since 2.5 reads."),
    ("postin-without-ldconfig", "They are found by $ORIGIN, and are in no cache of the system's loader."),
    ("postun-without-ldconfig", "They are found by $ORIGIN, and are in no cache of the system's loader."),
    ("undefined-non-weak-symbol", "Extension modules find the interpreter's symbols in the running process."),
    ("library-not-linked-against-libc", _VENDORED),
    ("files-duplicate", "Distributions that hold the same bytes stay apart, to be verified each by its RECORD."),
    ("postin-without-ghost-file-creation", "The on-target program makes it, called by %post."),
    ("file-not-in-%lang", "Translations are part of the wheels."),
    ("python-bytecode", "Byte code is checked by its source's digest, not its time."),
    ("spelling-error", _VENDORED),
)
# of the package as such
_PACKAGE = (
    (r"E: no-signature", "Whether a package is signed is the builder's choice."),
    (r"W: symlink-should-be-relative /usr/bin/", "Debian wants it absolute (policy 10.5)."),
    (r"W: symlink-should-be-relative \S+/bin/\S+-releases /usr/sbin/", "Above the prefix there may be links."),
    (r"W: dangling-symlink /usr/bin/", "The link leads to the current release, which %post makes."),
    (r"W: no-manual-page-for-binary ", "Python distributions bring no manual pages for their commands."),
    (r"W: dangerous-command-in-%(pre|post|preun|postun|posttrans) (rm|chmod|chown|mv|cp|ln)$",
     "It works on quoted paths of the package's own."),
    (r"W: dangerous-command-in-%(verifyscript|transfiletrigger\S*) chmod$", "It is a word of a message."),
    (r"W: percent-in-%(preun|post|postun)$", "It is the format of a query, not a macro."),
    (r"W: dangerous-command-in-%(pre|post|preun|postun) rpm$", "It asks who owns a file, and changes nothing."),
    (r"W: manpage-not-compressed bz2 ", "It is compressed with gzip, as Fedora's are; before 2.5 rpmlint wants bzip2."),
    (r"W: non-standard-[ug]id ", "The project's files may belong to the users that its services run as."),
    (r"E: logrotate-log-dir-not-packaged ", "systemd makes it for the service's user (LogsDirectory=)."),
    (r"E: files-duplicated-waste ", "What holds the same bytes stays apart, to be verified by its RECORD."),
    (r"E: non-versioned-file-in-library-package ", "It is an application that brings libraries for itself."),
    (r"W: only-non-binary-in-usr-lib", "Units and presets lie there by systemd's rule."),
    (r"W: invalid-license ", "The licence is an SPDX expression, which rpmlint before 2.5 does not know all of."),
)  # fmt: skip


def filters(package: Contents) -> Iterator[tuple[str, str]]:
    """Yield (pattern, reason) pairs for rpmlint's configuration, below the package's own directories alone."""
    owned = sorted({"/".join(e.path.split("/")[:3]) for e in package.members if e.path.startswith("/opt/")})
    for place in owned:
        for tag, reason in _WITHIN:
            yield f" [EW]: {re.escape(tag)} {re.escape(place)}(/| |$)", reason
    for entry in package.members:
        if entry.kind is Kind.DIRECTORY and entry.mode != 0o755:
            yield f" E: non-standard-dir-perm {re.escape(entry.path)} ", _DECLARED
        elif entry.kind is Kind.FILE and not entry.mode & 0o004:
            yield f" E: non-readable {re.escape(entry.path)} ", _DECLARED
    for pattern, reason in _PACKAGE:
        yield f" {pattern}", reason
