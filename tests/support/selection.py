"""What a rule's query selects on its target's engine: one harness for every target.

``Bench.check`` translates a plan, runs the query on the target's engine and holds the result
against the evaluator. KQL, SPL and EQL run as ``trident verify`` runs them; ES|QL, for which no
engine exists here, in the model of ``tests/esql/model``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any, Protocol, Self

from tests.support.generate import NOW
from trident.app.verify.native import native_rows
from trident.app.verify.runners import runner
from trident.app.verify.worker import Worker
from trident.mapping.binding import BoundSearch, bind
from trident.mapping.profiles import Profile, Source, Table, default_profile, load_profiles
from trident.meaning.detection import compile_detection
from trident.meaning.events import SECOND, Event
from trident.result.translation import Translation
from trident.rule.plan import LogSource, Search
from trident.translate.translate import translate

LAB = LogSource("lab")
"""The log source of rules that are about the language and not about any table."""

_LAB_TABLES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "kql": ("Lab", {}),
    "spl": ("lab", {"macro": "microsoft_addon", "selector": {"category": "lab"}}),
    "eql": ("lab", {"index": "cef_index", "select": {"event.dataset": "lab"}}),
}
"""The table's name and settings, in the target's own terms."""


def lab_profile(target: str, fields: Mapping[str, tuple[str, str]]) -> Profile:
    """A profile with one table: Sigma field -> (column, type)."""
    profile = load_profiles(target)[default_profile(target)]
    name, settings = _LAB_TABLES["eql" if target == "esql" else target]
    columns = dict(fields.values()) | dict.fromkeys(settings.get("select", ()), "string")
    table = Table(name, settings, columns)
    source = Source(LAB, table, {field: table.column(name) for field, (name, _) in fields.items()})
    return replace(profile, sources=(source,))


_PACKAGES: Mapping[str, tuple[str, ...]] = {
    "kql": ("duckdb_kql", "kustology"),
    "spl": (),
    "eql": ("eql",),
    "esql": ("esql", "duckdb"),
}


def missing_engine(target: str) -> str | None:
    """A package that the target's engines need and that is not installed."""
    return next((name for name in _PACKAGES[target] if find_spec(name) is None), None)


class Engine(Protocol):
    """Runs one query on events; returns the times of those that it selects."""

    def __call__(
        self, plan: Search, translation: Translation, profile: Profile, events: Sequence[Event]
    ) -> set[int]: ...


class Bench:
    """The engines of one target, kept open over many queries."""

    def __init__(self, target: str, second: bool = True, seconds: float | None = None) -> None:
        """``second``: with second opinions; ``seconds``: each query in a process, that long."""
        self.target = target
        self.runs = 0
        """How many queries have run."""
        self._close: list[Callable[[], None]] = []
        self._engines: list[Engine] = []
        self._models: dict[str, Any] = {}
        if target == "esql":
            self._engines.append(self._esql)
            return
        opened: Any = Worker(target, seconds) if seconds else runner(target)
        self._close.append(opened.close)
        self._opened = opened

        def run(
            plan: Search, translation: Translation, profile: Profile, events: Sequence[Event]
        ) -> set[int]:
            return {time for _, time in opened.alerts(plan, translation, profile, events, NOW)}

        self._engines.append(run)
        if second and target in _SECOND:
            self._engines.append(_SECOND[target])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for close in self._close:
            close()

    def seen(self, events: Iterable[Event], profile: Profile) -> list[Event]:
        """The events as the SIEM keeps them: Elastic's clock, and fields put in lower case."""
        if self.target == "esql":
            from tests.support.run_esql import stored

            return stored(events, profile)
        if isinstance(self._opened, Worker):
            return self._opened.seen(tuple(events), profile)
        return [self._opened.seen(event, profile) for event in events]

    @staticmethod
    def matches(plan: Search, event: Event) -> bool:
        """Whether the evaluator selects an event of the plan's log source."""
        return compile_detection(plan.condition)(event.fields)

    def check(self, plan: Search, profile: Profile, events: Sequence[Event]) -> str:
        """Run the plan's query; what it selects must be what the evaluator selects.

        Returns the code of a refusal, or "".

        Raises:
            AssertionError: with the query and the events that make the difference.
        """
        translation = translate(plan, profile)
        if translation.query is None:
            assert translation.error is not None
            return translation.error.code
        test = compile_detection(plan.condition)
        self.compare(plan, translation, profile, events, {e.time for e in events if test(e.fields)})
        return ""

    def compare(
        self,
        plan: Search,
        translation: Translation,
        profile: Profile,
        events: Sequence[Event],
        wanted: set[int],
    ) -> None:
        """Run a query on every engine of the target: each selects the events of ``wanted``."""
        assert translation.query is not None
        for engine in self._engines:
            found = engine(plan, translation, profile, events)
            differ = [event for event in events if event.time in found ^ wanted]
            differ = [event for event in differ if not _spared(translation, event)]
            assert not differ, (
                translation.query.text,
                "missing",
                [event.fields for event in differ if event.time in wanted],
                "extra",
                [event.fields for event in differ if event.time not in wanted],
            )
        self.runs += 1

    def _esql(
        self, plan: Search, translation: Translation, profile: Profile, events: Sequence[Event]
    ) -> set[int]:
        # Elastic's parser package is not everywhere; importing the model needs it.
        from tests.backends.esql.model.engine import EsqlModel
        from tests.support.run_esql import micros

        key = repr([(source.table.name, source.table.columns) for source in profile.sources])
        if key not in self._models:
            self._models[key] = EsqlModel(profile)
            self._close.append(self._models[key].close)
        model = self._models[key]
        model.load(native_rows(events, profile))
        assert translation.query is not None
        return {micros(row[profile.time]) for row in model.run(translation.query.text, NOW)}


def _second_spl(
    plan: Search, translation: Translation, profile: Profile, events: Sequence[Event]
) -> set[int]:
    """SPL on the smaller model of the tests: a second opinion, and empty values beside absent."""
    from tests.backends.spl.model.commands import run
    from tests.backends.spl.run import raw_events

    assert translation.query is not None
    rows = run(translation.query.text, raw_events(events, profile), NOW // SECOND)
    return {round(row["_time"] * SECOND) for row in rows}


def _query_dsl(
    plan: Search, translation: Translation, profile: Profile, events: Sequence[Event]
) -> set[int]:
    """The detection in Query DSL, which the request that learns a baseline speaks."""
    from trident.app.verify.elastic import documents
    from trident.engines.eql.query_dsl import selects
    from trident.eql.dsl import matches

    bound = bind(plan, profile)
    assert isinstance(bound, BoundSearch)
    clause = matches(bound)
    stored = documents(native_rows(events, profile), profile)
    return {document[profile.time] for document in stored if selects(clause, document, NOW)}


_SECOND: Mapping[str, Engine] = {"spl": _second_spl, "eql": _query_dsl}
"""Second opinions."""

_SPARED: Mapping[str, Callable[[str], bool]] = {
    "TRI408": lambda value: not value.isascii() or not set("iIkKsS").isdisjoint(value),
    "TRI416": lambda value: not value.isascii(),
    "TRI470": lambda value: not value.isascii(),
}
"""The values on which a query may differ from the definition, by the note that says so."""

SIMILAR = frozenset("\u017f\u212a")
"""Long s and Kelvin sign: docs/verification.md, Letters."""


def _spared(translation: Translation, event: Event) -> bool:
    """Whether a note of the query, or the documentation, speaks of this event's values."""
    codes = {note.code for note in translation.notes}
    return any(
        SIMILAR.intersection(value)
        or any(code in codes and speaks(value) for code, speaks in _SPARED.items())
        for value in map(str, event.fields.values())
    )


def lab_events(records: Iterable[Mapping[str, Any]]) -> list[Event]:
    """One event of the lab per record, each at a time of its own, which identifies it."""
    return [Event(NOW - n * SECOND, LAB, dict(fields)) for n, fields in enumerate(records)]
