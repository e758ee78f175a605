"""What a rule means, in no SIEM's language: the tree that everything after the planner reads.

A plan is built once from pySigma's objects (``planner.py``), evaluated on events
(``evaluate.py``) or bound to a profile (``binding.py``) and rendered. It names Sigma fields
only; ``docs/semantics.md`` is the definition that each node stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from operator import eq, ge, gt, le, lt, ne

from trident.base.diagnostics import Span
from trident.rule.tree import Condition, structure


@dataclass(frozen=True, slots=True)
class LogSource:
    """Where events come from; a part that is None is not restricted."""

    category: str | None = None
    product: str | None = None
    service: str | None = None

    def __str__(self) -> str:
        return "/".join(part or "*" for part in (self.category, self.product, self.service))

    @property
    def specificity(self) -> int:
        """How many parts are given."""
        return sum(part is not None for part in (self.category, self.product, self.service))

    def covers(self, other: LogSource) -> bool:
        """Whether each part given here has the same value in ``other``."""
        return all(
            mine is None or mine == theirs
            for mine, theirs in (
                (self.category, other.category),
                (self.product, other.product),
                (self.service, other.service),
            )
        )


class Operator(StrEnum):
    """A correlation condition's comparison."""

    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    EQ = "eq"
    NEQ = "neq"


_OPERATORS: Mapping[Operator, Callable[[Fraction | int, Fraction], bool]] = {
    Operator.GT: gt,
    Operator.GTE: ge,
    Operator.LT: lt,
    Operator.LTE: le,
    Operator.EQ: eq,
    Operator.NEQ: ne,
}


class Statistic(StrEnum):
    """What an aggregating correlation computes over the matches of a window."""

    COUNT = "event_count"
    DISTINCT = "value_count"
    SUM = "value_sum"
    AVG = "value_avg"
    PERCENTILE = "value_percentile"
    MEDIAN = "value_median"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a rule is called and where it stands; every diagnostic and artifact starts here."""

    name: str
    title: str
    id: str | None
    span: Span

    @property
    def slug(self) -> str:
        """The name under which other rules and output files know this rule."""
        return self.name or self.id or self.title


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a scheduled rule: as of now - ``delay``, the alerts of the last ``frequency``.

    Both are seconds. Runs that follow each other every ``frequency`` give each alert once; data
    may arrive ``delay`` late.
    """

    frequency: int
    delay: int = 0


@dataclass(frozen=True, slots=True)
class Firing:
    """Fire times that count: from ``back`` seconds before ``delay`` seconds before now, to then.

    The end is included, the start unless it is ``open``.
    """

    back: int
    delay: int = 0
    open: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """One base rule: events of a log source that satisfy a detection.

    ``condition`` is pySigma's parsed condition tree with Sigma field names; several conditions
    of one rule are joined by OR. It is never changed, so one plan serves every profile, and two
    searches are equal when their conditions say the same (``tree.structure``). ``pipelines``
    names those that changed the rule. ``decisive`` is the field of the detection that decides the
    log source's service, "" where the rule names it.
    """

    identity: Identity
    logsource: LogSource
    condition: Condition = field(repr=False)
    outputs: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ()
    run: Run | None = None
    decisive: str = ""

    @property
    def firing(self) -> Firing | None:
        """The times of events that count; None for all."""
        return _last(self.run) if self.run else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Search) and self._compared() == other._compared()

    def __hash__(self) -> int:
        return hash((self.identity, self.logsource))

    def _compared(self) -> tuple[Hashable, ...]:
        others = (self.identity, self.logsource, self.outputs, self.pipelines, self.run)
        return (*others, structure(self.condition))


@dataclass(frozen=True, slots=True)
class Branch:
    """One rule that a correlation lists, with the correlation's fields as this rule names them.

    ``keys`` runs parallel to ``Correlation.group_by`` and ``values`` to
    ``Aggregate.fields``: aliases are resolved, the names are those of ``matches``.
    ``aliases`` holds every alias's name for this rule, for output and baseline fields, and what
    the user's pipelines call a field on it.
    """

    reference: str
    matches: Search | Correlation
    keys: tuple[str, ...]
    values: tuple[str, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()

    def field(self, name: str) -> str:
        """The name that ``matches`` has for the correlation's field ``name``."""
        return dict(self.aliases).get(name, name)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One operator of a condition with its number."""

    op: Operator
    number: int | float

    def __str__(self) -> str:
        return f"{self.op} {self.number}"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Fires when a statistic over the window's matches passes every comparison.

    ``comparisons`` are one, or those of a range in the order written. ``fields`` are the
    condition's field names as written (empty for a count); ``percentile`` is 1..100, given for
    PERCENTILE and MEDIAN.
    """

    statistic: Statistic
    comparisons: tuple[Comparison, ...]
    fields: tuple[str, ...] = ()
    percentile: int | None = None

    @property
    def every_match(self) -> bool:
        """Whether it fires at every match: a count, of which a window holds at least its own."""
        return self.statistic is Statistic.COUNT and all(map(_holds_for_one, self.comparisons))


@dataclass(frozen=True, slots=True)
class Has:
    """True when branch ``branch`` has a match in the window."""

    branch: int


@dataclass(frozen=True, slots=True)
class AllOf:
    """Conjunction."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Disjunction."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Negation."""

    part: Expression


Expression = Has | AllOf | AnyOf | Not


@dataclass(frozen=True, slots=True)
class RuleCount:
    """Temporal: fires when the number of distinct branches in the window passes every comparison,
    one or those of a range."""

    comparisons: tuple[Comparison, ...]

    def everything(self, branches: int) -> bool:
        """Whether it asks for all of that many branches, and nothing else."""
        return self.comparisons == (Comparison(Operator.GTE, branches),)


@dataclass(frozen=True, slots=True)
class Together:
    """Temporal with a condition string: fires at a match of a positive branch."""

    expression: Expression

    @property
    def positive(self) -> tuple[int, ...]:
        """Branches that stand under an even number of negations, ascending."""
        return tuple(sorted(set(_polar(self.expression, True))))


@dataclass(frozen=True, slots=True)
class Ordered:
    """Matches e1..ek of the stages in time order within the window.

    ``stages`` holds branch indices per stage (any of them); ``absent`` the branches that may
    have no match between the first and the last stage's match, both ends included.
    """

    stages: tuple[tuple[int, ...], ...]
    absent: tuple[int, ...] = ()


Trigger = Aggregate | RuleCount | Together | Ordered


@dataclass(frozen=True, slots=True)
class Exceeds:
    """A current value must be strictly greater than a limit taken from the history.

    The limit is ``statistic`` (percentile | avg | max | min) of ``field``, times ``factor``,
    plus ``stdevs`` sample deviations (avg only), per group of ``by``.
    """

    field: str
    statistic: str
    percentile: int | None = None
    factor: float | None = None
    stdevs: float | None = None
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Baseline:
    """Compare the current window with the history before it; ages in seconds before now.

    History: now - oldest <= t <= now - newest; current: now - newest < t <= now.
    """

    oldest: int
    newest: int
    exceeds: Exceeds | None = None
    unseen: tuple[str, ...] = ()
    unseen_empty: bool = False


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A named result column: a stage's time, or a field, or the text after a separator in it.

    ``stage`` is 1-based in the order of an ordered correlation; None means the field's
    latest stage (for a time: the alert's own).
    """

    name: str
    field: str | None = None
    stage: int | None = None
    after_last: str | None = None


@dataclass(frozen=True, slots=True)
class Correlation:
    """A correlation rule: branches, how they are grouped, and when the group fires.

    ``timespan`` and ``lookback`` are seconds; ``outputs`` are the rule's ``fields``. ``record``
    are fields that the result shows of one and the same match among those that fire, where a SIEM
    links its alert to an event; KQL's renderer is the one that shows them.
    """

    identity: Identity
    branches: tuple[Branch, ...]
    group_by: tuple[str, ...]
    timespan: int
    trigger: Trigger
    lookback: int | None = None
    baseline: Baseline | None = None
    outputs: tuple[str, ...] = ()
    columns: tuple[OutputColumn, ...] = field(default=())
    pipelines: tuple[str, ...] = ()
    record: tuple[str, ...] = ()
    run: Run | None = None

    @property
    def firing(self) -> Firing | None:
        """The fire times that count; None for all, or those that the baseline leaves."""
        if self.run:
            return _last(self.run)
        return Firing(self.lookback) if self.lookback is not None else None

    @property
    def delay(self) -> int:
        """How many seconds before now the rule is evaluated as of."""
        return self.run.delay if self.run else 0

    @property
    def firing_branches(self) -> tuple[int, ...]:
        """The branches whose matches can be an alert's: its time is theirs."""
        match self.trigger:
            case Ordered(stages):
                return stages[-1]
            case Together():
                return self.trigger.positive
            case _:
                return tuple(range(len(self.branches)))

    @property
    def counted_branches(self) -> tuple[int, ...]:
        """The branches whose matches the condition counts: not those that it excludes."""
        match self.trigger:
            case Ordered(stages):
                return tuple(sorted({branch for stage in stages for branch in stage}))
            case Together():
                return tuple(sorted(set(self.trigger.positive)))
            case _:
                return tuple(range(len(self.branches)))


Plan = Search | Correlation


def searches(plan: Plan) -> Iterator[Search]:
    """Every base rule under ``plan``, in listed order, a rule listed twice given twice."""
    if isinstance(plan, Search):
        yield plan
        return
    for branch in plan.branches:
        yield from searches(branch.matches)


def output_fields(plan: Correlation) -> tuple[str, ...]:
    """The Sigma fields that the rule's result shows, in order, each once."""
    named = [column.field for column in plan.columns if column.field]
    return tuple(dict.fromkeys([*plan.outputs, *named]))


def baseline_fields(plan: Correlation) -> tuple[str, ...]:
    """The Sigma fields that the rule's baseline compares, as the correlation names them."""
    baseline = plan.baseline
    if baseline is None:
        return ()
    exceeds = baseline.exceeds
    return (*((exceeds.field, *exceeds.by) if exceeds else ()), *baseline.unseen)


def scheduled(plan: Plan, run: Run) -> Plan:
    """The plan as one run of a schedule evaluates it; a lookback is what the runs make up."""
    if isinstance(plan, Search):
        return replace(plan, run=run)
    return replace(plan, run=run, lookback=None)


def passing(comparisons: Iterable[Comparison]) -> Callable[[Fraction | int], bool]:
    """The test that a number passes every comparison, exactly."""
    tests = [(_OPERATORS[each.op], Fraction(str(each.number))) for each in comparisons]
    return lambda number: all(test(number, wanted) for test, wanted in tests)


def _holds_for_one(comparison: Comparison) -> bool:
    """Whether every count from one on passes."""
    if comparison.op is Operator.GTE:
        return comparison.number <= 1
    return comparison.op is Operator.GT and comparison.number < 1


def _last(run: Run) -> Firing:
    return Firing(run.frequency, run.delay, open=True)


def pipelines(plan: Plan) -> tuple[str, ...]:
    """The user's pipelines that changed the rule or one below it, each once."""
    below = () if isinstance(plan, Search) else plan.branches
    names = (name for branch in below for name in pipelines(branch.matches))
    return tuple(dict.fromkeys([*names, *plan.pipelines]))


def reach(plan: Plan) -> int:
    """Seconds of data that a fire time needs before it: the timespan and the chained ones'."""
    if isinstance(plan, Search):
        return 0
    return plan.timespan + max(reach(branch.matches) for branch in plan.branches)


def _polar(expression: Expression, positive: bool) -> Iterator[int]:
    match expression:
        case Has(branch):
            if positive:
                yield branch
        case Not(part):
            yield from _polar(part, not positive)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _polar(part, positive)
