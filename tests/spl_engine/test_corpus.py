"""Real searches parse: at least nine in ten, and no command falls below its floor."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

pytest.importorskip("lark")
pytest.importorskip("pcre2")

from translator.verify.spl import SplSyntaxError, parse

FLOORS = yaml.safe_load(Path(__file__).with_name("corpus_floors.yml").read_text(encoding="utf-8"))
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`', re.DOTALL)


def _commands(text: str) -> set[str]:
    """The commands of a search, found without the grammar."""
    return {found.lower() for found in re.findall(r"\|\s*([a-z]+)", _QUOTED.sub("", text))}


@pytest.fixture(scope="module")
def rates(shared: Path) -> dict[str, tuple[int, int]]:
    path = shared / "corpus" / "spl_searches.jsonl"
    if not path.is_file():
        pytest.skip("no corpus of searches")
    parsed, seen = Counter[str](), Counter[str]()
    for line in path.read_text(encoding="utf-8").splitlines():
        text = json.loads(line)["search"]
        names = {"all", *_commands(text)}
        seen.update(names)
        try:
            parse(text)
        except SplSyntaxError:
            continue
        parsed.update(names)
    return {name: (parsed[name], seen[name]) for name in seen}


def test_nine_in_ten(rates: dict[str, tuple[int, int]]) -> None:
    parsed, seen = rates["all"]
    assert seen == FLOORS["searches"]
    assert parsed / seen >= 0.9


def test_no_command_falls(rates: dict[str, tuple[int, int]]) -> None:
    """The floors are the rates reached so far; a better grammar raises them."""
    fallen = {}
    for name, floor in FLOORS["percent"].items():
        parsed, seen = rates.get(name, (0, 1))
        percent = 100 * parsed / seen
        print(f"{name}: {parsed} of {seen} ({percent:.1f} %)")
        if percent < floor:
            fallen[name] = (percent, floor)
    assert not fallen
