"""Splunk's configuration files: one template, and values that cannot leave their line.

Splunk's Admin Manual, *How to edit a configuration file*: a ``#`` begins a comment line, a
backslash at the end of a line continues the value on the next one, nothing else is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from trident.base.diagnostics import Severity, TridentError
from trident.base.printable import HIDDEN, hidden

if TYPE_CHECKING:
    from jinja2 import Template

Stanzas = Mapping[str, Mapping[str, str]]
"""Stanza name -> key -> value, in the order of the file."""


def conf(comment: str, stanzas: Stanzas) -> str:
    """A configuration file that begins with ``comment``.

    Raises:
        TridentError: TRI731 for a value that no line can hold.
    """
    return _template().render(comment=comment, stanzas=stanzas)


def value(text: str) -> str:
    """A value as its line or lines.

    Raises:
        TridentError: TRI731 (a refusal) for a hidden character, which the file has no escape for,
            or a line that ends in a backslash, which would take in the next line.
    """
    lines = [line.rstrip(" ") for line in text.strip(" \t\n").split("\n")]
    for line in lines:
        if line.endswith("\\") or hidden(line.replace("\t", " ")):
            raise TridentError(
                "TRI731",
                f"a Splunk configuration file cannot hold {line[-60:]!a}",
                severity=Severity.REFUSED,
            )
    return " \\\n".join(lines)


def prose(text: str) -> str:
    """A text of the rule's author as one line: blanks for line breaks, without hidden characters,
    which the file has no escape for; a backslash at its end is no continuation."""
    spaced = " ".join(text.split())
    kept = HIDDEN.sub("", spaced).strip()
    return f"{kept} ." if kept.endswith("\\") else kept


def untokened(text: str) -> str:
    """``prose`` for values in which Splunk replaces ``$field$``: a wide dollar sign is none."""
    return prose(text).replace("$", "\uff04")


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("trident.app.artifacts.splunk", "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["value"] = value
    return environment.get_template("conf.j2")
