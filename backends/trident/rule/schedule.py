"""When a deployed rule runs, as its document or ``trident.yml`` says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trident.base.diagnostics import TridentError
from trident.rule.plan import Run
from trident.rule.raw import check_keys, seconds
from trident.rule.rules import Document


def read_run(document: Document, path: tuple[str, ...], default: Run, code: str = "TRI107") -> Run:
    """The schedule at ``path`` of a document, such as ``{frequency: 1h, delay: 5m}``; the
    ``default`` fills what it leaves out.

    Raises:
        TridentError: TRI104 for an unknown key, ``code`` for a value that is no timespan.
    """
    settings: Any = document.data
    for key in path:
        settings = settings.get(key) if isinstance(settings, Mapping) else None
    if settings is None:
        return default
    check_keys(document, path, settings, ("frequency", "delay"))
    times = {"frequency": default.frequency, "delay": default.delay}
    for key, value in settings.items():
        try:
            times[key] = 0 if key == "delay" and str(value) == "0" else seconds(value)
        except ValueError as error:
            raise TridentError(code, str(error), span=document.at(*path, key)) from error
    return Run(**times)
