"""A detection rule as a search: its log source and its parsed condition."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from sigma.conditions import (
    ConditionFieldEqualsValueExpression,
    ConditionItem,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.exceptions import SigmaError
from sigma.modifiers import SigmaUTF16Modifier
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaRule
from sigma.types import (
    Placeholder,
    SigmaCompareExpression,
    SigmaExpansion,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
)

from trident.base.diagnostics import Span, TridentError
from trident.rule.depth import check_depth, check_groups, too_deep
from trident.rule.extension import check_metadata
from trident.rule.log_source import decided
from trident.rule.plan import LogSource, Search
from trident.rule.raw import texts
from trident.rule.regex import compile_regex
from trident.rule.rules import Document, Rule
from trident.rule.timeparts import is_bounded, spelled_out
from trident.rule.tree import Condition

_CONDITION = ("detection", "condition")


def plan_search(rule: Rule, sigma: SigmaRule) -> Search:
    """The search of a detection rule.

    Raises:
        TridentError: TRI007 for one that nests too deeply, TRI101 for a condition that does not
            parse, a number that pySigma has rounded, a utf16 that it encodes wrongly or a value of
            the wrong kind, TRI104 or TRI107 for its trident mapping, TRI109 for a placeholder
            without a value, TRI305 for a comparison of a year,
            TRI112 for one of another part of a time that never holds.
    """
    document = rule.document
    check_metadata(document)
    _check_detection(document)

    def place() -> Span:  # composes the document again, so only where it is shown
        return document.at(*_CONDITION)

    try:
        parsed = [condition.parsed for condition in sigma.detection.parsed_condition]
    except SigmaError as error:
        raise TridentError("TRI101", str(error), span=place()) from error
    except RecursionError as error:
        raise too_deep("the condition", place()) from error
    conditions = [spelled_out(each) for each in parsed if isinstance(each, Condition)]
    if not conditions or len(conditions) < len(parsed):
        raise TridentError("TRI101", "the condition is empty", span=place())
    for condition in conditions:
        check_depth(condition, ConditionItem, place)
        _check_values(document, condition)
    _check_encoding(document, sigma)
    _check_expressions(document, sigma)
    condition = conditions[0] if len(conditions) == 1 else ConditionOR([*conditions])
    own = sigma.logsource
    source, decisive = decided(LogSource(own.category, own.product, own.service), condition)
    return Search(rule.identity, source, condition, tuple(sigma.fields or ()), decisive=decisive)


def _check_detection(document: Document) -> None:
    """pySigma takes values of any kind here, and fails on them with plain Python errors."""
    for part in ("category", "product", "service"):
        value = document.data["logsource"].get(part)
        if value is not None and not isinstance(value, str):
            raise TridentError(
                "TRI101", f"{part} is {value!r}, no text", span=document.at("logsource", part)
            )
    texts(document, "fields")
    if not texts(document, *_CONDITION):
        raise TridentError("TRI101", "the condition is empty", span=document.at(*_CONDITION))
    for name in document.data["detection"]:
        if not isinstance(name, str):
            raise TridentError(
                "TRI101",
                f"the name {name!r} of a detection item is no text",
                span=document.at("detection", name),
            )


def _check_encoding(document: Document, sigma: SigmaRule) -> None:
    """pySigma 1.5 writes the byte order mark of ``utf16`` as UTF-8 has it; no text holds that."""
    if _marks_utf16():
        return
    for name, detection in sigma.detection.detections.items():
        if _uses(detection, SigmaUTF16Modifier):
            raise TridentError(
                "TRI101",
                "this version of pySigma encodes utf16 wrongly",
                span=document.at("detection", name),
                hint="use pySigma 2, or wide: the same text without the byte order mark",
            )


def _check_expressions(document: Document, sigma: SigmaRule) -> None:
    """pySigma makes the expression ``None`` of null, and ``True`` of true (2.0.1,
    ``SigmaDetectionItem.from_mapping``), which finds that word."""
    for name, detection in sigma.detection.detections.items():
        for value in _texts(detection):
            if any(piece is None or isinstance(piece, bool) for piece in value.s):
                raise TridentError(
                    "TRI101",
                    "a regular expression is null, true or false, no text",
                    span=document.at("detection", name),
                    hint="null without re tests for a missing field; put a word in quotes",
                )


def _texts(detection: SigmaDetection | SigmaDetectionItem) -> Iterator[SigmaString]:
    if isinstance(detection, SigmaDetectionItem):
        values = detection.original_value or ()
        yield from (value for value in values if isinstance(value, SigmaString))
    else:
        for item in detection.detection_items:
            yield from _texts(item)


def _uses(detection: SigmaDetection | SigmaDetectionItem, modifier: type) -> bool:
    if isinstance(detection, SigmaDetectionItem):
        return modifier in detection.modifiers
    return any(_uses(item, modifier) for item in detection.detection_items)


@cache
def _marks_utf16() -> bool:
    encoded = SigmaDetectionItem.from_mapping("field|utf16|base64", "ab").value
    return [str(value) for value in encoded] == ["//5hAGIA"]


def _check_values(document: Document, condition: object) -> None:
    # Tests first: ConditionItem is an abstract class, which isinstance is slow on.
    if not isinstance(condition, ConditionFieldEqualsValueExpression | ConditionValueExpression):
        assert isinstance(condition, ConditionItem)
        for part in condition.args:
            if part is None:  # pySigma 1.5.1, for a pattern that fits no name
                raise TridentError(
                    "TRI101",
                    "a part of the condition fits no detection item",
                    span=document.at(*_CONDITION),
                )
            _check_values(document, part)
        return
    value = condition.value
    if isinstance(condition, ConditionValueExpression) and not _is_keyword(value):
        raise TridentError(
            "TRI101",
            f"a value of type {type(value).__name__} needs a field",
            span=document.at("detection"),
        )
    text = value.regexp if isinstance(value, SigmaRegularExpression) else value
    if isinstance(value, SigmaRegularExpression):
        check_groups(str(text), lambda: document.at("detection"))
        try:
            compile_regex(value)
        except ValueError as error:
            raise TridentError(
                "TRI101",
                f"the regular expression cannot be read: {error}",
                span=document.at("detection"),
                hint="Sigma has neither look-around nor back references; see RE2's syntax",
            ) from error
    for piece in text.s if isinstance(text, SigmaString) else ():
        if isinstance(piece, Placeholder):
            raise TridentError(
                "TRI109",
                f"the placeholder %{piece.name}% has no value",
                span=document.at("detection"),
            )
    number = value.number if isinstance(value, SigmaCompareExpression) else value
    if isinstance(value, SigmaCompareExpression) and isinstance(number, SigmaTimestampPart):
        unit = number.timestamp_part.name.lower()
        code, message = (
            ("TRI112", f"no {unit} passes the comparison with {number.number}")
            if is_bounded(number)
            else ("TRI305", f"{unit} is compared with equality only")
        )
        raise TridentError(code, message, span=document.at("detection"), hint="list the values")
    if isinstance(number, SigmaNumber) and _is_rounded(number.number):
        raise TridentError(
            "TRI101",
            f"pySigma rounds a number to {int(number.number)}",
            span=document.at("detection"),
            hint="write a number above 2**53 as text, which is compared as it stands",
        )


def _is_keyword(value: object) -> bool:
    if isinstance(value, SigmaExpansion):
        return all(map(_is_keyword, value.values))
    return isinstance(value, SigmaString | SigmaNumber | SigmaRegularExpression)


def _is_rounded(held: int | float) -> bool:
    """SigmaNumber holds a whole number as an int, but one that a float cannot hold as a float."""
    return isinstance(held, float) and held.is_integer()
