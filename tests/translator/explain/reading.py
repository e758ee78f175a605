"""Reads an explanation's lines back into a test on an event, by the English alone.

It shares no table with trident.app.explain: what a phrase means is written here a second time.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any

from sigma.types import SigmaRegularExpression, SigmaRegularExpressionFlag

from trident.meaning.detection import fold, missing, number, text
from trident.rule.regex import compile_regex

Fields = Mapping[str, Any]
Reading = Callable[[Fields], bool]

_VALUE = re.compile(r'"((?:[^"]|"")*)"')
_POINT = re.compile(r"<U\+([0-9A-F]{4,6})>")
_QUANTIFIER = r"(?P<many> any of| none of| all of)?(?: the (?:pattern|regular expression)s?)?"
_VERBS: tuple[tuple[str, str], ...] = (
    # what is tested, and how it is said; "not" in the name of a group is a negation
    ("present", r"is present$"),
    ("missing", r"is missing$"),
    ("address", r"is(?P<no> not)? an address in(?P<many> any of)? (?P<v>.+)"),
    ("compare", r"is(?P<no> not)? a number (?P<op>.+?)(?P<many> any of)? (?P<v>[-+0-9.e, ]+)$"),
    (
        "time",
        r"is(?P<no> not)? a time whose (?P<op>ISO week|\w+) \(UTC\) is(?P<many> any of)? (?P<v>.+)",
    ),
    ("same", r"is(?P<no> not)? the same text as field (?P<v>\S+)"),
    ("starts as", r"(?:starts|does (?P<no>not) start) with the text of field (?P<v>\S+)"),
    ("ends as", r"(?:ends|does (?P<no>not) end) with the text of field (?P<v>\S+)"),
    ("holds", r"(?:contains|does (?P<no>not) contain) the text of field (?P<v>\S+)"),
    ("equals", r'is(?P<no> not)?(?P<many> any of)? (?P<v>".*")'),
    ("plain", r"is(?P<no> not)?(?P<many> any of)? (?P<v>[^\"]+)$"),
    ("contains", rf'(?:contains|does (?P<no>not) contain){_QUANTIFIER} (?P<v>".*")'),
    ("starts", rf'(?:starts with|does (?P<no>not) start with){_QUANTIFIER} (?P<v>".*")'),
    ("ends", rf'(?:ends with|does (?P<no>not) end with){_QUANTIFIER} (?P<v>".*")'),
    ("pattern", rf'(?:fits|does (?P<no>not) fit){_QUANTIFIER} (?P<v>".*")'),
    (
        "regex",
        rf'(?:has a match of|does (?P<no>not) have a match of){_QUANTIFIER} (?P<v>".*")',
    ),
)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "less than": lambda found, limit: found < limit,
    "of at most": lambda found, limit: found <= limit,
    "greater than": lambda found, limit: found > limit,
    "of at least": lambda found, limit: found >= limit,
    "other than": lambda found, limit: found != limit,
}
_TAILS = (
    ", or is missing",
    ", or one of the two is missing",
    ", * being any text and ? any one character",
    ", with . also for a line break",
    ", with ^ and $ at each line",
    ", ignoring case",
    ", in this case only",
)


def read(words: Mapping[str, Any], fields: tuple[str, ...]) -> Reading:
    """The test that printed words (their JSON) say, for events with some of ``fields``."""
    if "parts" in words:
        parts = [read(part, fields) for part in words["parts"]]
        counts = {
            "all": lambda held: held == len(parts),
            "any": lambda held: held > 0,
            "none": lambda held: held == 0,
            "not all": lambda held: held < len(parts),
        }[words["holds"]]
        return lambda event: counts(sum(part(event) for part in parts))
    return _line(words["text"], fields)


def _line(said: str, fields: tuple[str, ...]) -> Reading:
    tails = []
    while found := next((tail for tail in _TAILS if said.endswith(tail)), None):
        tails.append(found)
        said = said.removesuffix(found)
    subjects = [name for name in (*fields, "some field", "no field") if said.startswith(f"{name} ")]
    assert subjects, said
    subject = max(subjects, key=len)
    rest = said[len(subject) + 1 :]
    readings = ((kind, re.fullmatch(verb, rest, re.DOTALL)) for kind, verb in _VERBS)
    kind, match = next((kind, match) for kind, match in readings if match)
    test = _values(kind, match.groupdict(), tails)
    if subject in ("some field", "no field"):
        present = kind == "present"
        wanted = subject == "some field"
        return lambda event: (
            wanted
            is any(
                not missing(value) and (present or test(event, value)) for value in event.values()
            )
        )
    or_missing = any("missing" in tail for tail in tails)
    if kind in ("present", "missing"):
        return lambda event: missing(event.get(subject)) is (kind == "missing")
    if match.groupdict().get("v") and kind in ("same", "starts as", "ends as", "holds"):
        other = match["v"]
        return lambda event: (
            or_missing
            if missing(event.get(subject)) or missing(event.get(other))
            else test(event, event[subject])
        )
    return lambda event: or_missing if missing(event.get(subject)) else test(event, event[subject])


def _values(
    kind: str, said: Mapping[str, str | None], tails: list[str]
) -> Callable[[Fields, Any], bool]:
    """The test on a value that is not missing."""
    if kind in ("present", "missing"):
        return lambda event, value: True
    listed = said["v"] or ""
    quoted = kind in ("equals", "contains", "starts", "ends", "pattern", "regex")
    values = _VALUE.findall(listed) if quoted else listed.split(", ")
    values = [_decoded(value.replace('""', '"') if quoted else value) for value in values]
    one = _one(kind, said, tails)
    many = (said.get("many") or "").strip()
    every = all if many == "all of" else any
    negated = bool(said.get("no")) or many == "none of"
    return lambda event, found: every(one(event, found, value) for value in values) is not negated


def _one(
    kind: str, said: Mapping[str, str | None], tails: list[str]
) -> Callable[[Fields, Any, str], bool]:
    same: Callable[[str], str] = str if ", in this case only" in tails else fold
    texts: Mapping[str, Callable[[str, str], bool]] = {
        "equals": lambda found, value: found == value,
        "contains": lambda found, value: value in found,
        "starts": str.startswith,
        "ends": str.endswith,
        "pattern": lambda found, value: _glob(value).fullmatch(found) is not None,
    }
    if kind in texts:
        test = texts[kind]
        return lambda event, found, value: test(same(text(found)), same(value))
    fields = {"same": "equals", "starts as": "starts", "ends as": "ends", "holds": "contains"}
    if kind in fields:
        test = texts[fields[kind]]
        return lambda event, found, value: test(fold(text(found)), fold(text(event[value])))
    if kind == "regex":
        return lambda event, found, value: _regex(value, tails).search(text(found)) is not None
    if kind == "address":
        return lambda event, found, value: _inside(text(found), value)
    if kind == "compare":
        compare = _COMPARE[str(said["op"])]
        return lambda event, found, value: (
            number(found) is not None and compare(number(found), number(value))
        )
    if kind == "time":
        return lambda event, found, value: _part(text(found), str(said["op"])) == int(value)
    return lambda event, found, value: (
        fold(text(found)) == value
        if value in ("true", "false")
        else found == value
        if isinstance(found, str)
        else number(found) is not None and number(found) == number(value)
    )


def _decoded(value: str) -> str:
    return _POINT.sub(lambda point: chr(int(point[1], 16)), value)


def _glob(value: str) -> re.Pattern[str]:
    pieces = re.findall(r"\\.|.", value, re.DOTALL)
    wild = {"*": ".*", "?": "."}
    read_as = (wild.get(p) or re.escape(p[1:] if p.startswith("\\") else p) for p in pieces)
    return re.compile("".join(read_as), re.DOTALL)


def _regex(value: str, tails: list[str]) -> re.Pattern[str]:
    said = {
        ", ignoring case": SigmaRegularExpressionFlag.IGNORECASE,
        ", with ^ and $ at each line": SigmaRegularExpressionFlag.MULTILINE,
        ", with . also for a line break": SigmaRegularExpressionFlag.DOTALL,
    }
    found = SigmaRegularExpression(value)
    found.flags = {flag for tail, flag in said.items() if tail in tails}
    return compile_regex(found)


def _inside(value: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(network)
    except ValueError:
        return False


def _part(value: str, part: str) -> int | None:
    try:
        time = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    time = time if time.tzinfo is None else time.astimezone(dt.UTC)
    return time.isocalendar().week if part == "ISO week" else int(getattr(time, part))
