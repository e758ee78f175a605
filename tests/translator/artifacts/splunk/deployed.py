"""Deployments of rules under a Splunk profile, and hostile texts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trident.app.artifacts import splunk
from trident.app.artifacts.deployment import Deployment, Made, Terms, deploy
from trident.app.artifacts.metadata import read_metadata
from trident.app.input.config import Config
from trident.app.run.convert import convert
from trident.app.run.naming import safe_name
from trident.mapping.profiles import load_profiles
from trident.rule.plan import Run

PROFILES = tuple(load_profiles("spl"))

HOSTILE = {
    "plain": "Plain",
    "backslash at the end": "C:\\Windows\\",
    "two backslashes at the end": "\\\\server\\share\\\\",
    "a key": "x\nsearch = evil\ndisabled = 1",
    "a stanza": "x\n[default]\nsearch = evil",
    "a stanza's end": "x] y [default",
    "continuation": "x \\\nsearch = evil \\\n\\",
    "comment": "# no comment\n; nor this",
    "carriage return": "x\r\nsearch = evil\rdisabled = 1",
    "template": "{{ 7 * 7 }} {% raw %} ${x} {# y #}",
    "token": "$result.x$ $Computer$ $$ 100% %name% %description%",
    "quotes": "'\" `macro` ```x``` | delete",
    "control": "\x07 bell \x1b[31m \u2028 separator \x85",
    "direction": "\u202e right to left \u2066",
    "spaces": "   both ends   ",
    "equals": "= = =",
    "yaml": "null",
    "long": "x" * 3000,
    "no ascii": "\u65e5\u672c\u8a9e\u3067\u3059",
}
"""What a description, or a title, may hold."""

BASE = """\
title: {title}
id: 0a6be1a1-5f6d-4b1b-9d3a-7f3a2c1d0e5f
name: base
status: test
description: {description}
level: high
logsource: {{category: process_creation, product: windows}}
detection:
  selection: {{CommandLine|contains: {value}}}
  condition: selection
"""


def rule(
    title: str = "Base", description: str = "Text", value: str = "evil", more: str = ""
) -> str:
    """A detection rule with an id."""
    quoted = {"title": title, "description": description, "value": value}
    return BASE.format(**{key: json.dumps(each) for key, each in quoted.items()}) + more


def deployed(
    path: Path, profile: str = "microsoft_addon", run: Run | None = None, **settings: Any
) -> list[Deployment]:
    """The rules below ``path`` that a profile can say, as ``trident build`` hands them on."""
    config = Config(settings={"spl": settings})
    bound = config.profile("spl", profile)
    outcome = convert([str(path)], [bound], config)
    found = []
    for planned, translation in outcome.results:
        if translation.query is None:
            continue
        said = read_metadata(planned.document, planned.identity.slug)
        stem = safe_name(planned.identity.slug)
        made = deploy(
            planned, translation, bound, said, run or Run(3600, 300), stem, Terms(adjust=splunk.fit)
        )
        assert made is not None
        found.append(made)
    return found


def codes(made: Made) -> list[str]:
    """The codes of what was reported."""
    return [each.code for each in made.diagnostics]


def text_of(made: Made, end: str) -> str:
    """The text of the artifact whose path ends so."""
    (found,) = (each.text for each in made.artifacts if each.path.endswith(end))
    return found


def one(deployments: Sequence[Deployment]) -> Deployment:
    """The only one."""
    (found,) = deployments
    return found
