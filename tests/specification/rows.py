"""The statements of the Sigma specification as rows, and what a row gives to test.

Each ``<document>.yml`` here is one document of https://github.com/SigmaHQ/sigma-specification, and
each of its rows one example or one statement in our own words: ``at`` the section, ``says`` the
statement, and one of

- ``item`` (one selection) or ``detection`` (a whole one), with the records that it ``matches`` and
  ``misses``; a plain value stands for ``{f: value}``;
- ``rules`` (documents, or ``text``: their YAML), or ``correlation`` (over the document's
  ``bases``), with ``cases``: events ``[minutes before now, fields]`` (``[minutes, fields, log
  source]`` where there are several) and alerts ``[group key, minutes before now]``;
- ``same``: keys laid over the ``plain`` rule, each of which changes no query; ``found``: such keys
  and the code of the finding that they bring; ``clean``: such keys and a code that they do not;
- ``invalid``: with ``item``, ``detection``, ``rules``, ``text`` or ``correlation``, the code with
  which the rule itself is refused.

``refused`` gives the code with which a target refuses the row, ``level`` a target's level where it
is not exact; everything else is exact on every target. ``columns`` are types of columns that are
not text, for the row; ``since`` the version of pySigma from which on a row is read so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from tests.support.generate import NOW, PYSIGMA
from trident.app.input.config import Config
from trident.app.input.sources import Source
from trident.app.run.convert import Outcome, plan_files
from trident.base.diagnostics import Severity
from trident.meaning.events import SECOND, Event
from trident.rule.plan import LogSource, Plan, searches

HERE = Path(__file__).parent
DOCUMENTS = ("rules", "modifiers", "correlations", "filters", "tags")
"""The documents, in the order of the page."""

LAB = {"category": "lab"}
"""The log source of rows that name none."""

PLAIN: Mapping[str, Any] = {
    "title": "Plain",
    "logsource": LAB,
    "detection": {"selection": {"f": "plain"}, "condition": "selection"},
}
"""The rule over which the keys of ``same`` and ``found`` are laid."""

Alerts = frozenset[tuple[tuple[str, ...], int]]


@dataclass(frozen=True, slots=True)
class Case:
    """A timeline and the alerts that the specification's meaning gives."""

    events: tuple[Event, ...]
    alerts: Alerts


@dataclass(frozen=True)
class Row:
    """One statement; ``data`` is its mapping in the YAML file."""

    data: Mapping[str, Any]
    bases: Mapping[str, Any]

    @property
    def why(self) -> str:
        """The place and the statement."""
        return f"{self.data['at']}: {self.data['says']}"

    @property
    def has_rule(self) -> bool:
        """Whether the row is a rule of its own, and not about keys that describe one."""
        return not {"same", "found"} & self.data.keys()

    @property
    def text(self) -> str:
        """The row's rule as the YAML text that a user writes."""
        data = self.data
        if "text" in data:
            return str(data["text"])
        if "rules" in data:
            return _yaml([_completed(each) for each in data["rules"]])
        if "correlation" in data:
            listed = [
                _completed({"name": name, **self.bases[name]})
                for name in data["correlation"]["rules"]
                if name in self.bases
            ]
            own = {"title": "Outer", "name": "outer", "correlation": data["correlation"]}
            return _yaml([*listed, own])
        detection = data.get("detection") or {"s": data["item"], "condition": "s"}
        return _yaml([{**PLAIN, "detection": detection}])

    @cached_property
    def outcome(self) -> Outcome:
        """What became of the rule's text: plans and findings."""
        if not self.has_rule:
            return Outcome()
        config = Config(placeholders=self.data.get("placeholders", {}))
        return planned(self.text, config, self.data.get("filters", ()))

    @property
    def codes(self) -> list[str]:
        """The codes of everything that was found in the rule's text."""
        return [each.code for each in self.outcome.diagnostics]

    @property
    def errors(self) -> set[str]:
        """The codes of the errors in the rule's text."""
        found = self.outcome.diagnostics
        return {each.code for each in found if each.severity is Severity.ERROR}

    @property
    def plans(self) -> list[Plan]:
        """The plans of the rules that get a query."""
        return [each.plan for each in self.outcome.planned if each.plan is not None]

    def cases(self) -> Iterator[Case]:
        """The row's timelines; of a detection one, each record an event of its own."""
        if "matches" in self.data:
            matches, misses = self.data["matches"], self.data.get("misses", [])
            records = [each if isinstance(each, dict) else {"f": each} for each in matches + misses]
            source = next(searches(self.plans[0])).logsource
            events = tuple(
                Event(NOW - number * SECOND, source, fields)
                for number, fields in enumerate(records)
            )
            yield Case(events, frozenset(((), event.time) for event in events[: len(matches)]))
        for case in self.data.get("cases", ()):
            yield Case(
                tuple(_event(*event) for event in case["events"]),
                frozenset((tuple(group), _ago(ago)) for group, ago in case["alerts"]),
            )

    def refusal(self, target: str) -> str:
        """The code with which the target refuses the row, or ""."""
        return str(self.data.get("refused", {}).get(target, ""))

    def level(self, target: str) -> str:
        """The level at which the target says the row."""
        return str(self.data.get("level", {}).get(target, "exact"))


@dataclass(frozen=True)
class SpecificationDocument:
    """One document of the specification: its title, file and version, and its rows."""

    title: str
    file: str
    version: str
    columns: Mapping[str, str]
    rows: tuple[Row, ...]


@cache
def read(name: str) -> SpecificationDocument:
    """The rows of one document, planned once for all tests."""
    data = yaml.safe_load((HERE / f"{name}.yml").read_text("utf-8"))
    bases = data.get("bases", {})
    rows = tuple(Row(each, bases) for each in data["rows"] if each.get("since", 0) <= PYSIGMA)
    return SpecificationDocument(
        data["title"], data["file"], str(data["version"]), data.get("columns", {}), rows
    )


def planned(text: str, config: Config | None = None, filters: Sequence[str] = ()) -> Outcome:
    """The plans and findings of a file with this text."""
    content = text.encode()
    source = Source("row.yml", content, hashlib.sha256(content).hexdigest())
    return plan_files([source], config or Config(), filters)


def varied(keys: Mapping[str, Any]) -> str:
    """The plain rule with other keys; one of null takes the plain rule's away."""
    whole = {**PLAIN, **keys}
    return _yaml([{key: value for key, value in whole.items() if value is not None}])


def _completed(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document with the title and the log source that the row leaves out."""
    if "correlation" in document or "action" in document:
        return {"title": str(document.get("name", "Outer")), **document}
    if "filter" in document:
        return {"title": "Filter", "logsource": LAB, **document}
    return {"title": str(document.get("name", "Rule")), "logsource": LAB, **document}


def _yaml(documents: Sequence[Mapping[str, Any]]) -> str:
    return yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True, width=1_000)


def _event(ago: float, fields: Mapping[str, Any], source: Mapping[str, str] | None = None) -> Event:
    return Event(_ago(ago), LogSource(**(source or LAB)), fields)


def _ago(minutes: float) -> int:
    return NOW - round(minutes * 60) * SECOND
