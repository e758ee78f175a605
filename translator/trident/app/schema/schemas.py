"""The schemas: their files, completed by the names that the shipped data and the readers have.

Draft 7, because editors support it in full (VS Code, the YAML language server, IntelliJ); nothing
in the schemas needs a later one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from typing import Any

from trident.app.artifacts.metadata import entity_types
from trident.app.input.config import COLUMN_TYPES
from trident.app.input.load import merged
from trident.mapping.profiles import load_profiles
from trident.rule.extension import METADATA_KEYS, STATISTICS
from trident.target import registry

Schema = dict[str, Any]

_OPTIONAL = ["object", "null"]


def config_schema() -> Schema:
    """The schema of ``trident.yml``."""
    schema = _file("config.json")
    sections: Mapping[str, Callable[[str], Schema]] = {
        "profiles": _profiles,
        "settings": _settings,
        "tables": _tables,
        "fields": _fields,
    }
    for name, of_target in sections.items():
        schema["properties"][name] |= {
            "type": _OPTIONAL,
            "additionalProperties": False,
            "properties": {target: of_target(target) for target in registry.names()},
        }
    schema["definitions"] |= {f"{target}_table": _table(target) for target in registry.names()}
    schema["definitions"]["columns"] |= {
        "additionalProperties": False,
        "properties": {kind: {"$ref": "#/definitions/names"} for kind in COLUMN_TYPES},
    }
    return schema


def rule_schema() -> Schema:
    """The schema of a rule's document, which looks at its ``trident:`` alone."""
    schema = _file("rule.json")
    keys = schema["properties"]["trident"]["properties"]
    exceeds = keys["baseline"]["properties"]["exceeds"]["properties"]
    exceeds["statistic"]["enum"] = list(STATISTICS)
    keys["entities"] |= {
        "type": ["array", "null"],
        "items": {"oneOf": [_entity(kind, names) for kind, names in entity_types().items()]},
    }
    schema["then"]["properties"]["trident"] = {"propertyNames": {"enum": list(METADATA_KEYS)}}
    return schema


SCHEMAS: Mapping[str, Callable[[], Schema]] = {"config": config_schema, "rule": rule_schema}
"""By the name that ``trident schema`` takes."""


def _file(name: str) -> Schema:
    text = resources.files("trident.app.schema").joinpath(name).read_text("utf-8")
    schema: Schema = json.loads(text)
    return schema


def _one_or_many(names: Iterable[str]) -> Schema:
    one = {"enum": list(names)}
    return {"anyOf": [one, {"type": "array", "items": one}]}


def _profiles(target: str) -> Schema:
    return _one_or_many(load_profiles(target))


def _settings(target: str) -> Schema:
    """The settings that a profile has; where tables name theirs (a macro, an index), any other
    text, too."""
    known: dict[str, Any] = {}
    for profile in load_profiles(target).values():
        known = merged(known, profile.settings)
    return _like(known, open_=bool(registry.target(target).table.needed))


def _like(value: Any, *, open_: bool) -> Schema:
    """The schema of a setting of the shipped one's kind."""
    if isinstance(value, Mapping):
        return {
            "type": "object",
            "properties": {name: _like(each, open_=open_) for name, each in value.items()},
            "additionalProperties": {"type": "string"} if open_ else False,
        }
    return {"type": {str: "string", list: "array", bool: "boolean", int: "integer"}[type(value)]}


def _shipped_tables(target: str) -> Mapping[str, Mapping[str, Any]]:
    """The settings of the target's tables by name."""
    return {
        source.table.name: source.table.settings
        for profile in load_profiles(target).values()
        for source in profile.sources
    }


def _table(target: str) -> Schema:
    settings = (each for table in _shipped_tables(target).values() for each in table.items())
    return {
        "type": _OPTIONAL,
        "additionalProperties": False,
        "properties": {
            "columns": {"$ref": "#/definitions/columns"},
            **{name: _like(value, open_=True) for name, value in settings},
        },
    }


def _tables(target: str) -> Schema:
    """Columns may be added to a shipped table; one of the user's own needs its settings."""
    table: Schema = {"$ref": f"#/definitions/{target}_table"}
    needed = list(registry.target(target).table.needed)
    if not needed:
        return {"type": _OPTIONAL, "additionalProperties": table}
    return {
        "type": _OPTIONAL,
        "properties": dict.fromkeys(sorted(_shipped_tables(target)), table),
        "additionalProperties": {"allOf": [table], "type": "object", "required": needed},
    }


def _fields(target: str) -> Schema:
    row: Schema = _file("config.json")["definitions"]["row"]
    row["properties"]["profiles"] |= _profiles(target)
    return {"type": "array", "items": row}


def _entity(kind: str, identifiers: Iterable[str]) -> Schema:
    return {
        "type": "object",
        "required": ["type"],
        "minProperties": 2,
        "additionalProperties": False,
        "properties": {
            "type": {"const": kind},
            **{name: {"type": "string"} for name in identifiers},
        },
    }
