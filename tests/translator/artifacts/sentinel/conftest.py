"""The command line, as the other tests of commands have it."""

from tests.translator.conftest import trident

__all__ = ["trident"]
