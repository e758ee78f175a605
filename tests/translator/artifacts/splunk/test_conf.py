"""Configuration files hold any text that a rule may have, and nothing leaves its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.translator.artifacts.splunk.deployed import HOSTILE
from tests.translator.artifacts.splunk.reader import READINGS, Reading, read
from trident.app.artifacts.splunk.conf import conf, prose, untokened, value
from trident.base.diagnostics import TridentError

TEXTS = st.text(st.characters(codec="utf-8")) | st.text("\\ \n#[]=x$;\r\t")


def around(text: str, reading: Reading = READINGS[0]) -> str:
    """The text as it comes back from between two other keys."""
    written = conf("head", {"One": {"a": "1", "b": text, "c": "3"}, "Two": {"d": "4"}})
    found = read(written, reading)
    assert list(found) == ["One", "Two"]
    assert (found["One"]["a"], found["One"]["c"], found["Two"]) == ("1", "3", {"d": "4"})
    assert set(found["One"]) == {"a", "b", "c"}
    return found["One"]["b"]


@given(TEXTS)
def test_prose_comes_back_as_it_is(text: str) -> None:
    line = prose(text)
    assert "\n" not in line
    for reading in READINGS:
        assert around(line, reading) == line


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_prose(name: str) -> None:
    line = prose(HOSTILE[name])
    assert around(line) == line
    assert "$" not in untokened(HOSTILE[name])


def test_prose_keeps_what_is_harmless() -> None:
    assert prose("  A # b; [c] = {{ d }}\n\n  e \\ f ") == "A # b; [c] = {{ d }} e \\ f"
    assert prose("C:\\") == "C:\\ ."
    assert prose("a\u202eb\x00c") == "abc"


LINES = st.lists(st.text(" #[]=x|;", min_size=1), min_size=1)


@given(LINES)
def test_lines_come_back(lines: list[str]) -> None:
    text = "\n".join(lines).strip()
    kept = [line.rstrip(" ") for line in text.split("\n")]
    found = around(text)
    assert [line.rstrip(" ") for line in found.split("\n")] == kept


REFUSED = ["a\\", "a\\\nb", "a\\ \nb", "a\rb", "a\x00", "\u2028", "a\nb\\"]


@pytest.mark.parametrize("text", REFUSED, ids=repr)
def test_what_no_line_holds_is_refused(text: str) -> None:
    with pytest.raises(TridentError) as found:
        value(text + ("" if text.endswith("\\") else "x"))
    assert found.value.diagnostic.code == "TRI731"
