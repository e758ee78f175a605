"""Splunk's configuration files, read as the vendor's texts describe them; no code of Trident's.

Admin Manual, *How to edit a configuration file* and *Structure of a configuration file*: a line
that ends in a backslash goes on in the next; ``#`` begins a comment line; ``[name]`` begins a
stanza; ``key = value`` with white space around both dropped; keys before any stanza are global.
Whether a continued line's break and indent stay in the value is not written down, so a reader can
be had either way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """What joins continued lines, and whether the next line's indent is dropped."""

    joint: str
    strips: bool


READINGS = (Reading("\n", False), Reading("\n", True), Reading("", False))


def read(text: str, reading: Reading = READINGS[0]) -> dict[str, dict[str, str]]:
    """Stanza -> key -> value; a key or stanza given twice is an error here."""
    stanzas: dict[str, dict[str, str]] = {}
    keys: dict[str, str] | None = None
    for line in _lines(text, reading):
        bare = line.strip()
        if not bare or bare[0] in "#;":
            continue
        if bare[0] == "[":
            name = bare[1 : bare.rindex("]")]
            assert name not in stanzas, name
            keys = stanzas[name] = {}
            continue
        key, equals, value = line.partition("=")
        assert equals, line
        assert keys is not None, f"global {line!r}"
        assert key.strip() not in keys, line
        keys[key.strip()] = value.strip()
    return stanzas


def _lines(text: str, reading: Reading) -> Iterator[str]:
    lines = iter(text.split("\n"))
    for line in lines:
        whole = line.rstrip("\r")
        while whole.endswith("\\"):
            following = next(lines).rstrip("\r")
            whole = (
                whole[:-1] + reading.joint + (following.lstrip() if reading.strips else following)
            )
        yield whole
