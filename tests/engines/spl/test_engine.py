"""The engine's own interface: what goes in, what comes out, what it refuses."""

from __future__ import annotations

from decimal import Decimal

import pytest

pytest.importorskip("lark")
pytest.importorskip("pcre2")

from trident.engines.spl import (
    Config,
    Limits,
    SplEngine,
    SplRuntimeError,
    SplSyntaxError,
    SplUnsupported,
    parse,
)

NOW = 1_700_000_000


def test_values_come_back_as_text() -> None:
    event = {"_time": Decimal("1699999999.000001"), "n": 7, "f": 0.5, "l": ["a", 2], "x": None}
    (row,) = SplEngine().run("n=7", [event], NOW)
    assert row == {"_time": "1699999999.000001", "n": "7", "f": "0.5", "l": ("a", "2")}


@pytest.mark.parametrize("time", ["1699999999.25", 1699999999.25, Decimal("1699999999.25")])
def test_times_of_any_kind(time: object) -> None:
    (row,) = SplEngine().run("*", [{"_time": time}], NOW)
    assert row["_time"] == "1699999999.250000"


def test_now_is_a_whole_second() -> None:
    with pytest.raises(ValueError, match="whole second"):
        SplEngine().run("*", [], NOW + 0.5)


def test_an_event_needs_a_time() -> None:
    with pytest.raises(SplRuntimeError):
        SplEngine().run("*", [{"f": "a"}], NOW)


def test_warnings_are_those_of_the_last_run() -> None:
    engine = SplEngine(Config(Limits(sort_count=1)))
    events = [{"_time": 1}, {"_time": 2}]
    engine.run("* | sort _time", events, NOW)
    assert engine.warnings == ["sort kept 1 of 2 rows"]
    engine.run("* | sort 0 _time", events, NOW)
    assert engine.warnings == []


def test_a_run_leaves_the_events_alone() -> None:
    event = {"_time": 1, "f": "a"}
    SplEngine().run('* | eval f="b", g=1 | rename f AS h', [event], NOW)
    assert event == {"_time": 1, "f": "a"}


def test_ties_are_shuffled_by_a_seed_only() -> None:
    events = [{"_time": 1, "n": str(number)} for number in range(20)]

    def order(seed: int | None) -> list[object]:
        return [row["n"] for row in SplEngine(Config(tie_seed=seed)).run("*", events, NOW)]

    assert order(None) == [str(number) for number in range(20)]
    assert order(1) == order(1) != order(2)


def test_parse_keeps_macros_and_run_needs_them() -> None:
    assert parse("`base` | stats count") == SplEngine().parse("`base` | stats count")
    with pytest.raises(SplUnsupported, match="base"):
        SplEngine().run("`base`", [], NOW)
    assert SplEngine().run("`base`", [{"_time": 1, "f": "a"}], NOW, {"base": "f=a"})


def test_macros_without_end() -> None:
    with pytest.raises(SplSyntaxError, match="without end"):
        SplEngine().run("`a`", [], NOW, {"a": "`b`", "b": "`a`"})


def test_a_syntax_error_names_the_place() -> None:
    with pytest.raises(SplSyntaxError, match=r"line 2, column 11: cannot read 'a'"):
        parse("index=main\n| where a a")
