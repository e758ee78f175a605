"""What becomes of the public rule set on each target and profile: converted, or refused and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from trident.app.input.load import Loaded, load
from trident.mapping.binding import condition_fields
from trident.mapping.profiles import Profile
from trident.mapping.resolver import resolve_source
from trident.mapping.wording import reworded
from trident.rule.plan import Search
from trident.rule.planner import plan_all
from trident.rule.rules import Document, Ruleset
from trident.translate.translate import translate

DATA = ("TRI201", "TRI202", "TRI205")
"""Refusals because the SIEM's data lack the log source, a field or a value; all others are the
target's language."""

UNKNOWN = "no column is documented for it"

Parse = Callable[[str, Search, Profile], str | None]
"""What an independent parser says of a query: an error, or None."""


@dataclass(slots=True)
class Measured:
    """One target and profile: numbers by log source, and what is not mapped.

    ``outcomes`` counts per log source ``converted`` or the refusal's code; ``missing`` maps a
    log source without a table to the reason; ``fields`` counts the rules per log source, field
    and reason; ``values`` per log source and message; ``unparsed`` holds rule and error.
    """

    profile: Profile
    outcomes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    missing: dict[str, str] = field(default_factory=dict)
    fields: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    values: Counter[tuple[str, str]] = field(default_factory=Counter)
    unparsed: list[tuple[str, str]] = field(default_factory=list)
    parsed: int = 0

    @property
    def total(self) -> Counter[str]:
        """The outcomes of all log sources together."""
        return sum(self.outcomes.values(), Counter())

    @property
    def converted(self) -> int:
        """How many rules have a query."""
        return self.total["converted"]

    @property
    def in_data(self) -> int:
        """How many rules have their log source, fields and values in the SIEM's data."""
        return sum(number for outcome, number in self.total.items() if outcome not in DATA)

    @property
    def share(self) -> float:
        """Per cent of the rules in the data that are converted."""
        return 100 * self.converted / self.in_data if self.in_data else 100.0


def rules(corpus: Path, every: int = 1) -> tuple[list[Search], str]:
    """The plans of the rules (of each ``every``-th one) and the date of the latest change.

    Raises:
        ValueError: for a rule that does not load or plan; the public set has none.
    """
    loaded = _loaded(corpus)
    ruleset = Ruleset.from_documents(loaded.documents[::every])
    found = plan_all(ruleset)
    broken = [*loaded.diagnostics, *ruleset.diagnostics, *(d for p in found for d in p.diagnostics)]
    if broken:
        raise ValueError(f"{len(broken)} rules are broken, the first: {broken[0]}")
    plans = [planned.plan for planned in found]
    return [plan for plan in plans if isinstance(plan, Search)], max(_dates(loaded.documents))


@cache
def _loaded(corpus: Path) -> Loaded:
    """The documents of all rules, which several tests take a part of."""
    return load([str(corpus)])


def measure(plans: Sequence[Search], profile: Profile, parse: Parse | None = None) -> Measured:
    """Translate every rule for one profile; ``parse`` checks each query."""
    measured = Measured(profile)
    for plan in plans:
        translation = translate(plan, profile)
        name = str(plan.logsource)
        if translation.query is not None:
            measured.outcomes[name]["converted"] += 1
            if parse is not None:
                error = parse(translation.query.text, plan, profile)
                measured.parsed += error is None
                if error is not None:
                    measured.unparsed.append((plan.identity.title, error))
            continue
        assert translation.error is not None
        code, message = translation.error.code, translation.error.message
        measured.outcomes[name][code] += 1
        if code == "TRI201":
            measured.missing[name] = message.partition(f" profile {profile.name}: ")[2] or UNKNOWN
        elif code == "TRI202":
            measured.fields.update(_unmapped(plan, profile))
        elif code == "TRI205":
            measured.values[name, message] += 1
    return measured


def _unmapped(plan: Search, profile: Profile) -> set[tuple[str, str, str]]:
    source = resolve_source(plan.logsource, profile)
    names = [*condition_fields(reworded(plan.condition, source.wording)), *plan.outputs]
    return {
        (str(plan.logsource), name, source.refused.get(name, UNKNOWN))
        for name in names
        if source.column(name) is None
    }


def _dates(documents: Sequence[Document]) -> Iterator[str]:
    for document in documents:
        data: Any = document.data
        yield str(data.get("modified") or data.get("date") or "")


def log_sources(plans: Sequence[Search]) -> Counter[str]:
    """How many rules each log source has."""
    return Counter(str(plan.logsource) for plan in plans)
