import logging
import signal
import threading
from logging.handlers import WatchedFileHandler

from django.conf import settings
from django.core.management.base import BaseCommand

from guestbook.models import Entry

log = logging.getLogger("guestbook.worker")


class Command(BaseCommand):
    help = "Look at new entries, and show or refuse them, until told to stop."

    def handle(self, *args, **options):
        handler = WatchedFileHandler(settings.LOGS / "worker.log")  # opens the file anew when logrotate has moved it
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        log.info("started")
        while not stop.wait(0.5):
            for entry in Entry.objects.filter(state=Entry.State.WAITING).order_by("written"):
                look_at(entry)
        log.info("stopped")


def look_at(entry):
    found = [word for word in settings.REFUSED if word.lower() in f"{entry.name} {entry.text}".lower()]
    entry.state = Entry.State.REFUSED if found else Entry.State.SHOWN
    entry.save(update_fields=["state"])
    log.info("entry %d: %s", entry.pk, f"refused for {', '.join(found)}" if found else "shown")
