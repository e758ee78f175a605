"""The ``trident`` command in-process."""

from __future__ import annotations

from tests.translator.conftest import trident as trident
