"""The ``trident`` command, as the tests of the application have it."""

from __future__ import annotations

from tests.app.conftest import trident as trident
