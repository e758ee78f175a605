"""``trident build``: every artifact of a rules folder as one tree of files with a manifest."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from backends.diagnostics import TridentError
from backends.plan import Identity, Run
from backends.planner import Planned
from backends.profiles import Profile
from backends.translation import Note, Translation
from translator.artifacts.deployment import Deployment, deploy
from translator.artifacts.metadata import Metadata, read_metadata
from translator.artifacts.schedule import read_run
from translator.artifacts.writers import kind_of
from translator.config import Config
from translator.convert import Outcome
from translator.languages import LANGUAGES
from translator.naming import safe_names
from translator.output import dump_json, query_texts
from translator.tree import MANIFEST

MANIFEST_SCHEMA = 1

Files = dict[str, bytes]


def artifacts(outcome: Outcome, rules: Path, config: Config, profiles: Sequence[Profile]) -> Files:
    """Every file that the translations of a run make, the manifest included, by path relative
    to the output folder; what keeps one from being made is added to the run's diagnostics.

    Paths in the manifest are relative to ``rules``, so that the bytes do not depend on where
    the build runs.
    """
    stems = safe_names({p.identity: p.identity.slug for p, _ in outcome.results})
    files: Files = {}
    made: dict[tuple[Identity, str], set[str]] = defaultdict(set)
    notes: dict[tuple[Identity, str], dict[Note, None]] = defaultdict(dict)
    for planned, translation in outcome.results:
        place = _place(translation.target, translation.profile)
        for path, text in _queries(translation, stems[planned.identity]):
            files[f"{place}/{path}"] = text.encode()
            made[planned.identity, place].add(f"{place}/{path}")
    known = {_place(profile.target, profile.name): profile for profile in profiles}
    for place, deployments in _deployments(outcome, config, known, stems).items():
        for writer in kind_of(*place.split("/")).writers:
            written = writer(deployments)
            outcome.diagnostics += written.diagnostics
            for artifact in written.artifacts:
                path = f"{place}/{artifact.path}"
                files[path] = artifact.text.encode()
                for deployment in artifact.rules:
                    made[deployment.planned.identity, place].add(path)
                    told = (*deployment.notes, *artifact.notes)
                    notes[deployment.planned.identity, place] |= dict.fromkeys(told)
    outcome.diagnostics = list(dict.fromkeys(outcome.diagnostics))
    inputs = {_relative(file, rules): digest for file, digest in outcome.inputs.items()}
    if config.file:
        inputs[_relative(config.file, rules)] = _digest(Path(config.file).read_bytes())
    inputs.update((_relative(each.file, rules), each.digest) for each in config.pipelines)
    manifest = {
        "schema": MANIFEST_SCHEMA,
        "tool": {"name": "sigma-trident", "version": version("sigma-trident")},
        "inputs": dict(sorted(inputs.items())),
        "outputs": {path: _digest(content) for path, content in sorted(files.items())},
        "translations": [
            _entry(t, rules, sorted(made[key]), notes[key])
            for p, t in outcome.results
            for key in [(p.identity, _place(t.target, t.profile))]
        ],
    }
    files[MANIFEST] = dump_json(manifest).encode()
    return files


def _place(target: str, profile: str) -> str:
    return f"{target}/{profile}"


def _queries(translation: Translation, stem: str) -> Iterator[tuple[str, str]]:
    query = translation.query
    if query is None:
        return
    names = safe_names({index: request.name for index, request in enumerate(query.requests)})
    for index, request in enumerate(query.requests):
        yield f"{stem}.{names[index]}.json", dump_json(request.body)
    extension = LANGUAGES[translation.target].extension
    for number, text in enumerate(query_texts(translation), 1):
        part = f".{number}" if number > 1 else ""
        yield f"{stem}{part}.{extension}", text


def _deployments(
    outcome: Outcome,
    config: Config,
    profiles: Mapping[str, Profile],
    stems: Mapping[Identity, str],
) -> dict[str, list[Deployment]]:
    """The rules that can be deployed, by ``target/profile``, in the order of the results."""
    found: dict[str, list[Deployment]] = defaultdict(list)
    said: dict[Identity, tuple[Metadata, Run] | None] = {}
    for planned, translation in outcome.results:
        place = _place(translation.target, translation.profile)
        kind = kind_of(translation.target, translation.profile)
        if not kind.writers or translation.query is None:
            continue
        try:
            if planned.identity not in said:
                said[planned.identity] = None
                said[planned.identity] = _said(planned, config)
            if (given := said[planned.identity]) is None:
                continue
            metadata, run = given
            stem = stems[planned.identity]
            deployment = deploy(planned, profiles[place], metadata, run, stem, kind.terms)
        except TridentError as error:
            outcome.diagnostics.append(error.at(planned.identity.span).diagnostic)
            continue
        if deployment is not None:
            found[place].append(replace(deployment, filters=tuple(outcome.ruleset.off)))
    return found


def _said(planned: Planned, config: Config) -> tuple[Metadata, Run]:
    document = planned.document
    metadata = read_metadata(document, planned.identity.slug, config.author)
    return metadata, read_run(document, ("trident", "schedule"), config.run)


def _entry(
    translation: Translation, rules: Path, files: list[str], notes: Iterable[Note]
) -> Mapping[str, Any]:
    """A translation's part of the manifest: its JSON form, files in place of their content, and
    the notes of its artifacts."""
    entry = translation.to_dict()
    del entry["query"], entry["companions"]
    entry["rule"]["file"] = _relative(entry["rule"]["file"], rules)
    entry["notes"] += [{"code": note.code, "text": note.text} for note in notes]
    entry["files"] = files
    return entry


def _relative(file: str, rules: Path) -> str:
    folder = rules if rules.is_dir() else rules.parent
    return Path(os.path.relpath(file, folder)).as_posix()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
