"""What gunicorn loads: the application with the machine's settings."""

from noticeboard.app import create_app
from noticeboard.settings import load_settings, settings_path

app = create_app(load_settings(settings_path()))
