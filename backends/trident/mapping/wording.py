"""What a log source's records say in other words than Sigma: values, keywords, selectors.

A row of fields.yml states the differences; ``reworded`` applies them to a detection when it is
bound, so that every renderer sees conditions that its records can meet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionItem,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import (
    SigmaBool,
    SigmaCasedString,
    SigmaExpansion,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SpecialChars,
)

from trident.base.diagnostics import Refusal
from trident.meaning.detection import fold, text

Native = str | int | bool
"""A value as a row of fields.yml writes it."""

_HASH = re.compile(r"(?P<algorithm>\w+)=(?P<digest>[0-9a-fA-F]+)")
_DIGITS = {"md5": 32, "sha1": 40, "sha256": 64, "imphash": 32}
"""How long a whole hash is, by its algorithm."""


class UnknownValue(Refusal):
    """TRI205: a value of ``field`` that the log source's records cannot hold."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__("TRI205", message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Wording:
    """The differences of one log source, each keyed by Sigma field.

    ``where`` is the selector: native column -> the values that its records have, one of them;
    a trailing ``*`` stands for any further text. ``values`` maps each value of a field to the
    records' own. ``hashes`` maps the algorithms in ``Hashes`` values to fields. ``divert`` names
    the field that tests values with a certain text. ``lacks`` says why values with a certain
    text never occur. ``either`` lists the fields of which one holds the value. ``keywords`` are
    the fields that a keyword is looked for in.
    """

    where: Mapping[str, tuple[Native, ...]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, tuple[Native, ...]]] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    divert: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    lacks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    either: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keywords: tuple[str, ...] = ()

    def without(self, fields: Collection[str]) -> Wording:
        """The wording for a site whose own mapping of ``fields`` takes Sigma's values."""
        return replace(
            self,
            values=_except(self.values, fields),
            hashes={} if "Hashes" in fields else self.hashes,
            divert=_except(self.divert, fields),
            lacks=_except(self.lacks, fields),
            either=_except(self.either, fields),
        )

    def stored(self, name: str, value: Any) -> Iterator[tuple[str, Any]]:
        """A Sigma field of an event as the records' fields: the inverse of ``reworded``."""
        if name == "Hashes" and self.hashes:
            for pair in _HASH.finditer(text(value)):
                if pair["algorithm"].lower() in self.hashes:
                    yield self.hashes[pair["algorithm"].lower()], pair["digest"]
            return
        native = self.values.get(name, {}).get(fold(text(value)))
        yield name, native[0] if native else value


def read_wording(row: Mapping[str, Any]) -> Wording:
    """The wording keys of a row of fields.yml."""
    return Wording(
        {column: _values(natives) for column, natives in row.get("where", {}).items()},
        {
            name: {fold(text(key)): _values(natives) for key, natives in mapped.items()}
            for name, mapped in row.get("values", {}).items()
        },
        row.get("hashes", {}),
        row.get("divert", {}),
        row.get("lacks", {}),
        {name: tuple(fields) for name, fields in row.get("either", {}).items()},
        tuple(row.get("keywords", ())),
    )


def reworded(condition: Any, wording: Wording) -> Any:
    """The detection as the log source's records put it, without the selector.

    The given condition is never changed; parts of it that stay as they are are shared.

    Raises:
        Refusal: TRI205 for a value that the records cannot hold.
    """
    # Tests first: ConditionItem is an abstract class, which isinstance is slow on.
    if isinstance(condition, ConditionFieldEqualsValueExpression):
        rewrite = _rewrite(condition.field, wording)
        if rewrite is None:
            return condition
        if isinstance(condition.value, SigmaExpansion):
            values = condition.value.values
            return ConditionOR([rewrite(condition.field, value) for value in values])
        return rewrite(condition.field, condition.value)
    if isinstance(condition, ConditionValueExpression):
        return _keyword(condition, wording.keywords)
    assert isinstance(condition, ConditionItem)
    args = [reworded(part, wording) for part in condition.args]
    if all(new is old for new, old in zip(args, condition.args, strict=True)):
        return condition
    if isinstance(condition, ConditionOR):
        return _any(list({_identity(part): part for part in args}.values()))
    return type(condition)(args)


def selected(condition: Any, wording: Wording) -> Any:
    """The detection together with the selector of the log source."""
    tests = [
        _any([_test(column, _native(value)) for value in values])
        for column, values in wording.where.items()
    ]
    if not tests:
        return condition
    parts = condition.args if isinstance(condition, ConditionAND) else [condition]
    return ConditionAND([*tests, *parts])


Rewrite = Callable[[str, Any], Any]


def _rewrite(name: str, wording: Wording) -> Rewrite | None:
    if name in wording.values:
        return lambda field_, value: _mapped(field_, value, wording.values[name])
    if name == "Hashes" and wording.hashes:
        return lambda field_, value: _hash(field_, value, wording.hashes)
    if name in wording.divert or name in wording.lacks:
        return lambda field_, value: _by_text(field_, value, wording)
    if name in wording.either:
        return lambda field_, value: _either(wording.either[name], value)
    return None


def _mapped(name: str, value: Any, known: Mapping[str, tuple[Native, ...]]) -> Any:
    plain = _plain(value)
    if plain is None or fold(plain) not in known:
        raise UnknownValue(
            name,
            f"field {name} has the values {', '.join(known)} here, and {value} is none of them",
        )
    return _any([_test(name, _native(native)) for native in known[fold(plain)]])


def _hash(name: str, value: Any, fields: Mapping[str, str]) -> Any:
    """``Hashes`` holds ``MD5=..,SHA256=..``; records keep each hash in a field of its own."""
    pair = _HASH.fullmatch(_without_wildcards(value))
    if pair is None:
        raise UnknownValue(name, f"{name} is split by algorithm here, and {value} names none")
    algorithm = pair["algorithm"].lower()
    if algorithm not in fields:
        raise UnknownValue(name, f"no {pair['algorithm']} hash is recorded here")
    whole = len(pair["digest"]) == _DIGITS.get(algorithm)
    return _test(fields[algorithm], SigmaString(pair["digest"] + ("" if whole else "*")))


def _by_text(name: str, value: Any, wording: Wording) -> Any:
    searched = fold(_any_text(value))
    for fragment, reason in wording.lacks.get(name, {}).items():
        if fold(fragment) in searched:
            raise UnknownValue(name, f"field {name} never holds {fragment!r} here: {reason}")
    for fragment, other in wording.divert.get(name, {}).items():
        if fold(fragment) in searched:
            return _test(other, value)
    return _test(name, value)


def _either(fields: Iterable[str], value: Any) -> Any:
    """Only one of the fields is there, so a test holds where it holds on any; a value is missing
    where it is missing in all."""
    tests: list[Any] = [_test(name, value) for name in fields]
    empty = isinstance(value, SigmaNull) or (isinstance(value, SigmaString) and not any(value.s))
    return ConditionAND(tests) if empty else ConditionOR(tests)


def _keyword(condition: ConditionValueExpression, fields: tuple[str, ...]) -> Any:
    value: Any = condition.value
    if not fields:
        return condition
    if isinstance(value, SigmaExpansion):
        return ConditionOR([_keyword(ConditionValueExpression(v), fields) for v in value.values])
    if isinstance(value, SigmaNumber):
        value = SigmaString(text(value.number))
    if isinstance(value, SigmaString):
        if not any(value.s):
            return condition
        star = SpecialChars.WILDCARD_MULTI
        value = value if value.s[0] is star else star + value
        value = value if value.s[-1] is star else value + star
    elif not isinstance(value, SigmaRegularExpression):
        return condition
    return _any([_test(name, value) for name in fields])


def _test(name: str, value: Any) -> ConditionFieldEqualsValueExpression:
    return ConditionFieldEqualsValueExpression(name, value)


def _identity(condition: Any) -> object:
    """What two equal tests have in common: Sigma's values may stand for one of the records'."""
    if isinstance(condition, ConditionFieldEqualsValueExpression):
        return condition.field, type(condition.value), str(condition.value)
    return id(condition)


def _any(tests: list[Any]) -> Any:
    return tests[0] if len(tests) == 1 else ConditionOR(tests)


def _native(value: Native) -> Any:
    if isinstance(value, bool):
        return SigmaBool(value)
    return SigmaNumber(value) if isinstance(value, int) else SigmaCasedString(value)


def _except(mapping: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name not in fields}


def _values(natives: Any) -> tuple[Native, ...]:
    return tuple(natives) if isinstance(natives, list) else (natives,)


def _plain(value: Any) -> str | None:
    """The text of a value without wildcards; None for any other kind."""
    if isinstance(value, SigmaBool):
        return text(bool(value))
    if isinstance(value, SigmaNumber):
        return text(value.number)
    if isinstance(value, SigmaString) and not value.contains_special():
        return "".join(map(str, value.s))
    return None


def _without_wildcards(value: Any) -> str:
    """The text between the wildcards at both ends of a value."""
    if not isinstance(value, SigmaString):
        return ""
    parts = [part for part in value.s if part is not SpecialChars.WILDCARD_MULTI]
    return parts[0] if len(parts) == 1 and isinstance(parts[0], str) else ""


def _any_text(value: Any) -> str:
    """All text that a value has anywhere."""
    if isinstance(value, SigmaString):
        return "\n".join(part for part in value.s if isinstance(part, str))
    if isinstance(value, SigmaRegularExpression):
        return str(value.regexp)
    return ""
