"""One checker a target: the parser of another author that its queries are held against.

The interface is small, so that a new target brings one module: :class:`Checker`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any, Protocol

from trident.mapping.profiles import Profile
from trident.result.translation import Checked
from trident.rule.plan import Plan
from trident.target import registry

Names = Mapping[str, Any]
"""What a query may name, as values that JSON can write."""


class Checker(Protocol):
    """Parses queries of one target. Only ``problem`` needs the parser's packages."""

    packages: Sequence[str]
    """The modules to import, without which nothing is checked."""

    passed: Checked
    """What a query is that the parser has nothing against."""

    def names(self, plan: Plan, profile: Profile) -> Names:
        """What the site of a profile has, as far as a query of ``plan`` is held against it."""

    def problem(self, query: str, names: Names) -> str | None:
        """What is wrong with a query; None when it is valid."""


@cache
def checker(target: str) -> Checker | None:
    """The checker of ``target``; None for a target without one.

    Raises:
        ModuleNotFoundError: for a checker that imports at once what is not installed.
    """
    record = registry.target(target)
    if not record.checker:
        return None
    make: Callable[[], Checker] = record.load(record.checker)
    return make()


def missing(target: str) -> list[str]:
    """The packages of the target's checker that are not installed."""
    try:
        own = checker(target)
    except ModuleNotFoundError as error:
        return [error.name or str(error)]
    return [name for name in own.packages if find_spec(name) is None] if own else []
