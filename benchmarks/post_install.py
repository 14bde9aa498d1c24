"""Post-install time of the heavy set against venv and pip with the same wheels, in one target.

    python -m benchmarks.post_install --archive INTERPRETER.tar.gz [--target debian:12]

The target is a chrooted box without a network. The package is unpacked (``dpkg --unpack``), then
configured (``dpkg --configure``: this is post-install). Then ``python -m venv`` and
``pip install --no-index`` run there with the untrimmed interpreter of the same archive.
"""

from __future__ import annotations

import argparse
import tarfile
import tempfile
from pathlib import Path

from benchmarks.heavy import write_project
from benchmarks.sets import copy_wheels, timed
from pkggen.cli.boundary import default_cache
from pkggen.console import Terminal
from pkggen.pipeline import Options, build
from tests.targets import TARGETS


def main() -> None:
    """Build, install and compare; print one line for each step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archive", type=Path, required=True)
    parser.add_argument("--target", default="debian:12")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.home() / ".cache") as scratch:
        directory = Path(scratch)
        root = write_project(directory)
        options = Options(
            root, ("deb",), directory / "dist", python=str(arguments.archive), targets=(arguments.target,)
        )
        (package,) = build(options, default_cache(), Terminal())
        copy_wheels(root / "pylock.toml", directory / "wheels")
        with tarfile.open(arguments.archive) as tar:
            tar.extractall(directory / "interpreter", filter="data")
        with TARGETS[arguments.target].box(shares={"/share": directory}) as box:
            unpacking = timed(box, f"dpkg --unpack /share/dist/{package.path.name}").wall
            ours = timed(box, "dpkg --configure heavy").wall
            python = "/share/interpreter/python/bin/python3"
            venv = timed(box, f"{python} -m venv /tmp/venv").wall
            pip = timed(
                box, "/tmp/venv/bin/pip install -q --no-index --find-links /share/wheels /share/wheels/*.whl"
            ).wall
            print(f"package       {package.size / 1e6:8.1f} MB")
            print(f"unpacking     {unpacking:8.2f} s")
            print(f"post-install  {ours:8.2f} s")
            print(f"venv and pip  {venv + pip:8.2f} s")
            print(f"ratio         1/{(venv + pip) / ours:.0f}")


if __name__ == "__main__":
    main()
