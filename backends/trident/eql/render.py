"""A bound plan as Elastic EQL: event queries, sequences, and the requests that carry them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from trident.base.diagnostics import Refusal
from trident.eql import dsl
from trident.eql.baseline import LearnedBaseline
from trident.eql.counted import key_column, span
from trident.eql.detections import EqlDetections
from trident.eql.requests import eql_search, in_current, shares, within_lookback
from trident.eql.steps import Steps, conjunction, tests
from trident.eql.variants import Variant, split, variants
from trident.mapping.binding import Bound, BoundCorrelation, BoundSearch
from trident.mapping.profiles import Column, Table
from trident.result.translation import AlertColumns, Companion, Note, Parameter, Query
from trident.rule.plan import Aggregate, output_fields
from trident.rule.raw import timespan

QUERY = "query"
SEARCH_REQUEST = "search-request"


def render(bound: Bound) -> Query:
    """The EQL of a bound plan, with its search request.

    A correlation that needs several sequences has the further ones as companions of kind
    ``query``: a mapping with the text under ``query`` and its ``alert`` columns.

    Raises:
        Refusal: when EQL cannot say a part of the plan.
    """
    if bound.plan.run is not None:
        raise Refusal("TRI359", "EQL has no current time to bound one run of a schedule with")
    if isinstance(bound, BoundSearch):
        return _render_search(bound)
    return _Correlation(bound).render()


def _render_search(bound: BoundSearch) -> Query:
    backend = EqlDetections()
    text = f"any where {conjunction(tests(backend, bound), 4)}"
    columns = {name: column.name for name in bound.plan.outputs if (column := bound.find(name))}
    fields = list(dict.fromkeys(columns.values()))
    request = eql_search(text, bound.profile, [bound.source.table], fields)
    return Query(
        text,
        columns=columns,
        companions=(Companion(SEARCH_REQUEST, SEARCH_REQUEST, request),),
        notes=tuple(backend.notes),
        features=tuple(backend.features),
    )


class _Correlation:
    """Renders one correlation: its variants, each with its request."""

    def __init__(self, bound: BoundCorrelation) -> None:
        self.bound = bound
        self.plan = bound.plan
        self.backend = EqlDetections()
        self.learned = LearnedBaseline(bound) if bound.plan.baseline else None
        self.steps = Steps(
            bound, self.backend, self.learned.tests if self.learned else lambda _: ()
        )

    def render(self) -> Query:
        variants = self._variants()
        texts = [self._text(variant) for variant in variants]
        companions = list(self._companions(variants, texts))
        if self.learned:
            companions.append(self.learned.companion())
        columns = self._result_columns(variants[0])
        self._note_columns(columns)
        return Query(
            texts[0],
            self._alert(variants[0]),
            {name: names[0] for name, names in columns.items() if len(names) == 1},
            self._parameters(),
            tuple(companions),
            tuple(self.backend.notes),
            tuple(self.backend.features),
        )

    def _variants(self) -> list[Variant]:
        trigger = self.plan.trigger
        together = self.steps.together()
        cuts: list[Variant] = []
        for variant in variants(trigger, len(self.plan.branches)):
            cut = split(variant, together)
            if isinstance(trigger, Aggregate) and not variant.single:
                self._check_count(variant, len(cut))
            cuts += cut
        return cuts

    def _check_count(self, variant: Variant, cuts: int) -> None:
        """One step counts the matches of several rules only where each has its own events."""
        if not self.steps.disjoint(variant.steps[0]):
            raise Refusal(
                "TRI355",
                "the rules read the same data set, so one event could be two matches, "
                "which a step counts once",
            )
        if cuts > 1:
            raise Refusal("TRI357", "a step joins by one list of fields, the rules have several")

    def _text(self, variant: Variant) -> str:
        conditions = [self.steps.condition(step, variant.absent) for step in variant.steps]
        if variant.single:
            # `any`: the data set tells the records apart; event.category may be a list.
            return f"any where {conditions[0]}"
        joined = [*variant.steps, *((variant.absent,) if variant.absent else ())]
        self._check_absent(variant)
        by, each = self.steps.join(joined)
        lines = [f"sequence{by} with maxspan={timespan(span(self.plan))}"]
        # runs repeats the step instead of writing it N times: one condition to read.
        repeated = [*map(self.steps.runs, variant.steps[:-1]), self._last_runs(variant)]
        lines += [
            f"  [any where {text}]{own}" + (f" with runs={runs}" if runs > 1 else "")
            for text, own, runs in zip(conditions, each, repeated, strict=False)
        ]
        if variant.absent:
            # until acts between a sequence's events; at their own times the conditions decide.
            lines.append(f"until [any where {self.steps.condition(variant.absent)}]{each[-1]}")
        return "\n".join(lines)

    def _last_runs(self, variant: Variant) -> int:
        """How often the last step is repeated: by the sequence's own count, or by its rule's."""
        return variant.runs if variant.runs > 1 else self.steps.runs(variant.steps[-1])

    def _check_absent(self, variant: Variant) -> None:
        if any(self.steps.parts[branch].runs > 1 for branch in variant.absent):
            raise Refusal("TRI353", "until ends a sequence at an event, not at a count of them")
        keys = {self.steps.keys((branch,)) for branch in variant.absent}
        if len(keys) > 1:
            raise Refusal("TRI357", "until joins by one list of fields, the rules have several")

    def _companions(self, variants: Sequence[Variant], texts: Sequence[str]) -> Iterator[Companion]:
        for number, (variant, text) in enumerate(zip(variants, texts, strict=True), 1):
            suffix = "" if number == 1 else f"-{number}"
            if number > 1:
                alert = self._alert(variant)
                columns = {"time": alert.time, "group": dict(alert.group)}
                yield Companion(f"{QUERY}{suffix}", QUERY, {"query": text, "alert": columns})
            branches = sorted({b for step in (*variant.steps, variant.absent) for b in step})
            yield Companion(
                f"{SEARCH_REQUEST}{suffix}",
                SEARCH_REQUEST,
                eql_search(
                    text,
                    self.bound.profile,
                    self.steps.tables(branches),
                    self._fields(branches),
                    self._bounds(variant),
                ),
            )

    def _bounds(self, variant: Variant) -> dsl.Dsl | None:
        time = self.bound.profile.time
        if self.plan.baseline is not None:
            return in_current(time, self.plan.baseline)
        if self.plan.lookback is None:
            return None
        last = self.steps.tables(variant.steps[-1])
        others = [b for step in (*variant.steps[:-1], variant.absent) for b in step]
        earlier: list[Table] = last if variant.runs > 1 else self.steps.tables(others)
        reach = 0 if variant.single else self.plan.timespan
        if reach and shares(last, earlier):
            self.backend.note(Note.of("TRI453"))
        return within_lookback(time, self.plan.lookback, reach, last, earlier)

    def _fields(self, branches: Sequence[int]) -> list[str]:
        keys = [key.name for branch in branches for key in self.steps.keys((branch,))]
        outputs = [
            column.name
            for name in output_fields(self.plan)
            for branch in branches
            if (column := self._output(branch, name)) is not None
        ]
        return list(dict.fromkeys([*keys, *outputs]))

    def _alert(self, variant: Variant) -> AlertColumns:
        """The last event's time, and the group key as its fields hold it."""
        keys = self.steps.keys(variant.steps[-1])
        names = [key.name for key in keys]
        return AlertColumns(
            self.bound.profile.time, dict(zip(self.plan.group_by, names, strict=True))
        )

    def _result_columns(self, variant: Variant) -> dict[str, list[str]]:
        """Each output field as the latest event that has it holds it: one name, or one per rule
        that may have matched there."""
        columns_of = {}
        for name in output_fields(self.plan):
            for step in reversed(variant.steps):
                columns = [c.name for branch in step if (c := self._output(branch, name))]
                if columns:
                    columns_of[name] = list(dict.fromkeys(columns))
                    break
        return columns_of

    def _output(self, branch: int, name: str) -> Column | None:
        bound = self.bound.branches[branch]
        field = bound.plan.field(name)
        if isinstance(bound.matches, BoundSearch):
            return bound.matches.find(field)
        return key_column(bound.matches, field)

    def _note_columns(self, columns: Mapping[str, list[str]]) -> None:
        """EQL computes no columns: say where those of the rule are found."""
        described = [
            f"{name} is {' or '.join(names)}" for name, names in columns.items() if len(names) > 1
        ]
        for column in self.plan.columns:
            what = " or ".join(columns.get(column.field or "", [self.bound.profile.time]))
            if column.after_last:
                what = f"the text after the last {column.after_last} of {what}"
            event = f"the sequence's event {column.stage}" if column.stage else "the last event"
            described.append(f"{column.name} is {what} of {event}")
        if described:
            self.backend.note(Note.of("TRI457", column="; ".join(described)))

    def _parameters(self) -> dict[str, Parameter]:
        """The parameters to fill; a value of the rule that looks like one would be filled, too."""
        parameters = self.learned.parameters() if self.learned else {}
        tests = [test for part in self.steps.parts for test in part.negatable]
        for name in parameters:
            if any(f"${{{name}}}" in test for test in tests):
                raise Refusal(
                    "TRI301",
                    f"a value holds ${{{name}}}, which is a parameter of the query",
                )
        return parameters
