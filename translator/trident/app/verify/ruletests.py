"""Rule tests: events that a person can read beside a rule, and the alerts they must give.

``<hunt>.events.yml`` holds one test a YAML document; docs/rule-tests.md describes the format,
``ruletests.schema.json`` states it for editors. Everything is read into plain events before a
rule is looked at; ``relevance.py`` compares a test with its rule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from trident.app.input.load import document
from trident.app.input.sources import display, read_text
from trident.app.input.suggest import unknown
from trident.app.input.yamltext import BrokenDocument, read_documents
from trident.app.verify.moments import Clock, absolute, duration
from trident.app.verify.scenes import AlertId, Expected, Placed, RuleTest, Scene
from trident.base.diagnostics import Span, TridentError
from trident.meaning.events import Event, Value
from trident.rule.plan import LogSource
from trident.rule.rules import Document

SUFFIX = ".events.yml"

MAX_EVENTS = 1_000_000
"""Events that the repetitions of one test may add up to."""

_INHERITED = ("rule", "now", "start", "sources")
_KEYS = (*_INHERITED, "scenes")
_SOURCE_KEYS = ("category", "product", "service", "fields")
_SCENE_KEYS = ("why", "start", "with", "events", "alerts")
_EVENT_KEYS = ("at", "repeat", "why")
_ALERT_KEYS = ("at", "group", "repeat", "why")
_REPEAT_KEYS = ("count", "every")
_LISTS = ("scenes", "events", "alerts")

Steps = tuple[str | int, ...]
"""A place in a document: mapping keys and list indices."""


def read_rule_tests(file: str) -> list[RuleTest]:
    """The tests of one file, in order; a document takes what it does not give from the one
    before: rule, now, start, sources. The rule of the first is named like the file.

    Raises:
        TridentError: TRI001..TRI007 for a broken file, TRI032 for a test that is none, TRI033
            for a bad time; with file, line and event.
    """
    tests = []
    name = Path(file).name.removesuffix(SUFFIX)
    known = Document({"rule": name}, Span(display(file)))
    settings: dict[str, Document] = {"rule": known}
    for each in read_documents(read_text(file), display(file)):
        if isinstance(each, BrokenDocument):
            diagnostic = each.diagnostic
            raise TridentError(
                diagnostic.code, diagnostic.message, span=diagnostic.span, hint=diagnostic.hint
            )
        test_document = document(each)
        reader = _Reader(test_document, settings)
        reader.keys((), test_document.data, _KEYS)
        settings |= {key: test_document for key in _INHERITED if key in test_document.data}
        tests.append(reader.test())
    if not tests:
        raise TridentError("TRI032", "the file holds no test", span=known.span)
    return tests


class _Reader:
    """Reads one document; ``settings`` says which document gives each inherited key."""

    def __init__(self, document: Document, settings: Mapping[str, Document]) -> None:
        self.document = document
        self.settings = settings
        self.sources: dict[str, tuple[LogSource, dict[str, Value]]] = {}
        self.size = 0

    def test(self) -> RuleTest:
        for key in ("now", "sources"):
            if key not in self.settings:
                raise self.fail(f"no {key}")
        rule = self.settings["rule"].data["rule"]
        if not isinstance(rule, str):
            raise self.fail("rule is a rule's name", "rule")
        now = self.moment(self.settings["now"], ("now",))
        clock = self.started(Clock(now), self.settings.get("start"), ("start",))
        self.sources = dict(self.read_sources(self.settings["sources"]))
        scenes = tuple(self.scene(path, clock) for path in self.items(("scenes",), "scene"))
        test = RuleTest(rule, now, scenes, self.document.span)
        self.reject_repeated_alerts(test)
        return test

    def fail(
        self, message: str, *path: str | int, code: str = "TRI032", hint: str = ""
    ) -> TridentError:
        return TridentError(code, _where(path) + message, span=self.document.at(*path), hint=hint)

    def read_sources(self, document: Document) -> Iterator[tuple[str, Any]]:
        reader = _Reader(document, self.settings)
        for name, raw in reader.mapping(("sources",)).items():
            path = ("sources", name)
            if not isinstance(name, str) or name in _EVENT_KEYS:
                raise reader.fail(f"{name!r} cannot name a log source", *path)
            reader.keys(path, raw, _SOURCE_KEYS)
            parts = {key: str(value) for key, value in raw.items() if key != "fields"}
            if not parts:
                raise reader.fail("a log source has category, product or service", *path)
            yield name, (LogSource(**parts), reader.fields((*path, "fields")))

    def scene(self, path: Steps, clock: Clock) -> Scene:
        raw = self.get(path)
        self.keys(path, raw, _SCENE_KEYS)
        why = self.reason(path, required=True)
        if "alerts" not in raw:
            raise self.fail("no alerts; write alerts: [] when there are none", *path)
        clock = self.started(clock, self.document if "start" in raw else None, (*path, "start"))
        shared = self.fields((*path, "with"))
        events = [
            placed
            for place in self.items((*path, "events"), "event")
            for placed in self.event(place, clock, shared)
        ]
        alerts = [
            alert
            for place in self.items((*path, "alerts"), "", empty=True)
            for alert in self.alert(place, clock, why)
        ]
        return Scene(why, tuple(events), tuple(alerts), self.document.at(*path))

    def event(self, path: Steps, clock: Clock, shared: Mapping[str, Value]) -> Iterator[Placed]:
        raw = self.get(path)
        self.keys(path, raw, (*_EVENT_KEYS, *self.sources))
        named = [key for key in raw if key not in _EVENT_KEYS]
        if len(named) != 1:
            raise self.fail(f"an event names one log source of {', '.join(self.sources)}", *path)
        source, defaults = self.sources[named[0]]
        fields = {**defaults, **shared, **self.fields((*path, named[0]))}
        span, why = self.document.at(*path), self.reason(path)
        for number, time in self.times(path, clock):
            yield Placed(Event(time, source, _numbered(fields, number)), span, why)

    def alert(self, path: Steps, clock: Clock, why: str) -> Iterator[Expected]:
        raw = self.get(path)
        self.keys(path, raw, _ALERT_KEYS)
        group = raw.get("group", [])
        parts = group if isinstance(group, list) else [group]
        if not all(isinstance(part, str | int) and part != "" for part in parts):
            raise self.fail("group is a value, or a list of values in group-by's order", *path)
        why, span = self.reason(path) or why, self.document.at(*path)
        for number, time in self.times(path, clock):
            yield Expected(tuple(_count_in(str(part), number) for part in parts), time, why, span)

    def times(self, path: Steps, clock: Clock) -> Iterator[tuple[int | None, int]]:
        """Number and time of each repetition; the number is None where nothing is repeated."""
        raw = self.get(path)
        if "at" not in raw:
            raise self.fail("no at: when?", *path)
        time = self.moment(self.document, (*path, "at"), clock)
        if "repeat" not in raw:
            yield None, time
            return
        place = (*path, "repeat")
        self.keys(place, raw["repeat"], _REPEAT_KEYS)
        count = raw["repeat"].get("count")
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise self.fail("count is a whole number above zero", *place)
        self.size += count
        if self.size > MAX_EVENTS:
            raise self.fail(f"more than {MAX_EVENTS:,} events in one test", *place)
        try:
            every = duration(raw["repeat"].get("every"))
        except ValueError as error:
            raise self.fail(str(error), *place, code="TRI033") from None
        for number in range(count):
            yield number + 1, time + number * every

    def started(self, clock: Clock, document: Document | None, path: Steps) -> Clock:
        return clock if document is None else Clock(clock.now, self.moment(document, path, clock))

    def moment(self, document: Document, path: Steps, clock: Clock | None = None) -> int:
        raw = _at(document.data, path)
        try:
            return absolute(raw) if clock is None else clock.read(raw)
        except (ValueError, OverflowError) as error:
            raise TridentError(
                "TRI033", _where(path) + str(error), span=document.at(*path)
            ) from None

    def fields(self, path: Steps) -> dict[str, Value]:
        if not self.get(path):
            return {}
        fields = self.mapping(path)
        for name, value in fields.items():
            if not isinstance(name, str) or not isinstance(value, str | int | float | bool | None):
                raise self.fail(
                    f"field {name} is no string, number, boolean or null (quote it)", *path, name
                )
        return dict(fields)

    def reason(self, path: Steps, *, required: bool = False) -> str:
        why = self.get(path).get("why", "")
        if not isinstance(why, str) or (required and not why.strip()):
            raise self.fail("why is a sentence: what these events show", *path)
        return " ".join(why.split())

    def items(self, path: Steps, what: str, *, empty: bool = False) -> Iterator[Steps]:
        """The paths of the items of a list; ``what`` is needed at least once."""
        listed = self.get(path)
        if not isinstance(listed, list) or not (listed or empty):
            least = "" if empty else f" with at least one {what}"
            raise self.fail(f"{path[-1]} is a list{least}", *path)
        for index, item in enumerate(listed):
            if not isinstance(item, Mapping):
                raise self.fail("not a mapping", *path, index)
            yield *path, index

    def mapping(self, path: Steps) -> Mapping[Any, Any]:
        mapping = self.get(path)
        if not isinstance(mapping, Mapping) or not mapping:
            raise self.fail(f"{path[-1]} is a mapping", *path)
        return mapping

    def keys(self, path: Steps, raw: Any, allowed: Collection[str]) -> None:
        if not isinstance(raw, Mapping):
            raise self.fail("not a mapping", *path)
        for key in raw:
            if key not in allowed:
                hint = unknown("TRI104", "key", str(key), allowed).diagnostic.hint
                raise self.fail(f"unknown key {key!r}", *path, key, code="TRI104", hint=hint)

    def get(self, path: Steps) -> Any:
        return _at(self.document.data, path)

    def reject_repeated_alerts(self, test: RuleTest) -> None:
        seen: dict[AlertId, Span] = {}
        for alert in (alert for scene in test.scenes for alert in scene.alerts):
            if alert.identity in seen:
                raise TridentError(
                    "TRI032",
                    f"the same alert (group and time) is expected at {seen[alert.identity]} "
                    "already; an alert counts once",
                    span=alert.span,
                )
            seen[alert.identity] = alert.span


def _at(data: Any, path: Steps) -> Any:
    for step in path:
        data = data.get(step) if isinstance(data, Mapping) else data[step]
    return data


def _where(path: Steps) -> str:
    """``("scenes", 0, "events", 2)`` as ``scene 1, event 3: ``."""
    named = [
        f"{str(name).removesuffix('s')} {index + 1}"
        for name, index in pairwise(path)
        if name in _LISTS and isinstance(index, int)
    ]
    return f"{', '.join(named)}: " if named else ""


def _numbered(fields: Mapping[str, Value], number: int | None) -> Mapping[str, Value]:
    return {
        name: _count_in(value, number) if isinstance(value, str) else value
        for name, value in fields.items()
    }


def _count_in(text: str, number: int | None) -> str:
    return text if number is None else text.replace("{n}", str(number))
