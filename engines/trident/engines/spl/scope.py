"""What an expression can see beside the row: the clock, the settings, how to run a search term."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from trident.engines.spl.config import Config
from trident.engines.spl.errors import SplRuntimeError, SplUndocumented
from trident.engines.spl.values import Num, Result, Row, Truth, Value

Compiled = Callable[[Row], Result]


@dataclass(slots=True)
class Scope:
    """One run of a search; ``now`` is in seconds since the epoch, a whole number."""

    config: Config
    now: int
    warnings: list[str] = field(default_factory=list)

    def warn(self, message: str) -> None:
        """Report a loss, once."""
        if message not in self.warnings:
            self.warnings.append(message)


Function = Callable[[Scope, Sequence[Result]], Result]
"""A function of eval on values that are already known."""


def single(value: Result, function: str) -> str | Num | None:
    """An argument that has to be one value or null.

    Raises:
        SplRuntimeError: for a Boolean.
        SplUndocumented: for a multivalue, where the function's page does not allow one.
    """
    one = plain(value, function)
    if isinstance(one, tuple):
        raise SplUndocumented(f"{function}() of a multivalue field")
    return one


def plain(value: Result, function: str) -> Value:
    """An argument that is no Boolean."""
    if isinstance(value, Truth):
        raise SplRuntimeError(f"{function}() takes no Boolean")
    return value


def text(value: Result, function: str) -> str | None:
    """An argument as a string; a number in its written form."""
    one = single(value, function)
    return None if one is None else str(one)


def numeric(value: Result, function: str) -> Num | None:
    """An argument that has to be a number or null.

    Raises:
        SplUndocumented: for a string that is no number.
    """
    one = single(value, function)
    if isinstance(one, str):
        raise SplUndocumented(f"{function}() of the string {one!r}")
    return one


def condition_of(value: Result) -> Truth:
    """A value as a condition: null is NULL.

    Raises:
        SplRuntimeError: for a number or a string.
    """
    if value is None:
        return Truth.NULL
    if not isinstance(value, Truth):
        raise SplRuntimeError(f"{value!s} is no condition")
    return value
