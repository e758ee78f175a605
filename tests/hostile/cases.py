"""Checkouts of strangers, each with the command that is run in it: a number says which."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.hostile import material
from tests.hostile.mutate import mutated
from trident.app.build.tree import TOOL

NAMES = (
    "rule.yml",
    "a b.yml",
    "-o.yml",
    "new\nline.yml",
    "esc\x1b[31m.yml",
    "::error::x.yml",
    "##[group]x.yml",
    "\u202elmy.yml",
    "%41.yml",
    "'\"`$(id).yml",
    "\udcff.yml",  # a byte that is no UTF-8, as os.fsdecode has it
    "NUL.yml",
    "RULE.yml",
)

MANIFEST = json.dumps(
    {
        "schema": 1,
        "tool": {"name": TOOL, "version": "0"},
        "outputs": {"kql/sentinel/x.kql": "00"},
        "translations": [],
    }
)
"""As a build has left it: of another tool's, nothing would be read."""


@dataclass(frozen=True, slots=True)
class Case:
    """A checkout and a command line: ``files`` by their path in it, in the file system's names."""

    files: dict[str, bytes] = field(repr=False)
    arguments: tuple[str, ...]


def case(number: int) -> Case:
    """The case of a number: always the same."""
    random = Random(number)
    return random.choices(_MAKERS, _WEIGHTS)[0](random)


def _maybe(random: Random, text: str, chance: float = 0.5) -> bytes:
    return mutated(random, text) if random.random() < chance else text.encode()


def _rule_files(random: Random) -> dict[str, bytes]:
    names = random.sample(NAMES, random.choice((1, 1, 2, 3)))
    texts = [random.choice(material.rules()) for _ in names]
    files = {f"rules/{names[0]}": mutated(random, texts[0])}
    for name, text in zip(names[1:], texts[1:], strict=True):
        files[f"rules/{name}"] = _maybe(random, text)
    if random.random() < 0.2:
        files["rules/filters/filter.yml"] = _maybe(random, random.choice(material.filters()))
    if random.random() < 0.2:
        files["trident.yml"] = _maybe(random, material.SETTINGS)
    return files


def _settings_files(random: Random) -> dict[str, bytes]:
    return {
        "rules/rule.yml": random.choice(material.rules()).encode(),
        "rules/filters/filter.yml": _maybe(random, random.choice(material.filters())),
        "trident.yml": mutated(random, material.SETTINGS),
    }


def _languages(random: Random) -> tuple[str, ...]:
    return "-t", random.choice(("kql", "spl", "eql", "esql", "all"))


def _convert(random: Random) -> Case:
    files = random.choice((_rule_files, _rule_files, _rule_files, _settings_files))(random)
    more = random.choice(
        ((), (), ("--strict",), ("--unmapped", "keep"), ("--accept", "sound,wide"))
    )
    cached = random.choice((("--no-cache",), ("--no-cache",), ()))
    jobs = ("--jobs", "1")
    return Case(
        files, ("convert", "rules", *_languages(random), "--format", "json", *more, *cached, *jobs)
    )


def _text(random: Random) -> Case:
    return Case(
        _rule_files(random), ("convert", "rules", *_languages(random), "--no-cache", "--jobs", "1")
    )


def _pipeline(random: Random) -> Case:
    files = {
        "rules/rule.yml": random.choice(material.rules()).encode(),
        "site.yml": mutated(random, material.PIPELINE),
    }
    options = ("--format", "json", "-p", "site.yml", "--no-cache", "--jobs", "1")
    return Case(files, ("convert", "rules", *_languages(random), *options))


def _check(random: Random) -> Case:
    form = random.choice(("text", "json", "sarif", "junit", "github"))
    options = ("--format", form, "--unchecked", "--no-cache")
    return Case(_rule_files(random), ("check", "rules", *_languages(random), *options))


def _explain(random: Random) -> Case:
    form = random.choice(("text", "text", "json"))
    return Case(_rule_files(random), ("explain", "rules", *_languages(random), "--format", form))


def _build(random: Random) -> Case:
    files = _rule_files(random)
    if random.random() < 0.5:
        files["dist/manifest.json"] = _maybe(random, MANIFEST)
    more = random.choice(((), (), ("--check",), ("--diff",), ("--only", "kql/*")))
    form = random.choice(("text", "json", "sarif", "junit", "github"))
    options = ("--format", form, "--unchecked", "--no-cache", "--jobs", "1")
    return Case(files, ("build", "rules", *more, *options))


def _verify(random: Random) -> Case:
    rule, test = random.choice(material.rule_tests())
    files = {
        "rules/rule.yml": _maybe(random, rule, 0.3),
        "rules/rule.events.yml": mutated(random, test),
    }
    return Case(
        files, ("verify", "rules", "-t", "spl", "--format", random.choice(("text", "json")))
    )


def _logs(random: Random) -> Case:
    name, text = random.choice((("log.jsonl", material.LINES), ("log.csv", material.TABLE)))
    files = {
        "rules/rule.yml": random.choice(material.rules()).encode(),
        name: mutated(random, text),
    }
    return Case(files, ("verify", "rules", "--events", name, "--source", "sentinel"))


_MAKERS: tuple[Callable[[Random], Case], ...] = (
    _convert,
    _text,
    _pipeline,
    _check,
    _explain,
    _build,
    _logs,
    _verify,
)
_WEIGHTS = (40, 6, 10, 16, 10, 8, 8, 2)
