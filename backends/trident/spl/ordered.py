"""``temporal_ordered``: stage by stage, each row carries the chain that has come so far.

After step i every row knows the latest match of stage i that a chain of the stages before it
reached; a match of stage i + 1 extends that chain. Since the latest chain starts latest, a match
of the last stage fires exactly when that chain's start lies in its window (docs/spl-idioms.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from trident.result.translation import Note
from trident.rule.plan import Ordered
from trident.spl.candidates import with_least
from trident.spl.frame import Fired, Frame, Wanted
from trident.spl.stream import assign
from trident.spl.syntax import TIME, literal

ABSENT, OTHER = 0, -1
"""Values of the stage column: a rule that must not match, and rows of other correlations."""


def ordered(frame: Frame, trigger: Ordered, wanted: Sequence[Wanted]) -> Fired:
    """Rows of the last stage at which a chain is complete."""
    stage, last = frame.claim("stage"), len(trigger.stages)
    times = [frame.claim(f"stage{number}_time") for number in range(1, last)]
    carried = {
        each: frame.claim(f"stage{each.place + 1}_{each.name}")
        for each in wanted
        if each.place is not None and each.place < last - 1
    }
    # Equal times count as in order: earlier stages first, and an absent rule's match before all.
    lines = _stages(frame, trigger, stage)
    lines += _complete(frame, trigger, stage)
    lines.append(frame.sort(*frame.keys, TIME, stage, *frame.shown(wanted)))
    tests = [f"{stage}=={last}"]
    for number in range(1, last):
        lines += _step(frame, number, stage, times, carried)
    if times:
        tests += [f"isnotnull({times[0]})", frame.recent(times[0])]
    if trigger.absent:
        absent = frame.claim("absent_time")
        lines += assign([f"{absent}=if({stage}=={ABSENT},{TIME},null())"])
        lines.append(f"| streamstats max({absent}) AS {absent}{frame.by(*frame.keys)}")
        tests.append(f"(isnull({absent}) OR {absent}<{times[0]})")
    lines.append(frame.where(" AND ".join(tests)))
    fields = {
        each: carried.get(each) or frame.stream.text(frame.rows, each.name) for each in wanted
    }
    return Fired(
        lines,
        combine=dict.fromkeys([*times, *fields.values()], "last"),
        times={**dict(enumerate(times)), last - 1: TIME},
        fields=fields,
    )


def _complete(frame: Frame, trigger: Ordered, stage: str) -> list[str]:
    """Keep the groups that have a match of every stage."""
    if not trigger.absent:
        return with_least(frame, f"dc({stage})", len(trigger.stages))
    reached = frame.claim("stage_reached")
    kept = with_least(frame, f"dc({reached})", len(trigger.stages))
    return [*assign([f"{reached}=if({stage}>{ABSENT},{stage},null())"]), *kept] if kept else []


def _step(
    frame: Frame, number: int, stage: str, times: Sequence[str], carried: dict[Wanted, str]
) -> list[str]:
    """Extend chains by stage ``number`` and carry the latest forward."""
    here = f"{stage}=={number}"
    reached = here if number == 1 else f"isnotnull({times[0]})"
    moved = [f"{time}=if({here},{time},null())" for time in times[: number - 1]]
    moved.append(f"{times[number - 1]}=if({reached},{TIME},null())")
    latest = [f"max({time}) AS {time}" for time in times[:number]]
    for each, column in carried.items():
        assert each.place is not None
        if each.place < number:
            own = each.place == number - 1
            source = frame.stream.text(frame.rows, each.name) if own else column
            moved.append(f"{column}=if({reached if own else here},{source},null())")
            latest.append(f"last({column}) AS {column}")
    return [*assign(moved), f"| streamstats {', '.join(latest)}{frame.by(*frame.keys)}"]


def _stages(frame: Frame, trigger: Ordered, stage: str) -> list[str]:
    """The stage that each match fills; a rule that fills several becomes several rows."""
    filled: dict[int, list[int]] = {branch: [ABSENT] for branch in trigger.absent}
    for number, branches in enumerate(trigger.stages, 1):
        for branch in branches:
            filled.setdefault(branch, []).append(number)
    branches_of: dict[tuple[int, ...], list[int]] = {}
    for branch, numbers in filled.items():
        branches_of.setdefault(tuple(numbers), []).append(branch)
    cases = [(frame.is_branch(branches), numbers) for numbers, branches in branches_of.items()]
    if all(len(numbers) == 1 for _, numbers in cases):
        single = ",".join(f"{test},{numbers[0]}" for test, numbers in cases)
        return assign([f"{stage}=case({single},true(),{OTHER})"])
    frame.stream.note(Note.of("TRI431"))
    several = ",".join(
        f"{test},mvappend({','.join(literal(str(number)) for number in numbers)})"
        for test, numbers in cases
    )
    return [
        *assign([f'{stage}=case({several},true(),"{OTHER}")']),
        f"| mvexpand {stage}",
        *assign([f"{stage}=tonumber({stage})"]),
    ]
