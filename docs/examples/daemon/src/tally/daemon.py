"""The daemon. One line in, one line out: ``add NAME``, ``get NAME``."""

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections import Counter
from pathlib import Path

from tally import systemd

LIMIT = 200  # of a line, in bytes


class Tally:
    """The counts, kept in a file."""

    def __init__(self, file):
        self.file = file
        self.counts = Counter(json.loads(file.read_text())) if file.exists() else Counter()

    def answer(self, line):
        """Return the answer to one line."""
        match line.split(maxsplit=1):
            case ["add", name]:
                self.counts[name] += 1
                self.save()
                return str(self.counts[name])
            case ["get", name]:
                return str(self.counts[name])
            case _:
                return "? add NAME, get NAME"

    def save(self):
        """Write the file anew beside the old one: whoever reads it, or a power cut, finds one of them whole."""
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps(self.counts, sort_keys=True))
        new.replace(self.file)


async def serve(sockets, tally):
    """Answer on all sockets until SIGTERM."""
    clients = set()

    async def converse(reader, writer):
        clients.add(writer)
        try:
            while line := await reader.readline():
                writer.write(f"{tally.answer(line.decode(errors='replace'))}\n".encode())
                await writer.drain()
        except (ConnectionError, ValueError):  # gone, or a line without an end
            pass
        finally:
            clients.discard(writer)
            writer.close()

    async def tell_that_all_is_well():
        while interval := systemd.watchdog_interval():
            systemd.notify(watchdog=1, status=f"{len(tally.counts)} names, {len(clients)} connections")
            await asyncio.sleep(interval)

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as servers:
        for listening in sockets:
            # not start_unix_server, which deletes the socket in the end: it is systemd's
            await servers.enter_async_context(await asyncio.start_server(converse, sock=listening, limit=LIMIT))
        systemd.notify(ready=1, status=f"{len(tally.counts)} names")
        beating = asyncio.create_task(tell_that_all_is_well())
        await stop.wait()
        systemd.notify(stopping=1)
        beating.cancel()
        for client in list(clients):
            client.close()


def main():
    """Run on the sockets that systemd hands over, or on port 7878."""
    sockets = systemd.listening() or [socket.create_server(("127.0.0.1", 7878))]
    state = Path(os.environ.get("STATE_DIRECTORY", "."))
    asyncio.run(serve(sockets, Tally(state / "tally.json")))
