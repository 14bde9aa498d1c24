"""The verbs. Each loads the modules that it needs, before it begins: the others would take time."""

from __future__ import annotations

import argparse
from typing import Callable

from .place import Place
from .records import Record


def _configure(place: Place, options: argparse.Namespace) -> Record:
    from .configure import configure

    return configure(place, options.reason, options.format)


def _before(place: Place, options: argparse.Namespace) -> Record:
    from .rollout import before

    return before(place, *options.words)


def _settle(place: Place, _: argparse.Namespace) -> Record:
    from .rollout import settle

    return settle(place)


def _health(place: Place, _: argparse.Namespace) -> Record:
    from .health import health

    return health(place)


def _rollback(place: Place, options: argparse.Namespace) -> Record:
    from .rollback import rollback

    return rollback(place, *(options.words or [None]))


def _status(place: Place, options: argparse.Namespace) -> Record:
    from .listing import status

    answer = status(place)
    if options.metrics:
        from .metrics import write_metrics

        write_metrics(options.metrics, place.app, answer)
    return answer


def _history(place: Place, _: argparse.Namespace) -> Record:
    from .events import history

    return history(place)


def _verify(place: Place, options: argparse.Namespace) -> Record:
    from .verification import verify

    return verify(place, options.package)


def _before_remove(place: Place, options: argparse.Namespace) -> Record:
    from .removal import before_remove

    return before_remove(place, *options.words)


def _deactivate(place: Place, _: argparse.Namespace) -> Record:
    from .removal import deactivate

    return deactivate(place)


def _remove(place: Place, _: argparse.Namespace) -> Record:
    from .removal import remove

    return remove(place)


def _admit(place: Place, _: argparse.Namespace) -> Record:
    from .admission import admit

    return admit(place)


VERBS: dict[str, Callable[[Place, argparse.Namespace], Record]] = {
    "configure": _configure, "before": _before, "settle": _settle, "health": _health, "rollback": _rollback,
    "status": _status, "history": _history, "verify": _verify, "before-remove": _before_remove,
    "deactivate": _deactivate, "remove": _remove, "purge": _remove, "admit": _admit,
}  # fmt: skip
WORDS = {"ask": {2}, "before": {3}, "before-remove": {1}, "rollback": {0, 1}}
"""How many words follow a verb; none where nothing is said."""
