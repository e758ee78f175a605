"""Names that differ by a slip of the pen."""

from __future__ import annotations

_SHORTEST = 6
"""Letters of a name that can be told from another by one of them."""


def slip(name: str, other: str) -> bool:
    """Whether a name is another one but for case, or for one letter: more, less, another, or two
    swapped."""
    if name.lower() == other.lower():
        return True
    start = _shared(name, other)
    end = _shared(name[start:][::-1], other[start:][::-1])
    ours, theirs = name[start : len(name) - end], other[start : len(other) - end]
    if not (ours + theirs).isalpha() or min(len(name), len(other)) < _SHORTEST:
        return False
    return max(len(ours), len(theirs)) == 1 or (len(ours) == 2 and ours == theirs[::-1])


def _shared(one: str, other: str) -> int:
    """How many letters both begin with."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
