"""The format of rule tests: what is read from a file, what is refused and where."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from tests.support.ruletests import RULES
from trident.app.verify.moments import Clock, duration
from trident.app.verify.relevance import compare, fields_read
from trident.app.verify.ruletests import MAX_EVENTS, SUFFIX, read_rule_tests
from trident.app.verify.scenes import RuleTest
from trident.base.diagnostics import TridentError
from trident.meaning.events import SECOND, parse_time
from trident.rule.plan import LogSource
from trident.rule.planner import plan_all
from trident.rule.rules import Document, Ruleset

NOW = parse_time("2026-01-15T12:00:00Z")
HOUR = 3600 * SECOND
HEAD = """\
now: 2026-01-15T12:00:00Z
start: -2h
sources:
  process: {category: process_creation, product: windows, fields: {Computer: ws1, User: ann}}
scenes:
"""
SCENE = """\
  - why: one
    events:
      - {at: +0s, process: {}}
    alerts: []
"""


def read(folder: Path, text: str, name: str = "hunt") -> list[RuleTest]:
    file = folder / f"{name}{SUFFIX}"
    file.write_text(text, "utf-8")
    return read_rule_tests(str(file))


def one(folder: Path, scenes: str) -> RuleTest:
    (test,) = read(folder, HEAD + scenes)
    return test


def test_defaults_give_way_from_source_to_scene_to_event(tmp_path: Path) -> None:
    test = one(
        tmp_path,
        """\
  - why: >-
      several
      lines
    with: {User: bob, Image: a.exe}
    events:
      - {at: +1m, process: {Image: b.exe, CommandLine: ''}, why: own}
      - {at: now, process: null}
    alerts: []
""",
    )
    scene = test.scenes[0]
    assert scene.why == "several lines"
    first, second = scene.events
    windows = LogSource("process_creation", "windows")
    assert (first.event.logsource, first.event.time) == (windows, NOW - 2 * HOUR + 60 * SECOND)
    assert first.event.fields == {
        "Computer": "ws1",
        "User": "bob",
        "Image": "b.exe",
        "CommandLine": "",
    }
    assert first.why == "own" and (first.span.line, first.span.column) == (11, 9)
    assert (second.event.time, second.event.fields["User"]) == (NOW, "bob")


def test_repetition_counts_from_one(tmp_path: Path) -> None:
    test = one(
        tmp_path,
        """\
  - why: three
    start: -1h
    events:
      - {at: +0s, process: {User: 'u{n}', Computer: 7}, repeat: {count: 3, every: 10ms}}
      - {at: +1s, process: {User: 'u{n}'}}
    alerts:
      - {at: +0s, group: ['u{n}', 7], repeat: {count: 2, every: 10ms}}
""",
    )
    users = [(placed.event.time, placed.event.fields["User"]) for placed in test.placed]
    start = NOW - HOUR
    assert users == [
        (start, "u1"),
        (start + 10_000, "u2"),
        (start + 20_000, "u3"),
        (start + SECOND, "u{n}"),
    ]
    assert set(test.expected) == {(("u1", "7"), start), (("u2", "7"), start + 10_000)}
    assert test.expected[("u1", "7"), start].why == "three"


def test_events_of_all_scenes_are_one_log_in_time_order(tmp_path: Path) -> None:
    test = one(tmp_path, SCENE + SCENE.replace("+0s", "-3h").replace("one", "earlier"))
    assert [event.time for event in test.events] == [NOW - 3 * HOUR, NOW - 2 * HOUR]


def test_a_later_document_takes_what_it_does_not_give(tmp_path: Path) -> None:
    second = f"---\nstart: -1h\nscenes:\n{SCENE}---\nrule: other\nscenes:\n{SCENE}"
    first, middle, last = read(tmp_path, HEAD + SCENE + second)
    assert [test.rule for test in (first, middle, last)] == ["hunt", "hunt", "other"]
    assert [test.events[0].time for test in (first, middle, last)] == [
        NOW - 2 * HOUR,
        NOW - HOUR,
        NOW - HOUR,
    ]
    assert last.now == NOW and last.events[0].fields["Computer"] == "ws1"


MOMENTS = [
    ("now", NOW),
    ("-30d", NOW - 30 * 24 * HOUR),
    ("-1d1ms", NOW - 24 * HOUR - 1000),
    ("+4m30s", NOW - 2 * HOUR + 270 * SECOND),
    ("+0.5s", NOW - 2 * HOUR + 500_000),
    ("+1us", NOW - 2 * HOUR + 1),
    ("2026-01-15T13:00:00.000001+01:00", NOW + 1),
    (dt.datetime(2026, 1, 15, 11, tzinfo=dt.UTC), NOW - HOUR),
]


@pytest.mark.parametrize(("moment", "expected"), MOMENTS, ids=[str(m) for m, _ in MOMENTS])
def test_moments(moment: Any, expected: int) -> None:
    assert Clock(NOW, NOW - 2 * HOUR).read(moment) == expected


@pytest.mark.parametrize(
    "moment",
    [
        *("", "+", "-", "30m", "+30", "+1y", "+-1s", "+1 s", "+0.5us", "+\u0661s", "yesterday"),
        *("2026-01-15T12:00:00", dt.datetime(2026, 1, 15), dt.date(2026, 1, 15)),
        *(90, 1.5, None, []),
    ],
    ids=repr,
)
def test_what_is_no_moment(moment: Any) -> None:
    with pytest.raises(ValueError):
        Clock(NOW, NOW).read(moment)


def test_plus_needs_a_start() -> None:
    with pytest.raises(ValueError, match="start, which is not given"):
        Clock(NOW).read("+1s")


def test_a_duration_is_exact() -> None:
    assert duration("0.1s") == 100_000
    assert duration("1w2d3h4m5s6ms7us") == 788_645_006_007


# What is written in place of a part of a good file: the code, the line, words of the message.
BROKEN = [
    ("now: 2026-01-15T12:00:00Z\n", "", "TRI032", 1, "no now"),
    ("12:00:00Z\n", "12:00:00\n", "TRI033", 1, "no zone"),
    ("T12:00:00Z\n", "\n", "TRI033", 1, "the time and the zone"),
    ("start: -2h", "start: 2h", "TRI033", 2, "'2h'"),
    ("start: -2h\n", "", "TRI033", 7, "scene 1, event 1: '+0s' counts from start"),
    ("start: -2h", "begin: -2h", "TRI104", 2, "'begin'"),
    ("start: -2h", "rule: [a]", "TRI032", 2, "rule is a rule's name"),
    ("sources:", "source:", "TRI104", 3, "'source'"),
    ("  process: {", "  at: {", "TRI032", 4, "'at' cannot name"),
    ("category: process_creation, product: windows, ", "", "TRI032", 4, "category, product or"),
    ("product:", "produkt:", "TRI104", 4, "'produkt'"),
    ("User: ann", "User: [ann]", "TRI032", 4, "field User is no string"),
    ("User: ann", "User: 2026-01-15", "TRI032", 4, "quote it"),
    ("scenes:\n", "scenes: []\nx:\n", "TRI104", 6, "'x'"),
    ("  - why: one\n", "  -\n", "TRI032", 7, "scene 1: why is a sentence"),
    ("why: one", "why: ' '", "TRI032", 6, "scene 1: why"),
    ("    alerts: []\n", "", "TRI032", 6, "scene 1: no alerts"),
    ("    events:\n", "    event:\n", "TRI104", 7, "scene 1: unknown key 'event'"),
    ("process: {}}", "process: {}, x: {}}", "TRI104", 8, "scene 1, event 1: unknown key 'x'"),
    (", process: {}}", "}", "TRI032", 8, "scene 1, event 1: an event names one log source"),
    ("{at: +0s, process: {}}", "process", "TRI032", 8, "scene 1, event 1: not a mapping"),
    ("at: +0s, ", "", "TRI032", 8, "scene 1, event 1: no at"),
    ("at: +0s", "at: 0", "TRI033", 8, "scene 1, event 1: 0 is no time"),
    ("at: +0s", "at: 12:30:00", "TRI033", 8, "needs a unit"),
    ("process: {}}", "process: [x]}", "TRI032", 8, "scene 1, event 1: process is a mapping"),
    ("{}}", "{}, repeat: 3}", "TRI032", 8, "scene 1, event 1: not a mapping"),
    ("{}}", "{}, repeat: {count: 0, every: 1s}}", "TRI032", 8, "above zero"),
    ("{}}", "{}, repeat: {count: true, every: 1s}}", "TRI032", 8, "above zero"),
    ("{}}", "{}, repeat: {count: 2}}", "TRI033", 8, "None is no duration"),
    ("{}}", "{}, repeat: {count: 2, every: 5}}", "TRI033", 8, "5 is no duration"),
    ("{}}", "{}, repeat: {count: 1000001, every: 1s}}", "TRI032", 8, f"{MAX_EVENTS:,} events"),
    ("[]", "[{at: +0s, group: {Computer: ws1}}]", "TRI032", 9, "scene 1, alert 1: group is a"),
    ("[]", "[{at: +0s, group: ['']}]", "TRI032", 9, "scene 1, alert 1: group is a"),
    ("[]", "[{at: +0s}, {at: +0s}]", "TRI032", 9, "the same alert"),
    ("[]", "[{group: ws1}]", "TRI032", 9, "scene 1, alert 1: no at"),
    ("[]", "{at: +0s}", "TRI032", 9, "alerts is a list"),
    ("scenes:\n", "scenes: &a\n", "", 0, ""),  # still fine
]


@pytest.mark.parametrize(
    ("part", "instead", "code", "line", "words"), BROKEN, ids=[each[1][:40] for each in BROKEN]
)
def test_mistakes_have_a_code_and_a_place(
    tmp_path: Path, part: str, instead: str, code: str, line: int, words: str
) -> None:
    text = HEAD + SCENE
    assert text.count(part) >= 1
    broken = text.replace(part, instead, 1)
    if not code:
        assert read(tmp_path, broken)
        return
    with pytest.raises(TridentError) as caught:
        read(tmp_path, broken)
    found = caught.value.diagnostic
    assert (found.code, found.span.line) == (code, line), str(found)
    assert words in found.message
    assert found.span.file.endswith(f"hunt{SUFFIX}") and found.hint


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "TRI032"),
        ("- a\n", "TRI032"),
        ("a: [\n", "TRI002"),
        ("now: 1\nnow: 2\n", "TRI003"),
    ],
)
def test_what_is_no_test_at_all(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(TridentError) as caught:
        read(tmp_path, text)
    assert caught.value.diagnostic.code == code


def test_an_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(TridentError) as caught:
        read_rule_tests(str(tmp_path / "none.events.yml"))
    assert caught.value.diagnostic.code == "TRI001"


def as_json(text: str) -> list[Any]:
    """The documents with times as the text that an editor's YAML reader takes them for."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items()}
        if isinstance(value, list):
            return [plain(each) for each in value]
        return value.isoformat() if isinstance(value, dt.date) else value

    return [plain(document) for document in yaml.safe_load_all(text)]


@pytest.fixture(scope="module")
def valid(root: Path) -> Any:
    """Whether a document is valid by the schema; its own keys must not hang on an earlier one's."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(
        (root / "translator/trident/app/verify/ruletests.schema.json").read_text("utf-8")
    )
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema).is_valid


def test_schema_accepts_the_shipped_tests(valid: Any) -> None:
    for rule in RULES:
        text = rule.with_name(rule.stem + SUFFIX).read_text("utf-8")
        assert all(valid(document) for document in as_json(text)), rule


def test_schema_refuses_what_the_loader_refuses(valid: Any) -> None:
    # The shape of one document does not show that no document gives now or start, a name that is
    # not under sources, an alert twice, a day that YAML readers take for no text.
    beyond = ("no now", "counts from start", "event 1: unknown key 'x'", "same alert", "quote it")
    for part, instead, code, _, words in BROKEN:
        document = as_json((HEAD + SCENE).replace(part, instead, 1))[0]
        expected = not code or any(each in words for each in beyond)
        assert valid(document) == expected, (instead, words)


def test_the_page_shows_a_valid_test(root: Path, tmp_path: Path, valid: Any) -> None:
    page = (root / "docs" / "rule-tests.md").read_text("utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (test,) = read(tmp_path, block)
    assert len(test.events) == 10 and len(test.expected) == 1
    assert all(valid(document) for document in as_json(block))
    for code in re.findall(r"TRI03[2-7]", page):
        assert f"| {code} |" in page


RULE = """\
title: a
name: a
logsource: {category: process_creation, product: windows}
detection: {selection: {CommandLine|fieldref: ParentCommandLine}, condition: selection}
fields: [Image]
---
title: b
name: b
logsource: {category: proxy}
detection: {words: [foo], condition: words}
---
title: c
name: c
correlation:
  type: temporal
  rules: [a, b]
  group-by: [who]
  aliases: {who: {a: User, b: cs-username}}
  timespan: 1m
fields: [Computer]
"""


def plan_of(text: str) -> Any:
    documents = [Document(data) for data in yaml.safe_load_all(text)]
    return plan_all(Ruleset.from_documents(documents))[-1].plan


def test_fields_that_a_rule_reads() -> None:
    process, proxy = LogSource("process_creation", "windows"), LogSource("proxy")
    assert fields_read(plan_of(RULE)) == {
        process: {"CommandLine", "ParentCommandLine", "Image", "User", "Computer"},
        proxy: None,
    }


def test_events_that_cannot_matter(tmp_path: Path) -> None:
    text = dedent("""\
        now: 2026-01-15T12:00:00Z
        sources:
          process: {category: process_creation, product: windows}
          proxy: {category: proxy}
          linux: {category: process_creation, product: linux}
        scenes:
          - why: two mistakes, the second twice
            events:
              - {at: -1h, linux: {User: ann}}
              - {at: -1h, process: {Usre: ann}, repeat: {count: 2, every: 1s}}
              - {at: -1h, proxy: {anything: goes}}
            alerts: []
        ---
        scenes:
          - why: the clock stands before the log
            events:
              - {at: 2026-01-15T12:00:01Z, process: {User: ann}}
            alerts: []
        """)
    first, second = read(tmp_path, text)
    found = compare(first, plan_of(RULE))
    assert [(each.code, each.span.line) for each in found] == [("TRI034", 9), ("TRI035", 10)]
    assert found[1].hint == "did you mean User?"
    assert [each.code for each in compare(second, plan_of(RULE))] == ["TRI036"]
