"""Elastic rules built from rule documents, in-process."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from trident.app.build.build import build as make
from trident.app.input.config import Config
from trident.app.run.convert import chosen_profiles
from trident.base.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True)
class Built:
    """The files of a build by path, and what was reported."""

    files: dict[str, str]
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def rules(self, place: str) -> list[dict[str, Any]]:
        """The rules of a profile's import file, without the line of export details."""
        return [json.loads(line) for line in self.files[f"{place}/rules.ndjson"].splitlines()][:-1]


TYPES = {"keyword": "string", "wildcard": "string", "boolean": "bool", "text": "text"}


def fields(rule: dict[str, Any]) -> dict[str, str]:
    """The fields that a rule says it needs, with their types as a profile's columns have them: all
    that its query may read."""
    types = {each["name"]: each["type"] for each in rule["required_fields"]}
    return {name: TYPES.get(kind, kind) for name, kind in types.items()}


def build(rules: Path, config: Config | None = None) -> Built:
    """Every file of a rules folder for the Elastic targets."""
    config = config or Config()
    profiles = chosen_profiles(("eql", "esql"), (), config, every=True)
    outcome, files = make(rules, config, profiles)
    return Built({path: text.decode() for path, text in files.items()}, outcome.diagnostics)


@pytest.fixture(scope="session")
def shipped(root: Path) -> Built:
    """The shipped rules."""
    return build(root / "rules")
