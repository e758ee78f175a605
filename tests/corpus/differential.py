"""Public rules on events of their own: ``python -m tests.corpus.differential --rules 500``.

For rules of all log sources, events are made from each rule's own values, hits and near misses of
every branch of its condition; each target's query runs on those that its tables can hold and
must select what the evaluator selects. Exits 1 on a difference.
"""

from __future__ import annotations

import argparse
import ipaddress
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from tests.corpus.measure import rules
from tests.support.generate import NOW
from tests.support.selection import Bench, missing_engine
from tests.support.targets import SHIPPED
from trident.app.verify.native import native_rows
from trident.app.verify.runners import EngineFault
from trident.app.verify.samples import branches, near_misses
from trident.base.diagnostics import Refusal, TridentError
from trident.mapping.binding import bind, bound_searches
from trident.mapping.profiles import Profile, Source, default_profile, load_profiles
from trident.mapping.resolver import resolve_source
from trident.meaning.detection import number, text
from trident.meaning.events import SECOND, Event
from trident.rule.plan import LogSource, Search

ROOT = Path(__file__).resolve().parents[2]
_HASH = re.compile(
    r"\b(?:MD5=[0-9A-F]{32}|SHA1=[0-9A-F]{40}|SHA256=[0-9A-F]{64}|IMPHASH=[0-9A-F]{32})\b", re.I
)
SECONDS = 60.0
"""How long an engine may take for one query: DuckDB does not plan dozens of address ranges."""
NEAR = 6
"""How many near misses are taken of each sample."""


@dataclass(slots=True)
class Outcome:
    """What came out on one target."""

    target: str
    rules: int = 0
    events: int = 0
    hits: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    without_hit: int = 0
    hung: list[str] = field(default_factory=list)
    differences: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        refused = ", ".join(f"{code} {count}" for code, count in sorted(self.refused.items()))
        return (
            f"{self.target}: {self.rules} rules on {self.events} events ({self.hits} hits; "
            f"{self.without_hit} rules without one), {len(self.differences)} differences, "
            f"{len(self.hung)} not answered in {SECONDS:g} s {self.hung or ''}, "
            f"{self.seconds:.0f} s; refused: {refused or 'none'}"
        )


def chosen(plans: Sequence[Search], count: int, seed: int) -> list[Search]:
    """``count`` rules, taken in turn from all log sources that some target has a table for."""
    random = Random(seed)
    by_source: dict[str, list[Search]] = defaultdict(list)
    for plan in plans:
        if any(_has_table(plan.logsource, target) for target in SHIPPED):
            by_source[str(plan.logsource)].append(plan)
    for waiting in by_source.values():
        random.shuffle(waiting)
    found: list[Search] = []
    while len(found) < count and any(by_source.values()):
        found += [waiting.pop() for waiting in by_source.values() if waiting]
    return found[:count]


@cache
def _has_table(logsource: LogSource, target: str) -> bool:
    try:
        resolve_source(logsource, load_profiles(target)[default_profile(target)])
    except Refusal:
        return False
    return True


def events_of(plan: Search, source: Source, random: Random) -> list[Event]:
    """Hits and near misses of every branch of a rule, each at a time of its own; written so that
    they are records of the source where its selector asks for the beginning of a value."""
    plain = [n for n, column in source.fields.items() if column.type == "string"]
    keyword = next(iter((*source.wording.keywords, *plain)), "CommandLine")
    records: list[Mapping[str, Any]] = [{}]
    for fields in branches(plan, random, keyword):
        near = list(near_misses(fields, random))
        records += [fields, *random.sample(near, min(NEAR, len(near)))]
    return [
        Event(NOW - place * SECOND, plan.logsource, _of_source(record, source))
        for place, record in enumerate(records)
    ]


def _of_source(record: Mapping[str, Any], source: Source) -> dict[str, Any]:
    """The record as one of the source: as its selector asks, hashes as a list of whole ones."""
    found = dict(record)
    for selector, values in source.wording.where.items():
        begins = values[0].removesuffix("*") if isinstance(values[0], str) else values[0]
        for name, column in source.fields.items():
            if column.name != selector:
                continue
            if name not in found:
                found[name] = begins
            elif begins != values[0] and found[name]:
                found[name] = f"{begins}{text(found[name]).removeprefix(str(begins))}"
    if source.wording.hashes and "Hashes" in found:
        found["Hashes"] = ",".join(_HASH.findall(text(found["Hashes"])))
    return found


def compare(bench: Bench, plans: Sequence[Search], profile: Profile, seed: int) -> Outcome:
    """Every rule on its events on one target."""
    outcome, started = Outcome(profile.target), time.monotonic()
    for place, plan in enumerate(plans):
        try:
            source = resolve_source(plan.logsource, profile)
        except Refusal as refusal:
            outcome.refused[refusal.diagnostic.code] += 1
            continue
        narrow = replace(profile, sources=(_used(source, plan, profile),))
        random = Random(f"{seed}/{place}")
        try:
            events = [e for e in events_of(plan, source, random) if storable(e, narrow)]
            events = bench.seen(events, narrow)
            code = bench.check(plan, narrow, events)
        except EngineFault as fault:
            if "no answer" in str(fault):
                outcome.hung.append(plan.identity.title)
            else:
                outcome.differences.append((plan.identity.title, str(fault)))
            continue
        except Exception as error:  # a difference, or an engine that fails: both are findings
            outcome.differences.append((plan.identity.title, f"{type(error).__name__}: {error}"))
            continue
        if code:
            outcome.refused[code] += 1
            continue
        outcome.rules += 1
        outcome.events += len(events)
        hits = sum(bench.matches(plan, event) for event in events)
        outcome.hits += hits
        outcome.without_hit += not hits
    outcome.seconds = time.monotonic() - started
    return outcome


def _used(source: Source, plan: Search, profile: Profile) -> Source:
    """The source with every column that the rule names, also those that only a name's beginning
    maps (``prefixes``): the model of ES|QL has no other columns."""
    try:
        (bound,) = bound_searches(bind(plan, profile))
    except Refusal:
        return source
    named = {c.name: c.type for c in bound.columns.values() if not c.container}
    return replace(source, table=replace(source.table, columns={**named, **source.table.columns}))


def storable(event: Event, profile: Profile) -> bool:
    """Whether the profile's table has a place for all of an event's values, and its selector
    finds the record."""
    try:
        rows = native_rows([event], profile)
    except TridentError:
        return False
    wording = resolve_source(event.logsource, profile).wording
    where = wording.where
    for name, elsewhere in (*wording.divert.items(), *wording.lacks.items()):
        if any(part.lower() in text(event.fields.get(name)).lower() for part in elsewhere):
            return False  # such a value stands in another field, or nowhere
    found = [row for table in rows.values() for row in table]
    if not all(_selected(row.get(name), where[name]) for row in found for name in where):
        return False
    tables = {source.table.name: source.table for source in profile.sources}
    return all(
        _fits(tables[name].columns.get(column, "string"), value)
        for name, held in rows.items()
        for row in held
        for column, value in row.items()
        if column != profile.time
    )


def _selected(value: Any, wanted: Sequence[Any]) -> bool:
    return any(
        str(value).startswith(each[:-1])
        if isinstance(each, str) and each.endswith("*")
        else text(value) == text(each)
        for each in wanted
    )


def _fits(kind: str, value: Any) -> bool:
    if value in (None, "") and not isinstance(value, bool):
        return True
    if kind in ("long", "int"):
        given = number(value)
        limit = 2**63 if kind == "long" else 2**31
        return given is not None and given.denominator == 1 and -limit <= given < limit
    if kind == "real":
        return number(value) is not None
    if kind == "bool":
        return isinstance(value, bool) or value in ("true", "false")
    if kind == "ip":
        try:
            return str(ipaddress.ip_address(value)) == value
        except ValueError:
            return False
    return kind != "datetime"


def run(plans: Sequence[Search], targets: Sequence[str], seed: int) -> Iterator[Outcome]:
    """The outcome on each target whose engine is installed, on its default profile."""
    for target in targets:
        if missing_engine(target) is None:
            with Bench(target, second=False, seconds=SECONDS) as bench:
                yield compare(bench, plans, load_profiles(target)[default_profile(target)], seed)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rules", default=500, type=int)
    arguments.add_argument("--seed", default=1, type=int)
    arguments.add_argument("--target", choices=SHIPPED, action="append", dest="targets")
    arguments.add_argument(
        "--corpus", default=ROOT.parent / "shared/corpus/sigmahq/rules", type=Path
    )
    given = arguments.parse_args()
    plans, _ = rules(given.corpus)
    taken = chosen(plans, given.rules, given.seed)
    print(f"{len(taken)} of {len(plans)} rules, seed {given.seed}")
    failed = False
    for outcome in run(taken, given.targets or SHIPPED, given.seed):
        print(outcome, flush=True)
        for title, message in outcome.differences:
            print(f"  {title}: {message}", file=sys.stderr)
        failed = failed or bool(outcome.differences)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
