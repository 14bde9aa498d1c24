"""What setup.cfg can't say: packages are found in two folders, and a wheel is the same whoever builds it."""

import os
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.bdist_wheel import bdist_wheel

# Files of a wheel carry times; this one, as with other build back-ends, in place of the checkout's.
os.environ.setdefault("SOURCE_DATE_EPOCH", "1580601600")  # 2020-02-02

TEMPLATES = "pkggen.templates"  # lies in templates/, see package_dir in setup.cfg


class Wheel(bdist_wheel):
    """A wheel whose files' modes don't tell of the umask that the checkout was made with."""

    def write_wheelfile(self, *args: str, **options: str) -> None:
        """Write the last of the files, and level the modes of all."""
        super().write_wheelfile(*args, **options)
        for path in Path(self.bdist_dir).rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)


setup(
    packages=[
        *find_packages(include=["pkggen", "pkggen.*"]),
        TEMPLATES,
        *(f"{TEMPLATES}.{folder}" for folder in find_packages("templates")),
    ],
    cmdclass={"bdist_wheel": Wheel},
)
