"""What can go wrong with a search; none of it is ever papered over with a guess."""

from __future__ import annotations


class SplError(Exception):
    """The base of every error of this engine."""


class SplSyntaxError(SplError):
    """Not SPL: a word out of place, an unknown command, function or option, a wrong arity."""


class SplUnsupported(SplError):
    """SPL that this engine parses but does not run."""


class SplUndocumented(SplError):
    """The result would depend on something that Splunk's documentation does not say."""


class SplRuntimeError(SplError):
    """What Splunk itself reports as an error while a search runs."""


class SplLimit(SplError):
    """A limit of ``Limits`` was passed where its effect is documented in two ways."""
