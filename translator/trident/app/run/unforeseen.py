"""What nobody has foreseen, as one finding: a traceback is for who mends it, and asks for it."""

from __future__ import annotations

import os
import shlex
import traceback
from collections.abc import Sequence

from trident.app.report import console
from trident.base.diagnostics import Diagnostic, TridentError

ENVIRONMENT = "TRIDENT_TRACEBACK"
"""The environment variable that shows tracebacks, in every process of a run; so does the option
``--traceback``."""


def unforeseen(error: Exception, arguments: Sequence[str] = ()) -> Diagnostic:
    """The finding that stands for a defect of ours, or a machine that has had enough;
    ``arguments`` are those of the command, so that it can be repeated."""
    if os.environ.get(ENVIRONMENT):
        console.say("".join(traceback.format_exception(error)))
    said = " ".join(str(error).split())
    message = f"{type(error).__name__}: {said}" if said else type(error).__name__
    hint = ""
    if arguments:
        hint = f"report what this prints: trident --traceback {shlex.join(arguments)}"
    return TridentError("TRI599", message, hint=hint).diagnostic
