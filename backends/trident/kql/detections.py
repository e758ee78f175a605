"""Detections as KQL predicates: a table of operators, and the choices that a column's type makes.

Operators: https://learn.microsoft.com/kusto/query/datatypes-string-operators. Strings are never
null in Kusto; other types can be, and a comparison with null is null, so under a ``not`` those
are guarded (docs/semantics.md, two-valued logic).
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from sigma.conditions import ConditionFieldEqualsValueExpression, ConditionOR
from sigma.types import TimestampPart

from trident.base.diagnostics import Refusal
from trident.kql import syntax
from trident.kql.regexes import anchored, keyword, may_match_empty, re2
from trident.mapping.binding import BoundSearch
from trident.mapping.profiles import Column
from trident.meaning.detection import text
from trident.predicates.layout import Enclosed, Listed, broken, joined
from trident.predicates.leaf import COMPARISONS, Leaf, Op
from trident.predicates.terms import bounded_words, whole_terms
from trident.predicates.walk import Detections, Writer, flat
from trident.result.translation import Note

NUMERIC = frozenset({"int", "long", "real", "decimal"})
_WHOLE = frozenset({"int", "long"})
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")
_COMPARE: Mapping[Op, str] = {Op.LT: "<", Op.LTE: "<=", Op.GT: ">", Op.GTE: ">="}
_MOST = 64
_LISTS: Mapping[Op, str] = {Op.EQUALS: "in~", Op.EQUALS_CASED: "in"}
_REFERENCES: Mapping[Op, str] = {
    Op.FIELD: "=~",
    Op.FIELD_STARTSWITH: "startswith",
    Op.FIELD_ENDSWITH: "endswith",
    Op.FIELD_CONTAINS: "contains",
}
_TIME_PARTS: Mapping[TimestampPart, str] = {
    TimestampPart.MINUTE: 'datetime_part("minute", {field})',
    TimestampPart.HOUR: "hourofday({field})",
    TimestampPart.DAY: "dayofmonth({field})",
    TimestampPart.WEEK: "week_of_year({field})",
    TimestampPart.MONTH: "monthofyear({field})",
    TimestampPart.YEAR: "getyear({field})",
}


def _number(kql: KqlDetections, leaf: Leaf) -> str:
    return kql.not_null(leaf.column, f"{syntax.reference(leaf.column)} == {_numeral(leaf)}")


def _numeral(leaf: Leaf) -> str:
    return leaf.value if isinstance(leaf.value, str) else syntax.number(leaf.number)


def _boolean(kql: KqlDetections, leaf: Leaf) -> str:
    return kql.not_null(leaf.column, f"{syntax.reference(leaf.column)} == {text(leaf.number)}")


def _comparison(kql: KqlDetections, leaf: Leaf) -> str:
    column = leaf.column
    number = syntax.reference(column)
    if column.type not in NUMERIC:
        number = f"todouble({kql.reference(column)})"
        kql.note(Note.of("TRI414", column=column.name))
    test = f"{number} {_COMPARE[leaf.op]} {syntax.number(leaf.number)}"
    return f"isnotnull({number}) and {test}" if kql.below_not() else test


def _like(kql: KqlDetections, leaf: Leaf) -> str:
    """No operator has wildcards inside. A pattern with one there asks for a character, so it
    matches no missing value."""
    return f"{kql.reference(leaf.column)} matches regex {syntax.literal(anchored(leaf.parts))}"


def _regex(kql: KqlDetections, leaf: Leaf) -> str:
    """Whole terms by ``has``, which Kusto's term index answers; else RE2, behind the words that
    the index can find."""
    field, value = kql.reference(leaf.column), leaf.expression
    if terms := whole_terms(value):
        kql.note(Note.of("TRI410"))
        return _has(field, terms)
    test = f"{field} matches regex {syntax.literal(re2(value))}"
    if words := bounded_words(value):
        kql.note(Note.of("TRI416", column=leaf.column.name))
        return f"{_has(field, words)} and {test}"
    return f"isnotempty({field}) and {test}" if may_match_empty(value) else test


def _has(field: str, terms: Sequence[str]) -> str:
    """The field holds one of the terms."""
    listed = [syntax.literal(term) for term in terms]
    if len(listed) == 1:
        return f"{field} has {listed[0]}"
    return Listed(f"{field} has_any (dynamic([", listed, "]))")


def _cidr(kql: KqlDetections, leaf: Leaf) -> str:
    return _networks(kql, [leaf])


def _networks(kql: KqlDetections, leaves: Sequence[Leaf]) -> str:
    """Compared as a number; a text that is no address is null. An ``or`` with null is true where a
    part of it is (https://learn.microsoft.com/kusto/query/logical-operators), so one ``coalesce``
    is enough for a list."""
    tests = joined([_network(kql, leaf) for leaf in leaves], "or")
    return Enclosed("coalesce(", tests, ", false)") if kql.below_not() else tests


def _network(kql: KqlDetections, leaf: Leaf) -> str:
    field = kql.reference(leaf.column)
    network = ipaddress.ip_network(leaf.text)
    kql.note(Note.of("TRI415", column=leaf.column.name))
    if network.version == 6:
        return f"ipv6_is_in_range({field}, {syntax.literal(str(network))})"
    low, high = int(network.network_address), int(network.broadcast_address)
    return f"parse_ipv4({field}) between ({low} .. {high})"


def _time_part(kql: KqlDetections, leaf: Leaf) -> str:
    column = leaf.column
    time = syntax.reference(column)
    if column.type != "datetime":
        time = f"todatetime({kql.reference(column)})"
    assert leaf.part is not None
    part = _TIME_PARTS[leaf.part].format(field=time)
    return f"isnotnull({time}) and {part} == {leaf.value}"


def _field(kql: KqlDetections, leaf: Leaf) -> str:
    """Two missing fields are not the same: a test on a missing field is false. A field that holds
    the other's value has one."""
    left, right = kql.reference(leaf.column), kql.reference(kql.column(leaf.other))
    return f"isnotempty({right}) and {left} {_REFERENCES[leaf.op]} {right}"


def _present(kql: KqlDetections, leaf: Leaf) -> str:
    """``*`` asks for a text; ``exists`` for a value of the column's type."""
    if leaf.pattern is not None:
        return f"isnotempty({kql.reference(leaf.column)})"
    return kql.present(leaf.column)


def _keyword(kql: KqlDetections, leaf: Leaf) -> str:
    if leaf.value is None:
        pattern = keyword(leaf.parts)
        return kql.anywhere(f"matches regex {syntax.literal(pattern)}", str(leaf.parts))
    operator = "contains_cs" if leaf.op is Op.KEYWORD_CASED else "contains"
    # A dynamic column is searched as JSON text, in which these characters are escaped.
    in_json = json.dumps(leaf.text, ensure_ascii=False)[1:-1]
    return kql.anywhere(
        f"{operator} {syntax.literal(leaf.text)}",
        leaf.text,
        f"{operator} {syntax.literal(in_json)}",
        whole="\n" not in leaf.text,
    )


def _keyword_regex(kql: KqlDetections, leaf: Leaf) -> str:
    if may_match_empty(leaf.expression):
        raise Refusal("TRI302", "a keyword expression that matches nothing finds every event")
    return kql.anywhere(f"matches regex {syntax.literal(re2(leaf.expression))}", "0")


_TESTS: Mapping[Op, Writer] = {
    # =~ and the like ignore case as Sigma does; the others are their exact forms.
    Op.EQUALS: "{field} =~ {value}",
    Op.EQUALS_CASED: "{field} == {value}",
    Op.STARTSWITH: "{field} startswith {value}",
    Op.STARTSWITH_CASED: "{field} startswith_cs {value}",
    Op.ENDSWITH: "{field} endswith {value}",
    Op.ENDSWITH_CASED: "{field} endswith_cs {value}",
    Op.CONTAINS: "{field} contains {value}",
    Op.CONTAINS_CASED: "{field} contains_cs {value}",
    Op.LIKE: _like,
    Op.LIKE_CASED: _like,
    Op.REGEX: _regex,
    Op.REGEX_CASED: _regex,
    Op.NUMBER: _number,
    Op.BOOLEAN: _boolean,
    **dict.fromkeys(COMPARISONS, _comparison),
    Op.CIDR: _cidr,
    Op.TIME_PART: _time_part,
    **dict.fromkeys(_REFERENCES, _field),
    Op.MISSING: lambda kql, leaf: str(kql.missing(leaf.column)),
    Op.PRESENT: _present,
    Op.KEYWORD: _keyword,
    Op.KEYWORD_CASED: _keyword,
    Op.KEYWORD_REGEX: _keyword_regex,
    Op.NEVER: "false",
}


class KqlDetections(Detections):
    """Sigma detections in KQL. ``{field}`` in the table is the column as text."""

    target: ClassVar[str] = "kql"
    tests: ClassVar[Mapping[Op, Writer]] = _TESTS
    and_token: ClassVar[str] = "and"
    or_token: ClassVar[str] = "or"
    not_form: ClassVar[str] = "not({})"
    # Kusto reads a chain of ``or`` one within the other, to a limited depth (KS245).
    widest: ClassVar[int] = 200

    def __init__(self, alone: bool = False) -> None:
        super().__init__(alone)
        self._joined: dict[str, dict[str, Column]] = {}

    def reference(self, column: Column) -> str:
        """The column as text, for a string test on a column of another type."""
        quoted = syntax.reference(column)
        if column.type == "real":  # whether 404 is "404" or "404.0" is not documented
            return f'replace_regex(tostring({quoted}), @"\\.0+$", "")'
        return quoted if column.type == "string" else f"tostring({quoted})"

    def written(self, leaf: Leaf) -> str:
        return syntax.literal(leaf.text)

    def typed(self, leaf: Leaf) -> Leaf:
        """Numbers and truth values as what the column holds them as."""
        column = leaf.column
        match leaf.op:
            case Op.NUMBER if column.type not in NUMERIC:
                return Leaf(Op.EQUALS_CASED, column, text(leaf.number))
            case Op.BOOLEAN if column.type != "bool":
                return Leaf(Op.EQUALS, column, text(leaf.number))
            case Op.EQUALS | Op.EQUALS_CASED if column.type in NUMERIC:
                if not _DECIMAL.fullmatch(leaf.text):
                    return leaf
                if column.type == "real" and text(float(leaf.text)) != leaf.text:
                    return Leaf(Op.NEVER, column)  # more digits than a double has
                return Leaf(Op.NUMBER, column, leaf.text)
            case Op.EQUALS | Op.EQUALS_CASED if column.type == "bool":
                if leaf.text.lower() in ("true", "false"):
                    return Leaf(Op.BOOLEAN, column, leaf.text.lower() == "true")
        return leaf

    def any_of(self, leaves: Sequence[Leaf]) -> str | None:
        """Plain texts of one case rule on one string column, whole numbers on one of those, or
        networks below a ``not``."""
        first = leaves[0]
        if any(leaf.op is not first.op for leaf in leaves):
            return None
        if first.op is Op.CIDR and self.below_not() and len(leaves) <= self.widest:
            return _networks(self, leaves)
        if first.op is Op.NUMBER and first.column.type in _WHOLE:
            numbers = map(_numeral, leaves)
            test = Listed(f"{syntax.reference(first.column)} in (", numbers, ")")
            return self.not_null(first.column, test)
        operator = _LISTS.get(first.op)
        if operator is None or first.column.type != "string":
            return None
        if any(leaf.pattern is None for leaf in leaves):
            return None
        opening = f"{self.reference(first.column)} {operator} ("
        return Listed(opening, map(self.written, leaves), ")")

    def alternatives(self, parts: Sequence[object]) -> str:
        """Values of one column in one list, wherever among the alternatives they stand."""
        if (listed := self.list_of(parts)) is not None:
            return listed
        groups: dict[object, list[tuple[object, object]]] = {}
        for part, origin in (each for own in parts for each in flat(own)):
            groups.setdefault(self._list_key(part), []).append((part, origin))
        operands = []
        for group in groups.values():
            tests, origins = zip(*group, strict=True)
            if len(tests) > 1 and (listed := self.list_of(tests)) is not None:
                self.record(origins, listed)
                operands.append(listed)
                continue
            for test, origin in group:
                operands.append(self.operand(ConditionOR, test))
                if origin is not test:  # one of several values that a test of the rule stands for
                    self.record([origin], operands[-1])
        return self.either(operands)

    def _list_key(self, part: object) -> object:
        """What the tests of one list have in common; a key of its own for another part."""
        if not isinstance(part, ConditionFieldEqualsValueExpression):
            return object()
        leaf = self.leaf(part)
        return object() if self.any_of([leaf]) is None else (leaf.op, leaf.column)

    def group(self, part: object) -> str:
        """No parentheses around a list, nor around tests that all must hold."""
        return self.text(part) if self.listed(part) else super().group(part)

    def present(self, column: Column) -> str:
        """The column has a value: not null, and for a string not empty."""
        function = "isnotempty" if column.type in ("string", "dynamic") else "isnotnull"
        return f"{function}({syntax.reference(column)})"

    def missing(self, column: Column) -> str:
        """The opposite of ``present``; ``isnull`` of a string is always false."""
        return f"is{self.present(column)[5:]}"

    def not_null(self, column: Column, test: str) -> str:
        """A comparison that null makes null, which a ``not`` around it must not see."""
        if not self.below_not():
            return test
        return joined([f"isnotnull({syntax.reference(column)})", test], "and")

    def predicate(self, search: BoundSearch, negated: bool = False) -> str:
        """As for every target; ``joined`` has the line that it needs before it."""
        self._joined = {}
        return super().predicate(search, negated)

    @property
    def joined(self) -> list[str]:
        """The line with the texts that the last predicate's keywords are looked for in: columns put
        together, a line break between them; [] where there are none."""
        items = [
            broken(self._together(columns, f"{name} = "), column=len("| extend "))
            for name, columns in self._joined.items()
        ]
        return [syntax.command("extend", items)] if items else []

    @property
    def joined_names(self) -> list[str]:
        """The columns that ``joined`` adds."""
        return list(self._joined)

    def _together(self, columns: Mapping[str, Column], assigned: str) -> str:
        texts = [self.reference(column) for column in columns.values()]
        opening = 'strcat_delim("\\n", '
        # https://learn.microsoft.com/kusto/query/strcat-delim-function: 64 arguments at most.
        while len(texts) > _MOST:
            parts = [texts[start : start + _MOST] for start in range(0, len(texts), _MOST)]
            texts = [f"{opening}{', '.join(part)})" for part in parts]
        if len(texts) == 1:
            return f"{assigned}{texts[0]}"
        return Listed(f"{assigned}{opening}", texts, ")")

    def anywhere(self, test: str, wanted: str, in_json: str = "", *, whole: bool = False) -> str:
        """A test on the text of any column that is stored with an event; numbers are read where
        the keyword could be in one. ``whole`` when a match in the columns' text together is one in
        a column's.

        ``* contains`` and ``search`` are no way to say it: which types they read is not documented,
        and they read computed columns, too (https://learn.microsoft.com/kusto/query/where-operator).
        Nor is the text of ``pack_all()``: it holds the columns' names, and its form may change
        between runs (https://learn.microsoft.com/kusto/query/pack-all-function).
        """
        kinds = {"string", "bool"}
        if any(char.isdigit() for char in wanted):
            kinds |= NUMERIC
        columns = [Column(name, kind) for name, kind in self.bound.source.table.of_events.items()]
        plain = [column for column in columns if column.type in kinds]
        nested = [column for column in columns if column.type == "dynamic"]
        if in_json in ("", test):
            plain, nested = [*plain, *nested], []
        tests = [f"{self.reference(column)} {test}" for column in plain]
        if whole and len(plain) > 1:
            name = "AllText" if not nested else "PlainText"
            name = syntax.fresh(name, self.bound.source.table.columns)
            self._joined.setdefault(name, {}).update({column.name: column for column in plain})
            tests = [f"{name} {test}"]
        tests += [f"{self.reference(column)} {in_json}" for column in nested]
        self.note(Note.of("TRI413"))
        return tests[0] if len(tests) == 1 else Enclosed("(", joined(tests, "or"), ")")
