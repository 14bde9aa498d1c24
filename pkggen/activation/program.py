"""The program: argv in, an exit status out; protocol.py says what may be asked."""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import os
import sys
from pathlib import Path
from typing import Callable

from .lock import end_in_order
from .place import Place, explain
from .protocol import FAILED, UNFIT, Failure
from .records import Record, members
from .trust import check_trust
from .verbs import VERBS, WORDS

TOLD = {"configure", "settle", "rollback", "health"}
"""Verbs whose failure is noted in the journal."""


def main(argv: list[str]) -> int:
    """Run one verb; return the exit status."""
    options = parse(argv)
    if options.verb == "ask":
        from .request import ask  # the library behind it takes long to load

        return ask(*options.words)
    os.umask(0o022)
    os.chdir("/")
    end_in_order()
    place = Place(Path(__file__).resolve().parents[3])  # PREFIX/lib/activate.pyz/activation/program.py
    with contextlib.suppress(Failure):
        place.app = place.manifest().app
    if options.json:
        place.out = sys.stderr
    code, answer = guarded(place, lambda: trusted(place, options))
    if code and options.verb in TOLD:
        tell_failure(place, options.verb, str(answer["error"]))
    if options.json:
        sys.stdout.write(json.dumps({"verb": options.verb, **answer}, sort_keys=True) + "\n")
    return code


def tell_failure(place: Place, verb: str, why: str) -> None:
    """Note in the journal that a verb failed."""
    from .answers import Event  # these take time to load
    from .events import FAILED as EVENT
    from .events import note

    current = place.active() or ""
    note(place, Event(EVENT, current, current, verb, why))


def trusted(place: Place, options: argparse.Namespace) -> Record:
    """Run the verb where root may trust what is there; raise Failure."""
    check_trust(place)
    return VERBS[options.verb](place, options)


def parse(argv: list[str]) -> argparse.Namespace:
    """Return the verb and its options; end with status 2 where they are not as protocol.py says."""
    parser = argparse.ArgumentParser(prog="activate.pyz", description="Releases of one application.")
    parser.add_argument("verb", choices=[*VERBS, "ask"])
    parser.add_argument("words", nargs="*", help="the verb's own arguments, such as the release to go back to")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--package", action="store_true", help="verify: the package's own release has to be current")
    parser.add_argument("--reason", choices=["install", "upgrade", "refresh"], default="", help="of configure")
    parser.add_argument("--format", choices=["deb", "rpm"], default="", help="of the package that is configured")
    parser.add_argument("--metrics", default="", help="status: a file of metrics to write, such as /var/lib/…/app.prom")
    options = parser.parse_args(argv)
    if len(options.words) not in WORDS.get(options.verb, {0}):
        parser.error(f"{options.verb}: its arguments are in protocol.py: unzip -p {sys.argv[0]} '*/protocol.py'")
    if options.metrics and (options.verb != "status" or not os.path.isabs(options.metrics)):
        parser.error("--metrics FILE goes with status, and takes an absolute path")
    if bool(options.reason) != bool(options.format) or (options.reason and options.verb != "configure"):
        parser.error("--reason and --format go together, with configure")
    return options


def guarded(place: Place, work: Callable[[], Record]) -> tuple[int, dict[str, object]]:
    """Do the work; return the exit status and the object for ``--json``. The one boundary for errors."""
    try:
        return 0, {"ok": True, **members(work())}
    except Failure as failure:
        code, text = failure.code, str(failure)
    except OSError as error:
        unfit = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
        code, text = UNFIT if unfit else FAILED, explain(error, place.root)
    except ImportError as error:  # of the standard library: no file can be opened any more, or it is damaged
        code, text = FAILED, f"the interpreter can't load {error.name or 'a module'}: {error}"
    except KeyboardInterrupt as signalled:
        code, text = FAILED, f"ended by {signalled}"
    place.say(text, error=True)
    return code, {"ok": False, "error": text, "code": code}
