"""The ``trident`` command in-process, and rules to give it."""

from __future__ import annotations

import json
import os
import shutil
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from click.testing import CliRunner

from trident.app.commands.cli import main
from trident.app.parsing.process import Answer, Parsers, Question
from trident.app.run import bulk

BASE = """\
title: Base {name}
name: {name}
logsource: {{category: process_creation, product: windows}}
detection:
  selection: {{CommandLine|contains: "{value}"}}
  condition: selection
"""

COUNT = """\
title: Many {name}
id: {id}
name: many_{name}
correlation:
  type: event_count
  rules: [{name}]
  group-by: [Computer]
  timespan: 5m
  condition: {{gte: 1}}
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


Trident = Callable[..., Ran]


@pytest.fixture
def trident() -> Trident:
    """Run ``trident`` with arguments, standard input and a current folder."""

    def run(*arguments: object, stdin: str | bytes | None = None, cwd: Path | None = None) -> Ran:
        before = Path.cwd()
        os.chdir(cwd or before)
        try:
            result = CliRunner().invoke(main, [str(each) for each in arguments], input=stdin)
        finally:
            os.chdir(before)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    return run


_ANSWERS: dict[str, Answer] = {}


@pytest.fixture(autouse=True)
def asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parsers are asked once about a query, the names it may use and nothing else; the shipped
    hunts are built by dozens of tests. ``tests/translator/parsing`` asks anew."""
    ask = Parsers.answers

    def remembered(self: Parsers, questions: Sequence[Question]) -> list[Answer]:
        new = {each.digest: each for each in questions if each.digest not in _ANSWERS}
        said = dict(zip(new, ask(self, list(new.values())), strict=True) if new else ())
        _ANSWERS.update((digest, answer) for digest, answer in said.items() if not answer.fault)
        return [said.get(each.digest) or _ANSWERS[each.digest] for each in questions]

    monkeypatch.setattr(Parsers, "answers", remembered)


@pytest.fixture
def hunts(tmp_path: Path, root: Path) -> Path:
    """A rules folder with the two hunts and their filters."""
    ignored = shutil.ignore_patterns("examples", "*.events.yml")
    return shutil.copytree(root / "rules", tmp_path / "rules", ignore=ignored)


def base(name: str = "base", value: str = "evil") -> str:
    """A detection rule on process creations."""
    return BASE.format(name=name, value=value)


def count(name: str = "base") -> str:
    """A correlation that counts the matches of rule ``name``."""
    return COUNT.format(name=name, id=uuid5(NAMESPACE_URL, name))


def hunt(name: str = "base") -> str:
    """A file with a detection rule and the correlation over it, ``many_<name>``."""
    return f"{base(name)}---\n{count(name)}"


def together(*names: str) -> str:
    """Detection rules and the correlation that finds their matches in any order, ``both``."""
    documents = [base(name, f"evil {name}") for name in names]
    correlation = count("both").replace("many_both", "both").replace("event_count", "temporal")
    correlation = correlation.replace("[both]", f"[{', '.join(names)}]")
    return "---\n".join([*documents, correlation.replace("  condition: {gte: 1}\n", "")])


def write(folder: Path, **files: str) -> Path:
    """Write ``<key>.yml`` for each file text, a ``__`` in the key parting folders."""
    for key, text in files.items():
        path = folder.joinpath(*key.split("__")).with_suffix(".yml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    return folder


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """An entry for each run that was made and not taken from the cache."""
    runs: list[int] = []
    whole = bulk.convert

    def convert(sources, *arguments):  # type: ignore[no-untyped-def]
        runs.append(len(sources))
        return whole(sources, *arguments)

    monkeypatch.setattr(bulk, "convert", convert)
    return runs
