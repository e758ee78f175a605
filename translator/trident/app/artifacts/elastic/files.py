"""Rules as files: Kibana's import format (NDJSON), and the detection-rules repository's (TOML)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trident.base.printable import escaped_file

MOST_RULES = 10_000
MOST_BYTES = 10_485_760
"""What Kibana imports at once, unless its settings say otherwise: github.com/elastic/kibana,
security_solution/server/config.ts, maxRuleImportExportSize and maxRuleImportPayloadBytes."""

_HEADROOM = 4096
"""Bytes kept for the line of export details and the multipart form around the file."""


def ndjson(rules: Sequence[Mapping[str, Any]]) -> str:
    """One import file: a rule a line, then the line of export details that Kibana's own exports
    end with."""
    details = {
        "exported_count": len(rules),
        "exported_rules_count": len(rules),
        "missing_rules": [],
        "missing_rules_count": 0,
        "exported_exception_list_count": 0,
        "exported_exception_list_item_count": 0,
        "missing_exception_list_item_count": 0,
        "missing_exception_list_items": [],
        "missing_exception_lists": [],
        "missing_exception_lists_count": 0,
    }
    return "".join(map(line, [*rules, details]))


def line(content: Mapping[str, Any]) -> str:
    """One line of NDJSON, in ASCII: a line break in a text is an escape."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")) + "\n"


def portions(
    rules: Sequence[Mapping[str, Any]], most: int = MOST_RULES, size: int = MOST_BYTES - _HEADROOM
) -> Iterator[slice]:
    """Which rules go into one import file each, so that Kibana takes every one of them."""
    first, used = 0, 0
    for number, rule in enumerate(rules):
        length = len(line(rule))
        if number > first and (number - first == most or used + length > size):
            yield slice(first, number)
            first, used = number, 0
        used += length
    yield slice(first, len(rules))


def toml(metadata: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
    """One rule file in the detection-rules repository's layout: texts of several lines as such.

    A carriage return is kept: TOML's own notation of several lines would drop it.
    """
    import tomli_w

    content = {"metadata": metadata, "rule": rule}
    escapes = json.dumps(content).replace("\\\\", "")
    # The writer's strings are basic ones, which have escapes by number (TOML 1.0.0, String).
    return escaped_file(tomli_w.dumps(content, multiline_strings="\\r" not in escapes))
