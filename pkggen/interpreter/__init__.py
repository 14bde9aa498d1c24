"""Where the embedded CPython comes from, and the proof that it runs from anywhere."""

from pkggen.interpreter.resolve import resolve_interpreter

__all__ = ["resolve_interpreter"]
