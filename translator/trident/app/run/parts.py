"""A run cut into parts of rule files that need nothing of each other.

Rules refer to rules by name or id, and no two may share one, so files that share a name stay
together. Which files those are is guessed from their text, without parsing it, and proven from
what the parts turned out to hold (``entangled``). Parts bound a run's memory, since each is done
and dropped before the next, and are what worker processes share out. They depend on the files
alone, never on the number of workers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from trident.app.input.sources import Source

PART_BYTES = 128_000
"""How much rule text a part has at least: some 80 rules, a tenth of a second."""

_NAMED = re.compile(rb"^[\"']?(?:name|id)[\"']?[ \t]*:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)
_REFERS = re.compile(rb"^[\"']?(?:correlation|filter)[\"']?[ \t]*:", re.MULTILINE)
_WORD = re.compile(rb"[^\s\"'#,\[\](){}:]+")


@dataclass(frozen=True, slots=True)
class Names:
    """The names and ids that a part defines, and those that its correlations refer to."""

    defined: frozenset[str] = frozenset()
    referred: frozenset[str] = frozenset()


def split(sources: Sequence[Source]) -> list[list[Source]]:
    """The files in parts, each in the order given, the parts in the order of their first files."""
    groups = _Groups(len(sources))
    first: dict[bytes, int] = {}
    for index, source in enumerate(sources):
        for name in (source.name.encode(errors="replace"), *_NAMED.findall(source.content)):
            groups.join(first.setdefault(name, index), index)
    for index, source in enumerate(sources):
        if _REFERS.search(source.content):
            for word in _WORD.findall(source.content):
                if word in first:
                    groups.join(first[word], index)
    return [[sources[index] for index in part] for part in _packed(groups.members(), sources)]


def entangled(parts: Sequence[Names]) -> bool:
    """Whether one part defines what another defines or refers to, so that they belong together."""
    home: dict[str, int] = {}
    for number, names in enumerate(parts):
        if any(home.setdefault(name, number) != number for name in names.defined):
            return True
    return any(
        home.get(name, number) != number
        for number, names in enumerate(parts)
        for name in names.referred
    )


def _packed(groups: Iterable[Collection[int]], sources: Sequence[Source]) -> Iterator[list[int]]:
    part: list[int] = []
    size = 0
    for group in groups:
        part += group
        size += sum(len(sources[index].content) for index in group)
        if size >= PART_BYTES:
            yield sorted(part)
            part, size = [], 0
    if part:
        yield sorted(part)


class _Groups:
    """Disjoint sets of the numbers below ``count``."""

    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def join(self, one: int, other: int) -> None:
        """Put the sets of two numbers together."""
        first, second = sorted((self._top(one), self._top(other)))
        self._above[second] = first

    def members(self) -> list[list[int]]:
        """Each set in ascending order, the sets in the order of their first numbers."""
        sets: dict[int, list[int]] = {}
        for number in range(len(self._above)):
            sets.setdefault(self._top(number), []).append(number)
        return list(sets.values())

    def _top(self, number: int) -> int:
        while self._above[number] != number:
            self._above[number] = self._above[self._above[number]]
            number = self._above[number]
        return number
