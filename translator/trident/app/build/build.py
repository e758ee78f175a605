"""``trident build``: every artifact of a rules folder as one tree of files with a manifest."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from trident.app.artifacts.part import Part, Rules
from trident.app.artifacts.unique import clashes
from trident.app.build.tree import MANIFEST, TOOL, digest
from trident.app.files.reading import read
from trident.app.input.config import Config
from trident.app.input.sources import read_sources
from trident.app.parsing.check import Checking
from trident.app.run import parallel
from trident.app.run.convert import Outcome, plan_rules
from trident.base.printable import json_text
from trident.mapping.profiles import Profile
from trident.result.translation import Translation
from trident.rule.plan import Identity

MANIFEST_SCHEMA = 1

RULES_A_JOB = 100
"""So many rules pay for worker processes."""

Files = dict[str, bytes]


def build(
    rules: Path,
    config: Config,
    profiles: Sequence[Profile],
    filters: Sequence[str] = (),
    jobs: int | None = 1,
    step: Callable[[int, int], None] = lambda done, total: None,
    checking: Checking | None = None,
) -> tuple[Outcome, Files]:
    """Every file that the rules make, the manifest included, by path relative to the output folder,
    with what was found on the way. ``jobs`` processes work on the profiles, None for as many as
    pay; ``step`` is told how many of all profiles are done. With ``checking`` each query is held
    against its parser.

    Two things of one id, name or path are an error of the second (TRI535).

    Paths in the manifest are relative to ``rules``, so that the bytes do not depend on where
    the build runs.

    Raises:
        TridentError: TRI111 for a filter that no document defines, TRI505 without any rule, TRI530
            for a worker that ended early.
    """
    sources = read_sources([str(rules)], named_filters=bool(filters))
    outcome = plan_rules(sources, config, filters)
    work = Rules(outcome.planned, outcome.ruleset.off, config, checking)
    parts = _parts(work, outcome, profiles, jobs, step)
    for planned in outcome.planned:
        for part in parts:
            if planned.identity in part.translations:
                outcome.results.append((planned, part.translations[planned.identity]))
    about_parts = (diagnostic for part in parts for diagnostic in part.diagnostics)
    claims = (claim for part in parts for claim in part.claims)
    twice = (error for _, error in clashes(claims))
    outcome.diagnostics = list(dict.fromkeys([*outcome.diagnostics, *about_parts, *twice]))
    files = {path: content for part in parts for path, content in part.files.items()}
    files[MANIFEST] = json_text(_manifest(outcome, parts, files, rules, config)).encode()
    return outcome, files


def _parts(
    work: Rules,
    outcome: Outcome,
    profiles: Sequence[Profile],
    jobs: int | None,
    step: Callable[[int, int], None],
) -> list[Part]:
    if jobs is None:
        jobs = parallel.processors() if len(outcome.planned) >= RULES_A_JOB else 1
    if parallel.START != "fork":
        jobs = 1  # planned rules are shared with a fork, and do not travel otherwise
    done: dict[int, Part] = {}
    for index, part in parallel.run(work, profiles, jobs):
        done[index] = part
        step(len(done), len(profiles))
    return [done[index] for index in range(len(profiles))]


def _manifest(
    outcome: Outcome, parts: Sequence[Part], files: Files, rules: Path, config: Config
) -> Mapping[str, Any]:
    inputs = {_relative(file, rules): sha256 for file, sha256 in outcome.inputs.items()}
    if config.file:
        inputs[_relative(config.file, rules)] = digest(read(config.file))
    inputs.update((_relative(each.file, rules), each.digest) for each in config.pipelines)
    by_place = {part.place: part for part in parts}
    return {
        "schema": MANIFEST_SCHEMA,
        "tool": {"name": TOOL, "version": version(TOOL)},
        "inputs": dict(sorted(inputs.items())),
        "outputs": {path: digest(content) for path, content in sorted(files.items())},
        "stale": {},
        "translations": [
            _entry(planned.identity, translation, by_place, rules)
            for planned, translation in outcome.results
        ],
    }


def _entry(
    rule: Identity, translation: Translation, parts: Mapping[str, Part], rules: Path
) -> Mapping[str, Any]:
    """A translation's part of the manifest: its JSON form, files in place of their content, and
    the notes of its artifacts and what was found about them."""
    part = parts[f"{translation.target}/{translation.profile}"]
    entry = translation.to_dict()
    del entry["query"], entry["companions"]
    entry["rule"]["file"] = _relative(entry["rule"]["file"], rules)
    entry["notes"] += [{"code": n.code, "text": n.text} for n in part.notes.get(rule, ())]
    entry["files"] = sorted(part.made.get(rule, ()))
    entry["findings"] = [
        {"code": each.code, "severity": str(each.severity), "message": each.message}
        for each in part.about.get(rule, ())
    ]
    return entry


def _relative(file: str, rules: Path) -> str:
    folder = rules if rules.is_dir() else rules.parent
    return Path(os.path.relpath(file, folder)).as_posix()
