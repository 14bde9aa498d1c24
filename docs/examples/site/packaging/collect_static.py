"""Collects the static files into the wheel, under names that hold their digests: browsers may keep them for ever."""

import os
import shutil
import sys
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CollectStatic(BuildHookInterface):
    def initialize(self, version, build_data):
        collected = Path(self.directory) / "static"
        shutil.rmtree(collected, ignore_errors=True)
        sys.path.insert(0, str(Path(self.root) / "src"))
        os.environ.update(DJANGO_SETTINGS_MODULE="guestbook.settings", GUESTBOOK_STATIC=str(collected))
        import django
        from django.core.management import call_command

        django.setup()
        call_command("collectstatic", interactive=False, verbosity=0)
        build_data["force_include"][str(collected)] = "guestbook/collected"
