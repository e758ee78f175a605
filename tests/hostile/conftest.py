"""The ``trident`` command, as the tests of the application have it."""

from __future__ import annotations

from tests.translator.conftest import made as made
from tests.translator.conftest import trident as trident
