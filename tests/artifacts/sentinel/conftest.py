"""The command line, as the other tests of commands have it."""

from tests.app.conftest import trident

__all__ = ["trident"]
