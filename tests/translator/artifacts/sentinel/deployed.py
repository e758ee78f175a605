"""Deployments of rules under a KQL profile, and what the writers make of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from trident.app.artifacts.deployment import Deployment, Made, deploy
from trident.app.artifacts.metadata import read_metadata
from trident.app.artifacts.writers import kind_of
from trident.app.input.config import Config
from trident.app.run.convert import convert
from trident.app.run.naming import safe_name
from trident.base.diagnostics import TridentError
from trident.mapping.profiles import Profile
from trident.rule.plan import Run

RULE = """\
title: {title}
id: 0a6be1a1-5f6d-4b1b-9d3a-7f3a2c1d0e5f
name: one
status: test
description: {description}
date: 2026-11-21
logsource: {{category: process_creation, product: windows}}
detection:
  selection: {{CommandLine|contains: {value}}}
  condition: selection
"""

COUNT = """\
title: Count
id: 4f0a5a4e-6b0e-4f27-9a59-5c1c2b3d4e5f
name: count
correlation:
  type: event_count
  rules: [one]
  group-by: [Computer]
  timespan: {timespan}
  condition: {{gte: 3}}
"""


def rule(title: str = "One", description: str = "Text", value: str = "evil", more: str = "") -> str:
    """A detection rule with an id."""
    quoted = {"title": title, "description": description, "value": value}
    return RULE.format(**{key: json.dumps(each) for key, each in quoted.items()}) + more


def counted(timespan: str = "5m", more: str = "") -> str:
    """A detection rule and a correlation that counts its matches."""
    return f"{rule()}---\n{COUNT.format(timespan=timespan)}{more}"


def deployed(
    path: Path, name: str = "sentinel", run: Run | None = None, profile: Profile | None = None
) -> tuple[list[Deployment], list[TridentError]]:
    """The rules below ``path`` as ``trident build`` hands them on, and those it does not."""
    bound = profile or Config().profile("kql", name)
    kind = kind_of(bound)
    found, refused = [], []
    for planned, translation in convert([str(path)], [bound], Config()).results:
        if translation.query is None:
            continue
        said = read_metadata(planned.document, planned.identity.slug)
        stem = safe_name(planned.identity.slug)
        try:
            made = deploy(
                planned, translation, bound, said, run or Run(3600, 300), stem, kind.terms
            )
        except TridentError as error:
            refused.append(error)
            continue
        assert made is not None
        found.append(made)
    return found, refused


def only(tmp_path: Path, text: str, name: str = "sentinel", run: Run | None = None) -> Deployment:
    """The last rule of a text, deployed."""
    file = tmp_path / "rule.yml"
    file.write_text(text, encoding="utf-8")
    return deployed(file, name, run)[0][-1]


def made(deployments: Sequence[Deployment]) -> Made:
    """What all writers of the deployments' profile make."""
    profile = deployments[0].profile
    everything = Made()
    for writer in kind_of(profile).writers:
        written = writer(deployments)
        everything.artifacts += written.artifacts
        everything.diagnostics += written.diagnostics
    return everything


def artifact(made: Made, end: str) -> Any:
    """The content of the artifact whose path ends so, read back."""
    (text,) = (each.text for each in made.artifacts if each.path.endswith(end))
    return json.loads(text) if end.endswith(".json") else yaml.safe_load(text)
