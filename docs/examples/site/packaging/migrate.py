"""Brings secret key and database up to this release; the release before may still be serving."""

import os
import secrets

from guestbook.__main__ import main
from guestbook.settings import SECRET_FILE

os.umask(0o027)  # as for the services

if not SECRET_FILE.exists():
    SECRET_FILE.touch(mode=0o600)
    SECRET_FILE.write_text(secrets.token_urlsafe(50))

main("migrate", "--no-input")
