"""Makes, switches, checks and removes the releases of one application under its prefix, such as /opt/<app>.

Shipped as ``<prefix>/lib/activate.pyz``: the modules of this folder, uncompressed, in one file that a package
manager replaces by one rename. Read it with ``unzip -p`` or ``grep -a``. It is run as root by the package's
maintainer scripts and by administrators. Standard library only, syntax of Python 3.8.

argv
    ``<prefix>/layers/python/bin/python3.X -I -B <prefix>/lib/activate.pyz VERB [--json]``, or with the
    system's ``/usr/bin/python3.X`` where the package has no interpreter of its own

    configure      make the package's release from its layers and switch ``current`` to it. With
                   ``--reason install|upgrade|refresh --format deb|rpm``, and where the manifest asks
                   for hooks or health checks, ``before`` runs just before the switch; the caller ends
                   it with ``settle``. With ``refresh`` (a layer changed), and without a reason (an
                   upgrade was called off), nothing is done while a release of another version is
                   current and has its Python: a hook, a health check or an administrator decided
                   against the package's, and install and upgrade alone ask again; nor with ``refresh``
                   where none is current and the manifest has a hook that must be asked first
    before REASON FORMAT RELEASE   by ``configure``, once RELEASE is built and tried: note which
                   services run, then run the hook before-install or before-upgrade with it
    settle         by the scripts, once they have restarted the services: wait until they are healthy,
                   go back to the release before where one is not; else run the hook after-…
    health         check now what is to be checked
    ask URL SECONDS   for these: print the status that a server answers with
    rollback [ID]  switch back to the release that was current before, or to release ID; then restart
                   the services that ran, and check them
    status         list the releases, and what failed since the last switch. With ``--metrics FILE`` also
                   write them for Prometheus' node exporter
    history        list the switches and failures that the journal still has
    verify         compare the current release, byte by byte, with what was installed; with
                   ``--package``, it has to be the package's own, not one that was gone back to
    before-remove FORMAT   by the scripts, before a removal: run the hook of that name
    deactivate     remove ``current``; the releases stay
    remove         remove ``current`` and ``releases/``; may be run twice
    purge          the same as remove
    admit          tell whether a package that is about to be unpacked fits what is installed; stdin has
                   its description (``Admission`` in manifest.py)

    REASON is install, upgrade (as the package manager sees it) or refresh (a layer changed: no hooks).

environment
    None is read, the working directory neither; the prefix is that of this file. Children get a
    fixed environment. The umask is set to 022. Root imports nothing of the application: the smoke
    import runs as the manifest's ``user``, else as nobody, with a HOME that is removed afterwards
    (as root only where that user may not run programs below the prefix).

input
    ``manifest.json``, ``layers/<name>.json`` and ``plugins/<name>.json`` (schema 1): manifest.py says
    what is in them. A release keeps a copy of all that it was made of, and what is asked about a
    release is asked of its own. All modules are read before the work begins: the file may be
    replaced meanwhile.

state
    ``releases/<id>/release.json`` marks a release complete; ``releases/.pending.json`` is there from
    ``before`` to the end of ``settle`` (``Release`` and ``Pending`` in manifest.py).

    Each switch, and each failure of configure, settle, health and rollback, is an entry of the journal
    with fields of its own (events.py); nothing depends on it.

output
    Lines for people on stdout, errors on stderr, each starting ``<app>: ``. With ``--json`` all
    lines go to stderr and stdout gets one object: ``ok``, ``verb``, and ``error`` and ``code``, or
    configure, rollback  ``release``, ``previous``, ``changed``; configure also ``files``, ``copied``,
                         ``seconds``; rollback also ``services``
    settle, health       ``services``: unit to ``""`` or what is wrong with it
    status               ``current``, ``package``, ``releases``: [``id``, ``version``, ``complete``, ``current``,
                         ``activated`` (UTC, ISO 8601)], and ``failed``, one of history's, where something did
    history              ``events``: [``event`` (switched or failed), ``release``, ``previous``, ``reason``,
                         ``why``, ``time``], the last first; what is empty is left out
    verify               ``release``, ``differences``: [text]
    remove, purge, deactivate   ``left``: [path]

exit status
    0 done; 1 failed; 2 usage; 3 the package's or the release's files are damaged; 4 no space,
    read-only, noexec or unsafe ownership; 5 another run holds the lock; 6 the release does not
    start; 7 a hook failed; 8 verify --package: another release is current, or settle, health,
    rollback: a service is not healthy; 9 two packages do not fit together. Whatever the status of
    configure but 0, ``current`` is as it was before and nothing half-made is left.

How a release comes to be: ``releases/.new-*`` is filled with hard links (copies where links can't
be had), renamed to ``releases/<id>``, tried, synced to disk, marked complete by ``release.json``,
and only then does one rename(2) switch ``current``. What a killed run leaves, the next one clears.
The order of activation is the mtime of ``release.json``: a full disk can't stop a rollback.
"""

from __future__ import annotations

FAILED, DAMAGED, UNFIT, LOCKED, BROKEN, HOOK, OTHER, UNFIT_LAYER = 1, 3, 4, 5, 6, 7, 8, 9
UNHEALTHY = 8


class Failure(Exception):  # noqa: N818 - to its reader it is a sentence, not a programming error
    """What stops the program, in words for an administrator, and the exit status."""

    def __init__(self, text: str, code: int = FAILED) -> None:
        """Take the sentence and the status."""
        super().__init__(text)
        self.code = code


def damaged(what: object) -> Failure:
    """Return the failure of a package whose files are not as they were shipped."""
    return Failure(f"{what}: the package's files are damaged, reinstall the package", DAMAGED)
