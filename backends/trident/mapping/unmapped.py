"""What a profile does not have: the refusal with the lines that add it, or the name passed on.

``trident.yml`` maps a field to a column (``fields``), brings tables (``tables``) and settings; the
lines shown are such a file, with placeholders in capitals where only the site knows the name.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any

import yaml

from trident.base.diagnostics import Refusal
from trident.mapping.profiles import Profile, Source
from trident.rule.plan import LogSource
from trident.target import registry

Reason = tuple[str, str]
"""A refusal's message and hint."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_YAML_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})


def no_table(
    logsource: LogSource,
    profile: Profile,
    reason: str | None,
    known: dict[tuple[LogSource, str], Reason],
) -> Refusal:
    """The refusal of a log source without a table; ``known`` keeps what it says."""
    key = (logsource, "")
    if key not in known:
        near = difflib.get_close_matches(
            str(logsource), {str(source.logsource) for source in profile.sources}, n=2
        )
        others = f"this profile has {' and '.join(near)}; " if near else ""
        known[key] = (
            f"log source {logsource} has no table in {profile.target} profile {profile.name}"
            + (f": {reason}" if reason else ""),
            f"{others}add a table in trident.yml, with its own columns",
        )
    message, hint = known[key]
    return Refusal("TRI201", message, hint=hint)


def no_column(
    logsource: LogSource,
    name: str,
    profile: Profile,
    source: Source,
    known: dict[tuple[LogSource, str], Reason],
) -> Refusal:
    """The refusal of a field without a column; ``known`` keeps what it says."""
    key = (logsource, name)
    if key not in known:
        why = source.why_not(name)
        near = () if why else difflib.get_close_matches(name, source.fields, n=1, cutoff=0.6)
        guess = f"did you mean {near[0]}? " if near else ""
        known[key] = (
            f"field {name} of log source {logsource} has no column in "
            f"{source.table.name} ({profile.target} profile {profile.name})"
            + (f": {why}" if why else ""),
            f"{guess}map it in trident.yml, with the column for COLUMN",
        )
    message, hint = known[key]
    return Refusal("TRI202", message, hint=hint)


def field_lines(names: Iterable[str], profile: Profile, logsource: LogSource) -> str:
    """The lines of ``trident.yml`` that map fields of a log source that has a table."""
    mapped = ", ".join(f"{_scalar(name)}: COLUMN" for name in dict.fromkeys(names))
    return "\n".join(["fields:", *_row(profile, logsource, mapped)])


def table_lines(names: Iterable[str], profile: Profile, logsource: LogSource) -> str:
    """The lines that add a table for a log source, its columns called as the fields are."""
    named = [_scalar(name) for name in dict.fromkeys(names)]
    name = slug(logsource)
    values = {"name": name, "time": _scalar(profile.time), "columns": ", ".join(named)}
    form = registry.target(profile.target).table
    table = form.line.format(**values)
    lines = ["tables:", f"  {profile.target}:", f"    {table}"]
    if form.setting:
        setting = form.setting.format(**values)
        lines += ["settings:", f"  {profile.target}: {{{setting}}}"]
    mapped = ", ".join(f"{each}: {each}" for each in named)
    return "\n".join(
        [*lines, "fields:", *_row(profile, logsource, mapped, table.partition(":")[0])]
    )


def column_line(target: str, table: str, column: str) -> str:
    """The lines that declare a further column of a table."""
    declared = f"{_scalar(table)}: {{columns: {{string: [{_scalar(column)}]}}}}"
    return "\n".join(["tables:", f"  {target}:", f"    {declared}"])


def slug(logsource: LogSource) -> str:
    """A log source as one word: ``zeek_dns``."""
    parts = (logsource.category, logsource.product, logsource.service)
    return re.sub(r"[^a-z0-9]+", "_", "_".join(filter(None, parts)).lower()).strip("_") or "events"


def settings(logsource: LogSource, target: str) -> dict[str, Any] | None:
    """The settings of a table that passes a log source through; None where the target has none."""
    passed_on = registry.target(target).table.passed_on
    if passed_on is None:
        return None
    name = slug(logsource)
    return {
        key: value.format(name=name) if isinstance(value, str) else value
        for key, value in passed_on.items()
    }


def _row(profile: Profile, logsource: LogSource, mapped: str, table: str = "") -> list[str]:
    parts = (
        (part, getattr(logsource, part))
        for part in ("category", "product", "service")
        if getattr(logsource, part) is not None
    )
    written = ", ".join(f"{part}: {_scalar(value)}" for part, value in parts)
    return [
        f"  {profile.target}:",
        f"    - logsource: {{{written}}}",
        f"      profiles: [{profile.name}]",
        *([f"      table: {table}"] if table else []),
        f"      fields: {{{mapped}}}",
    ]


def _scalar(text: str) -> str:
    """A text as YAML reads it back."""
    if _PLAIN.fullmatch(text) and text.lower() not in _YAML_WORDS:
        return text
    return yaml.dump(text, default_style='"', width=10**9).strip()
