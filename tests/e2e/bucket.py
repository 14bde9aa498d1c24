"""A bucket of a real S3 server, SeaweedFS, on this host's loopback."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

WEED = Path(sys.executable).with_name("weed")
NAME = "packages"
WAIT = """
import sys, time, urllib.error, urllib.request
while True:
    try:
        urllib.request.urlopen(sys.argv[1], timeout=1)
    except urllib.error.HTTPError:  # it answers: nobody may read without a key
        break
    except OSError:
        time.sleep(0.2)
"""
_KEY, _SECRET = "somebody", "their-secret"
_SECONDS = 60


@contextmanager
def bucket(directory: Path, inside: Sequence[str] = ()) -> Iterator[Mapping[str, str]]:
    """Yield the environment in which ``s3://packages`` is an empty bucket; skip the test where there is no server.

    ``inside`` is put before each command: what enters the network of a box.
    """
    if not WEED.exists():
        pytest.skip("needs an x86_64 build host: SeaweedFS is not to be had for others")
    master, volume, filer, s3 = _free_ports(4)
    who = {"name": "all", "credentials": [{"accessKey": _KEY, "secretKey": _SECRET}], "actions": ["Admin"]}
    (directory / "s3.json").write_text(json.dumps({"identities": [who]}))
    (directory / "data").mkdir()
    line = [
        *inside, WEED, "server", "-dir=data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-master.port={master}",
        f"-volume.port={volume}", "-filer", f"-filer.port={filer}", "-s3", f"-s3.port={s3}", "-s3.config=s3.json",
        "-volume.max=50", "-master.volumeSizeLimitMB=32", "-volume.minFreeSpace=1",
        "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false",
    ]  # fmt: skip
    with (directory / "log").open("wb") as log, ExitStack() as stack:
        server = stack.enter_context(subprocess.Popen(line, cwd=directory, stdout=log, stderr=log))
        stack.callback(server.kill)
        waiting = [*inside, sys.executable, "-c", WAIT, f"http://127.0.0.1:{s3}/"]
        subprocess.run(waiting, check=True, capture_output=True, timeout=_SECONDS)
        made = f"s3.bucket.create -name {NAME}\n"
        shell = [*inside, WEED, "shell", f"-master=127.0.0.1:{master}", f"-filer=127.0.0.1:{filer}"]
        subprocess.run(shell, cwd=directory, input=made, text=True, check=True, capture_output=True, timeout=_SECONDS)
        yield {
            "AWS_ACCESS_KEY_ID": _KEY, "AWS_SECRET_ACCESS_KEY": _SECRET, "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT": f"http://127.0.0.1:{s3}", "AWS_ALLOW_HTTP": "true",
        }  # fmt: skip
    shutil.rmtree(directory / "data")


def _free_ports(number: int) -> list[int]:
    """Return ports that are free now, as their gRPC companions 10000 above are."""
    with ExitStack() as stack:
        found: list[int] = []
        for port in range(20000, 30000):
            try:
                for one in (port, port + 10000):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", one))
            except OSError:
                continue
            found.append(port)
            if len(found) == number:
                return found
    raise OSError("no free ports")
