"""Django's settings. What an administrator may change comes from the environment file."""

import os
from pathlib import Path

# systemd sets both variables; hooks and people at a terminal get the same places.
STATE = Path(os.environ.get("STATE_DIRECTORY", "/var/lib/guestbook"))
LOGS = Path(os.environ.get("LOGS_DIRECTORY", "/var/log/guestbook"))
SECRET_FILE = STATE / "secret"

TITLE = os.environ.get("GUESTBOOK_TITLE", "Guestbook")
REFUSED = os.environ.get("GUESTBOOK_REFUSED", "").split()
KEEP_DAYS = int(os.environ.get("GUESTBOOK_KEEP_DAYS", "30"))
HOSTS = os.environ.get("GUESTBOOK_HOSTS", "").split()
ALLOWED_HOSTS = [*HOSTS, "127.0.0.1"]  # the health check's
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in HOSTS]  # a proxy may speak TLS for us

try:
    SECRET_KEY = SECRET_FILE.read_text()
except OSError:
    SECRET_KEY = ""  # Django tells as soon as it is needed

INSTALLED_APPS = ["guestbook", "django.contrib.staticfiles"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "guestbook.urls"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": STATE / "guestbook.sqlite3",
        # site, worker and migrations share the file
        "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = os.environ.get("GUESTBOOK_STATIC", Path(__file__).with_name("collected"))
STORAGES = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}
