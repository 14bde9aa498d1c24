"""The command: Django's own, and worker and cleanup."""

import os
import sys


def main(*words):
    from django.core.management import execute_from_command_line

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guestbook.settings")
    execute_from_command_line(["guestbook", *(words or sys.argv[1:])])


if __name__ == "__main__":
    main()
