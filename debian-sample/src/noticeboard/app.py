"""The web application."""

from __future__ import annotations

from flask import Flask
from flask.typing import ResponseReturnValue

from noticeboard import __version__
from noticeboard.settings import Settings


def create_app(settings: Settings) -> Flask:
    """Return the application that shows what ``settings`` say."""
    app = Flask(__name__)

    @app.get("/")
    def notice() -> ResponseReturnValue:
        return settings.notice + "\n", {"Content-Type": "text/plain; charset=utf-8"}

    @app.get("/health")
    def health() -> ResponseReturnValue:
        return {"name": "noticeboard", "version": __version__, "notice": settings.notice}

    return app
