"""``python -m pkggen.cli``."""

from pkggen.cli import main

main(prog_name="pkggen")
