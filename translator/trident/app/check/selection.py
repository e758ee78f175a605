"""Which findings are reported: ``--select`` and ``--ignore``, codes or how codes begin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trident.base.diagnostics import TridentError, codes

EVERYTHING = ("TRI",)


@dataclass(frozen=True, slots=True)
class Selection:
    """Prefixes of codes; the longest that a code begins with decides, ``ignore`` on a tie."""

    select: tuple[str, ...] = EVERYTHING
    ignore: tuple[str, ...] = ()

    def takes(self, code: str) -> bool:
        """Whether a finding with ``code`` is reported."""
        return _longest(code, self.select) > _longest(code, self.ignore)


def read_selection(select: Iterable[str], ignore: Iterable[str]) -> Selection:
    """The selection of lists as a user gives them (``TRI6,TRI201``); everything without any.

    Raises:
        TridentError: TRI510 for a prefix that no code begins with.
    """
    return Selection(_prefixes(select) or EVERYTHING, _prefixes(ignore))


def _prefixes(listed: Iterable[str]) -> tuple[str, ...]:
    prefixes = tuple(part.strip().upper() for each in listed for part in each.split(","))
    for prefix in prefixes:
        if not prefix or not any(code.startswith(prefix) for code in codes()):
            raise TridentError("TRI510", f"no code begins with {prefix!r}")
    return prefixes


def _longest(code: str, prefixes: tuple[str, ...]) -> int:
    return max((len(prefix) for prefix in prefixes if code.startswith(prefix)), default=0)
