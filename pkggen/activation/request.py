"""One request to a service, for its health check: in a process of its own, which can be ended."""

from __future__ import annotations

import http.client
import sys
from urllib.parse import urlsplit


def ask(address: str, limit: str) -> int:
    """Print the status of the answer to one request, or what is wrong; return the exit status."""
    url = urlsplit(address)
    connection = http.client.HTTPConnection(str(url.hostname), url.port or 80, timeout=float(limit))
    try:
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        connection.request("GET", path, headers={"User-Agent": "pkggen", "Connection": "close"})
        sys.stdout.write(f"{connection.getresponse().status}\n")
    except (OSError, http.client.HTTPException, ValueError) as error:
        sys.stdout.write(f"{error or type(error).__name__}\n")
        return 1
    finally:
        connection.close()
    return 0
