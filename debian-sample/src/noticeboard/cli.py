"""The ``noticeboard`` command: check the configuration before the service is restarted."""

from __future__ import annotations

import argparse
import sys

from noticeboard import __version__
from noticeboard.settings import SettingsError, load_settings, settings_path


def main() -> int:
    """Print the notice that the service would show; returns the exit status."""
    parser = argparse.ArgumentParser(prog="noticeboard", description="Check the configuration and print the notice.")
    parser.add_argument("--version", action="version", version=f"noticeboard {__version__}")
    parser.parse_args()
    try:
        print(load_settings(settings_path()).notice)
    except SettingsError as error:
        print(f"noticeboard: {error}", file=sys.stderr)
        return 1
    return 0
