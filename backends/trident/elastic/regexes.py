"""Sigma's ``re`` as a Lucene regular expression.

Sigma's is an unanchored search; Lucene's matches a whole value and knows no anchors, look-around,
lazy quantifiers or word boundaries. The pattern is parsed with Python's own parser and printed
again, with ``.*`` where the search was open; ``$`` and the classes mean what
``trident.rule.regex`` says. What Lucene cannot say is refused.

Source: Elastic's "Regular expression syntax" and Lucene's ``RegExp`` grammar.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from trident.base.diagnostics import Refusal
from trident.elastic.charsets import WORD, CharSet, cases

_parser: Any = import_module("re._parser")

MAX_LENGTH = 1_000
"""Default of the index setting index.max_regex_length; a longer pattern fails when it is run."""

_RESERVED = frozenset('.?+*|{}[]()"\\#@&<>~')
_NOT_WORD = "[^0-9A-Z_a-z]"
_BEGIN = ("AT_BEGINNING", "AT_BEGINNING_STRING")
_END = ("AT_END", "AT_END_STRING")
_REFUSED = {
    "ASSERT": "look-ahead or look-behind",
    "ASSERT_NOT": "look-ahead or look-behind",
    "GROUPREF": "a back-reference",
    "GROUPREF_EXISTS": "a conditional group",
    "ATOMIC_GROUP": "an atomic group",
    "POSSESSIVE_REPEAT": "a possessive quantifier",
}

NOTE_NON_ASCII_CASE = "TRI454"

Item = tuple[Any, Any]
"""A node of Python's parse tree: operation and argument."""


@dataclass(frozen=True, slots=True)
class LuceneRegex:
    """A whole-value pattern; ``empty`` tells whether the search also matches an empty value."""

    pattern: str
    insensitive: bool
    empty: bool
    notes: tuple[str, ...]


def to_lucene(pattern: str, flags: int = 0) -> LuceneRegex:
    """Translate a pattern with Python's ``re`` flags.

    Raises:
        Refusal: TRI303 for a pattern that Python cannot parse or Lucene cannot say.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of a class that holds a "["
            tree = _parser.parse(pattern, flags)
            empty = re.search(pattern, "", flags) is not None
    except (re.error, OverflowError, RecursionError) as error:
        raise Refusal("TRI303", f"invalid regular expression {pattern!r}: {error}") from error
    printer = _Printer(pattern, tree.state.flags)
    printed = printer.sequence(list(tree), True, True)
    if len(printed) > MAX_LENGTH:
        raise Refusal(
            "TRI303",
            f"a regular expression of {len(printed)} characters exceeds Elasticsearch's limit "
            f"of {MAX_LENGTH}",
        )
    return LuceneRegex(printed, printer.insensitive, empty, tuple(sorted(printer.notes)))


def literal(text: str, fold: bool = False) -> str:
    """A pattern that matches exactly ``text``; ``fold`` for use with a folding operator.

    Elasticsearch folds ASCII letters only ("case_insensitive" in its term query), so that the
    cases of another letter are spelt out.
    """
    return "".join(_literal(char, fold) for char in text)


def _literal(char: str, fold: bool) -> str:
    if fold and not char.isascii():
        same = cases(char)
        return char if len(same) == 1 else f"[{same}]"
    return f"\\{char}" if char in _RESERVED else char


class _Printer:
    """Prints the parse tree of one pattern; collects the notes its constructs bring."""

    def __init__(self, pattern: str, flags: int) -> None:
        self.pattern = pattern
        self.insensitive = bool(flags & re.IGNORECASE)
        self.multiline = bool(flags & re.MULTILINE)
        self.any = "." if flags & re.DOTALL else "[^\n]"
        self.notes: set[str] = set()

    def refuse(self, what: str) -> Refusal:
        return Refusal("TRI303", f"{what} in {self.pattern!r}, which Lucene cannot say")

    def sequence(self, items: list[Item], left: bool, right: bool) -> str:
        """Items in a row; ``left``/``right``: anything may come before/after them."""
        if left and items and self.is_anchor(items[0], _BEGIN):
            return self.sequence(items[1:], False, right)
        if right and items and self.is_anchor(items[-1], _END):
            return self.sequence(items[:-1], left, False)
        if left and items and _at(items[0]) == "AT_BOUNDARY" and _is_word(items[1:], 0):
            return f"(.*{_NOT_WORD})?" + self.sequence(items[1:], False, right)
        if right and items and _at(items[-1]) == "AT_BOUNDARY" and _is_word(items[:-1], -1):
            return self.sequence(items[:-1], left, False) + f"({_NOT_WORD}.*)?"
        if not items:
            return ".*" if left or right else ""
        last = len(items) - 1
        into_left = left and _edge(items[0], 0)
        into_right = right and _edge(items[last], -1)
        printed = [
            self.item(item, into_left and at == 0, into_right and at == last)
            for at, item in enumerate(items)
        ]
        before = [".*"] if left and not into_left and printed[0] != ".*" else []
        after = [".*"] if right and not into_right and printed[last] != ".*" else []
        return "".join([*before, *printed, *after])

    def item(self, item: Item, left: bool, right: bool) -> str:
        """One item in Lucene's notation, possibly nothing."""
        op, argument = str(item[0]), item[1]
        if op in _REFUSED:
            raise self.refuse(_REFUSED[op])
        match op:
            case "LITERAL":
                return literal(chr(argument), self.insensitive)
            case "NOT_LITERAL":
                return self.charset([("NEGATE", None), ("LITERAL", argument)])
            case "IN":
                return self.charset(argument)
            case "ANY":
                return self.any
            case "BRANCH":
                return self.alternatives(argument[1], left, right)
            case "SUBPATTERN":
                return self.group(argument, left, right)
            case "MAX_REPEAT" | "MIN_REPEAT":
                return self.repeat(argument, left, right)
        raise self.refuse("an anchor or word boundary inside the pattern")

    def charset(self, items: Sequence[Item]) -> str:
        charset = CharSet.parse(items, self.insensitive)
        if self.insensitive and any(first < last and last > 127 for first, last in charset.ranges):
            self.notes.add(NOTE_NON_ASCII_CASE)
        printed = charset.print()
        if printed is None:
            raise self.refuse("a class without characters")
        return printed

    def alternatives(self, branches: Sequence[Any], left: bool, right: bool) -> str:
        printed = [self.sequence(list(branch), left, right) for branch in branches]
        filled = list(dict.fromkeys(text for text in printed if text))
        if not filled:
            return ""
        return f"({'|'.join(filled)})" + ("?" if "" in printed else "")

    def group(self, argument: Any, left: bool, right: bool) -> str:
        _, added, removed, items = argument
        if removed or added & ~(re.IGNORECASE if self.insensitive else 0):
            raise self.refuse("flags for a part of the pattern")
        if len(items) == 1 and str(items[0][0]) == "BRANCH":
            return self.item(items[0], left, right)
        printed = self.sequence(list(items), left, right)
        return f"({printed})" if printed else ""

    def repeat(self, argument: Any, left: bool, right: bool) -> str:
        """A lazy quantifier matches the same values as a greedy one."""
        low, high, items = argument
        if left or right:
            if (low, high) != (0, 1):
                raise self.refuse("a repeated anchor")
            return self.alternatives([items, []], left, right)
        body = self.sequence(list(items), False, False)
        if not body:
            return ""
        if len(items) > 1 or body.endswith("?"):
            body = f"({body})"
        return body + _quantifier(low, high)

    def is_anchor(self, item: Item, kinds: tuple[str, str]) -> bool:
        at = _at(item)
        if at not in kinds:
            return False
        if self.multiline and at == kinds[0]:
            raise self.refuse("an anchor at line breaks")
        return True


def _at(item: Item) -> str:
    return str(item[1]) if str(item[0]) == "AT" else ""


def _edge(item: Item, end: int) -> bool:
    """Whether an anchor or boundary may stand at an end (0 or -1) of what the item matches."""
    return _reach(
        item, end, lambda op, _: op == "AT", through=lambda low, high: (low, high) == (0, 1)
    ) in ("any", "all")


def _is_word(items: Sequence[Item], end: int) -> bool:
    """Whether the items surely have a word character at that end."""
    if not items:
        return False

    def is_word(op: str, argument: Any) -> bool:
        if op == "LITERAL":
            argument, op = [("LITERAL", argument)], "IN"
        return op == "IN" and CharSet.parse(argument, False).within(WORD)

    return _reach(items[end], end, is_word, through=lambda low, _: low > 0) == "all"


def _reach(
    item: Item,
    end: int,
    test: Callable[[str, Any], bool],
    through: Callable[[int, int], bool],
) -> str:
    """Whether ``test`` holds for the item at that end on "all", "any" or "no" ways into it."""
    op, argument = str(item[0]), item[1]
    ways: Sequence[Any]
    match op:
        case "BRANCH":
            ways = argument[1]
        case "SUBPATTERN":
            ways = [argument[3]]
        case "MAX_REPEAT" | "MIN_REPEAT":
            ways = [argument[2]] if through(argument[0], int(argument[1])) else [[]]
        case _:
            return "all" if test(op, argument) else "no"
    reaches = [_reach(way[end], end, test, through) if len(way) else "no" for way in ways]
    if all(result == "all" for result in reaches):
        return "all"
    return "no" if all(result == "no" for result in reaches) else "any"


def _quantifier(low: int, high: Any) -> str:
    unbounded = high == _parser.MAXREPEAT
    match (low, unbounded):
        case (0, True):
            return "*"
        case (1, True):
            return "+"
        case (_, True):
            return f"{{{low},}}"
    if (low, high) == (0, 1):
        return "?"
    return f"{{{low}}}" if low == high else f"{{{low},{high}}}"
