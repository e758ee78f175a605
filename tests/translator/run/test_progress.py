"""The progress bar: for a person who waits at a terminal, and nobody else."""

from __future__ import annotations

import io
import sys

import pytest

from trident.app.run.progress import Progress, counting


class Terminal(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, seconds: float, **env: str) -> str:
    """What a run of ten steps, ``seconds`` each, writes to standard error."""
    monkeypatch.setattr(sys, "stderr", stream)
    for name, value in {"CI": "", "TERM": "xterm", "NO_COLOR": "", **env}.items():
        if value:
            monkeypatch.setenv(name, value)
        else:
            monkeypatch.delenv(name, raising=False)
    now = 0.0
    with Progress("Translating", lambda: now) as progress:
        for step in range(1, 11):
            now += seconds
            progress.at(step, 10)
    return stream.getvalue()


def test_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, Terminal(), 0.5)
    assert "Translating" in text
    assert "100%" in text
    assert "\x1b[3" in text  # a colour


NOTHING = [
    ("a short run", Terminal(), 0.05, {}),
    ("a pipe", io.StringIO(), 0.5, {}),
    ("a CI job", Terminal(), 0.5, {"CI": "true"}),
    ("a terminal that cannot redraw", Terminal(), 0.5, {"TERM": "dumb"}),
]


@pytest.mark.parametrize(
    ("stream", "seconds", "env"), [case[1:] for case in NOTHING], ids=[case[0] for case in NOTHING]
)
def test_nothing(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, seconds: float, env: dict[str, str]
) -> None:
    assert shown(monkeypatch, stream, seconds, **env) == ""


def test_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, Terminal(), 0.5, NO_COLOR="1")
    assert "Translating" in text
    assert "\x1b[3" not in text


def test_redrawn_ten_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step may be one of a million lines; drawing costs more than reading it."""
    stream, now = Terminal(), 0.0
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)
    with Progress("log.jsonl", lambda: now) as progress:
        step = counting(progress, 10_000)
        for _ in range(10_000):
            now += 0.001
            step(1)
    assert 80 < stream.getvalue().count("log.jsonl") < 120
