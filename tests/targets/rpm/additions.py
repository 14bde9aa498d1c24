"""What an Enterprise Linux system has that a converted Debian one lacks."""

from __future__ import annotations

RELEASE = "system-release"
"""The package that says what the system is, as redhat-release and fedora-release do."""

FILES = {
    "/usr/lib/os-release": (
        'NAME="RPM target"\nID=rpm-target\nID_LIKE="rhel fedora"\nVERSION_ID=9\nPRETTY_NAME="RPM target"\n'
    ),
    # Fedora's packaging guidelines, "DefaultServices": what no preset names stays disabled.
    "/usr/lib/systemd/system-preset/99-default-disable.preset": "disable *\n",
    # Debian's rpm puts the database in ~/.rpmdb. %_pkgverify_level is Fedora's answer to rpm 6,
    # which by its own default refuses packages that are not signed.
    "/etc/rpm/macros": "%_dbpath /var/lib/rpm\n%_db_backend sqlite\n%_pkgverify_level digest\n",
    # dnf.conf(5). Nothing can be fetched, so nothing may be looked for.
    "/etc/dnf/dnf.conf": "[main]\ngpgcheck=1\ninstallonly_limit=3\nclean_requirements_on_remove=True\nbest=True\n",
}
"""Path → text; they belong to RELEASE."""

LINKS = {"/usr/bin/dnf": "dnf5", "/usr/bin/yum": "dnf"}
"""Path → where it leads, unless the root has one already; they belong to RELEASE. Fedora's dnf5
brings the first."""

DIRECTORIES = (
    "/etc/sysconfig",
    "/usr/share/bash-completion/completions",
    "/usr/share/fish/vendor_completions.d",
    "/usr/share/licenses",
    "/usr/share/zsh/site-functions",
)
"""What Fedora's ``filesystem`` owns besides what Debian has, so that no package leaves it behind."""

NAMES = {
    "bash": ("bash",),
    "ca-certificates": ("ca-certificates",),
    "coreutils": ("coreutils",),
    "iproute2": ("iproute",),
    "libc-bin": ("glibc-common",),
    "libc6": ("glibc", "rtld(GNU_HASH)"),
    "libgcc-s1": ("libgcc",),
    "libstdc++6": ("libstdc++",),
    "passwd": ("shadow-utils",),
    "procps": ("procps-ng",),
    "zlib1g": ("zlib",),
}
"""Debian package → what packages for Enterprise Linux call it. ``rtld(GNU_HASH)`` is provided by
hand in Fedora's glibc.spec too: every ELF file requires it and nothing generates it."""

GENERATED = "base-generated"
"""The package that owns what maintainer scripts made: accounts, caches, alternatives."""

ACCOUNT_FILES = ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/subuid", "/etc/subgid")
"""Fedora's setup.spec does not verify what useradd changes."""

TRIGGERS = """\
%transfiletriggerin -n systemd -P 900900 -- /usr/lib/systemd/system /etc/systemd/system
if [ -d /run/systemd/system ]; then systemctl daemon-reload || :; fi

%transfiletriggerpostun -n systemd -P 1000100 -- /usr/lib/systemd/system /etc/systemd/system
if [ -d /run/systemd/system ]; then systemctl daemon-reload || :; fi

%transfiletriggerin -n systemd -P 1000700 -- /usr/lib/sysusers.d
systemd-sysusers || :

%transfiletriggerin -n systemd -P 1000500 -- /usr/lib/tmpfiles.d
if [ -d /run/systemd/system ]; then systemd-tmpfiles --create || :; fi
"""
"""What systemd does for other packages on Enterprise Linux 9, its triggers.systemd."""
