"""``trident build``: every artifact of a rules folder as one tree of files with a manifest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from backends.diagnostics import TridentError
from backends.plan import Correlation
from backends.planner import Planned
from backends.translation import Translation
from translator.artifacts import sentinel
from translator.config import Config
from translator.convert import Outcome
from translator.languages import LANGUAGES
from translator.naming import safe_names
from translator.output import dump_json, query_texts
from translator.tree import MANIFEST

MANIFEST_SCHEMA = 1

HUNTS = ("kql", "sentinel")
"""The target and profile that hunting queries are made for."""


def artifacts(outcome: Outcome, rules: Path, config: Config) -> dict[str, bytes]:
    """Every file that the translations of a run make, the manifest included, by path relative
    to the output folder; what keeps one from being made is added to the run's diagnostics.

    Paths in the manifest are relative to ``rules``, so that the bytes do not depend on where
    the build runs.
    """
    stems = safe_names({p.identity: p.identity.slug for p, _ in outcome.results})
    files: dict[str, bytes] = {}
    entries = []
    for planned, translation in outcome.results:
        made = dict(_files(translation, stems[planned.identity]))
        try:
            made.update(_hunt(planned, translation, stems[planned.identity]))
        except TridentError as error:
            outcome.diagnostics.append(error.at(planned.identity.span).diagnostic)
        if _is_hunt(planned, translation):
            outcome.diagnostics += sentinel.unknown_tactics(planned.document)
        files.update((path, text.encode()) for path, text in made.items())
        entries.append(_entry(translation, rules, sorted(made)))
    inputs = {_relative(file, rules): digest for file, digest in outcome.inputs.items()}
    if config.file:
        inputs[_relative(config.file, rules)] = _digest(Path(config.file).read_bytes())
    manifest = {
        "schema": MANIFEST_SCHEMA,
        "tool": {"name": "sigma-trident", "version": version("sigma-trident")},
        "inputs": dict(sorted(inputs.items())),
        "outputs": {path: _digest(content) for path, content in sorted(files.items())},
        "translations": entries,
    }
    files[MANIFEST] = dump_json(manifest).encode()
    return files


def _files(translation: Translation, stem: str) -> Iterator[tuple[str, str]]:
    query = translation.query
    if query is None:
        return
    folder = f"{translation.target}/{translation.profile}"
    names = safe_names({index: request.name for index, request in enumerate(query.requests)})
    for index, request in enumerate(query.requests):
        yield f"{folder}/{stem}.{names[index]}.json", dump_json(request.body)
    extension = LANGUAGES[translation.target].extension
    for number, text in enumerate(query_texts(translation), 1):
        part = f".{number}" if number > 1 else ""
        yield f"{folder}/{stem}{part}.{extension}", text


def _is_hunt(planned: Planned, translation: Translation) -> bool:
    return (
        translation.query is not None
        and (translation.target, translation.profile) == HUNTS
        and isinstance(planned.plan, Correlation)
    )


def _hunt(planned: Planned, translation: Translation, stem: str) -> Iterator[tuple[str, str]]:
    if _is_hunt(planned, translation) and translation.query:
        text = sentinel.hunting_query(planned.document, translation.query)
        yield f"{'/'.join(HUNTS)}/hunting/{stem}.yaml", text


def _entry(translation: Translation, rules: Path, files: list[str]) -> Mapping[str, Any]:
    """A translation's part of the manifest: its JSON form, files in place of their content."""
    entry = translation.to_dict()
    del entry["query"], entry["companions"]
    entry["rule"]["file"] = _relative(entry["rule"]["file"], rules)
    entry["files"] = files
    return entry


def _relative(file: str, rules: Path) -> str:
    folder = rules if rules.is_dir() else rules.parent
    return Path(os.path.relpath(file, folder)).as_posix()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
