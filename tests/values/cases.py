"""(value, modifiers) as plans of the lab, and events that tell right from nearly right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.support.generate import plan_documents
from tests.support.selection import LAB, lab_events
from tests.support.values import (
    HOSTILE,
    MODIFIERS,
    REGEX_MODIFIERS,
    REGEX_TEXTS,
    REGEXES,
    candidates,
)
from trident.app.verify.samples import hit, near_misses
from trident.base.diagnostics import Refusal
from trident.meaning.events import Event
from trident.rule.plan import Search

FIELD = "f"
STRINGS = (
    *MODIFIERS,
    *("startswith|cased", "endswith|cased", "contains|all", "neq", "windash", "windash|contains"),
    *("base64|contains", "base64offset|contains", "wide|base64offset|contains", "utf16|base64"),
)
_PLAIN = [piece for piece in HOSTILE if len(piece) < 20]
_WITHOUT_FLAGS = [regex for regex in REGEXES if not regex.startswith("(?")]
_ALPHABETS = (
    "abcxyzABCXYZ0189",
    " \t\n\r\x85\u2028",
    "\"'`\\/|$%{}[]()<>*?+^.,:;=!~@#&-_",
    "\u00e4\u00c4\u00e9\u0436\u0416\u03c3\u03c2\u03a3\u65e5\u200f\u202e\ufb01\U0001f600",
    "\u00df\u1e9e\u0130\u0131\u017f\u212a",
)


@dataclass(frozen=True, slots=True)
class Case:
    """One test of the field on ``value`` (one, or a list), as a plan."""

    value: Any
    modifiers: str
    negated: bool
    plan: Search

    def events(self, random: Random) -> list[Event]:
        """Events that the test selects, and near misses."""
        return lab_events(texts(self.value, self.modifiers, self.plan, random))


def case(value: Any, modifiers: str, negated: bool = False) -> Case | None:
    """The case of a value; None where pySigma does not take the value with the modifiers."""
    key = f"{FIELD}|{modifiers}" if modifiers else FIELD
    condition = "not selection" if negated else "selection"
    document = {
        "title": "value",
        "logsource": {"category": LAB.category},
        "detection": {"selection": {key: value}, "condition": condition},
    }
    try:
        plan = plan_documents((document,))
    except (AssertionError, Refusal):
        return None
    assert isinstance(plan, Search)
    return Case(value, modifiers, negated, plan)


def texts(value: Any, modifiers: str, plan: Search, random: Random) -> Sequence[Mapping[str, Any]]:
    """Records: the value, what it nearly is, and what the plan's own test is satisfied by."""
    wanted: list[str | None] = [None, ""]
    for each in value if isinstance(value, list) else [value]:
        wanted += candidates(each) if "re" not in modifiers.split("|") else REGEX_TEXTS
    records = [{FIELD: text} if text is not None else {} for text in dict.fromkeys(wanted)]
    for _ in range(2):
        fields = hit(plan, random)
        if fields:
            records += [fields, *near_misses(fields, random)]
    return records


def random_cases(random: Random, count: int) -> Iterator[Case]:
    """Values glued together from hostile pieces and characters, with any modifiers."""
    made = 0
    while made < count:
        if random.random() < 0.2:
            modifiers, make = random.choice(REGEX_MODIFIERS), _regex
        else:
            modifiers, make = random.choice(STRINGS), _value
        many = modifiers == "contains|all" or random.random() < 0.25
        value = [make(random) for _ in range(random.randint(2, 4))] if many else make(random)
        found = case(value, modifiers, random.random() < 0.3)
        if found is not None:
            made += 1
            yield found


def _value(random: Random) -> str:
    return "".join(
        random.choice(_PLAIN)
        if random.random() < 0.5
        else "".join(random.choices(random.choice(_ALPHABETS), k=random.randint(1, 4)))
        for _ in range(random.randint(1, 4))
    )


def _regex(random: Random) -> str:
    """An expression of the table, several of them, or a hostile value quoted."""
    chosen = random.random()
    if chosen < 0.4:
        return random.choice(REGEXES)
    if chosen < 0.7:
        joint = random.choice(("", "|", ".*", "[^a]"))
        return joint.join(random.choice(_WITHOUT_FLAGS) for _ in range(2))
    return re.escape(random.choice(_PLAIN))
