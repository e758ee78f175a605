"""Changing tests and rules: expected alerts written by the evaluator, and what a change of a rule
adds and loses."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from trident.app.files.writing import write_file
from trident.app.input.sources import read_text
from trident.app.verify.paste import offset
from trident.app.verify.ruletests import read_rule_tests
from trident.app.verify.scenes import AlertId, RuleTest, Scene
from trident.app.verify.session import alerts_of
from trident.meaning.evaluate import evaluate
from trident.rule.plan import Plan


def update_file(file: Path, plans: dict[str, Plan]) -> int:
    """Write the evaluator's alerts into each scene of a test file, comments kept; a person
    reviews the change and gives each new alert its reason.

    Returns how many scenes changed.

    Raises:
        TridentError: as ``read_rule_tests``.
    """
    tests = read_rule_tests(str(file))
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    documents = list(yaml.load_all(read_text(str(file))))
    changed = 0
    for document, test in zip(documents, tests, strict=True):
        plan = plans.get(test.rule)
        if plan is None:
            continue
        wanted = scene_alerts(plan, test)
        for raw, scene, alerts in zip(document["scenes"], test.scenes, wanted, strict=True):
            if {alert.identity for alert in scene.alerts} != set(alerts):
                raw["alerts"] = _written(alerts, test)
                changed += 1
    if changed:
        text = io.StringIO()
        yaml.dump_all(documents, text)
        write_file(file, text.getvalue().encode())
    return changed


def scene_alerts(plan: Plan, test: RuleTest) -> list[list[AlertId]]:
    """The evaluator's alerts per scene: each belongs to the scene whose event it ends in."""
    alerts: list[list[AlertId]] = [[] for _ in test.scenes]
    for alert in evaluate(plan, test.events, test.now):
        last = alert.evidence[-1]
        for number, scene in enumerate(test.scenes):
            if _holds(scene, alert.time, dict(last.fields)):
                alerts[number].append((alert.group, alert.time))
                break
    return alerts


def against(old: Plan, new: Plan, tests: Sequence[RuleTest]) -> Iterator[tuple[str, AlertId]]:
    """What the new rule's alerts on the tests' events add (``added``) and lose (``lost``)."""
    for test in tests:
        before = alerts_of(old, test.events, test.now)
        after = alerts_of(new, test.events, test.now)
        for kind, alerts in (("lost", before - after), ("added", after - before)):
            for alert in sorted(alerts, key=lambda each: (each[1], each[0])):
                yield kind, alert


def _holds(scene: Scene, time: int, fields: dict[str, object]) -> bool:
    """Whether a match is an event of the scene; a chained match has its group keys only."""
    return any(
        placed.event.time == time and fields.items() <= dict(placed.event.fields).items()
        for placed in scene.events
    )


def _written(alerts: Sequence[AlertId], test: RuleTest) -> CommentedSeq:
    listed = CommentedSeq()
    for group, time in alerts:
        entry = CommentedMap(at=f"-{offset(test.now - time)}" if time <= test.now else time)
        if group:
            entry["group"] = list(group)
        entry["why"] = "from the evaluator, to be reviewed"
        entry.fa.set_flow_style()
        listed.append(entry)
    return listed
