"""The configuration file."""

from __future__ import annotations

import configparser
import os
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PATH = Path("/etc/noticeboard/noticeboard.ini")


class SettingsError(Exception):
    """The configuration file is missing or wrong."""


@dataclass(frozen=True)
class Settings:
    """What an administrator can set."""

    notice: str


def settings_path() -> Path:
    """Return the file to read: NOTICEBOARD_CONFIG where it is set, else the one under /etc."""
    return Path(os.environ.get("NOTICEBOARD_CONFIG") or DEFAULT_PATH)


def load_settings(path: Path) -> Settings:
    """Read the file at ``path``; raises SettingsError, which names it."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text(encoding="utf-8"), source=str(path))
        return Settings(notice=parser["notice"]["text"])
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except KeyError as error:
        raise SettingsError(f"{path}: {error.args[0]!r} is missing") from error
    except (configparser.Error, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error
