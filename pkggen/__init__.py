"""pkggen turns a Python project into native packages (.deb, .rpm) that carry all they need."""

__version__: str


def __getattr__(name: str) -> str:
    """Return ``__version__`` when it is asked for (PEP 562): looking it up takes longer than showing help does."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version("pkggen")
    except PackageNotFoundError:  # a source tree that was never installed
        return "0.0.0"
