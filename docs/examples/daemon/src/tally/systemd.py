"""What a daemon and systemd tell each other: sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled(3)."""

import os
import socket

FIRST = 3


def listening():
    """Return the sockets that systemd has opened for us."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    return [socket.socket(fileno=FIRST + number) for number in range(int(os.environ["LISTEN_FDS"]))]


def notify(**words):
    """Tell systemd: ``notify(ready=1, status="3 names")``. Without systemd nothing happens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        text = "\n".join(f"{name.upper()}={value}" for name, value in words.items())
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bus:
            bus.sendto(text.encode(), address.replace("@", "\0", 1) if address.startswith("@") else address)


def watchdog_interval():
    """Return after how many seconds to say that all is well, half of what systemd waits; 0 when it does not ask."""
    return int(os.environ.get("WATCHDOG_USEC", "0")) / 2e6
