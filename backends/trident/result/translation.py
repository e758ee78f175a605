"""The one result that everything downstream reads: a query, how faithful it is, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from trident.base.diagnostics import Diagnostic, codes
from trident.rule.plan import Identity

SCHEMA_VERSION = 1

QUERY = "query"
"""The kind of a companion that is one more query of the same rule."""


class Fidelity(StrEnum):
    """How the query's alerts relate to the definition's (docs/semantics.md), best first."""

    EXACT = "exact"
    COVERING = "covering"
    PARAMETERISED = "parameterised"
    SOUND = "sound"
    WIDE = "wide"
    REFUSED = "refused"


ACCEPTED = (Fidelity.EXACT, Fidelity.COVERING, Fidelity.PARAMETERISED)
"""The levels that a user gets without asking for more or fewer."""

PARTLY = (Fidelity.SOUND, Fidelity.WIDE)
"""The levels of a query that says a part of its rule: only where the user accepts them."""


class Proof(StrEnum):
    """What stands behind the fidelity, strongest first."""

    EXECUTED = "executed"
    PARSED = "parsed"
    REVIEWED = "reviewed"


class Checked(StrEnum):
    """What an independent parser has said of this very query, most first."""

    BOUND = "bound"
    """Valid, and each name and type is one of the profile's tables."""
    PARSED = "parsed"
    """Valid, in a language whose names nothing lists."""
    NOT = "not checked"


@dataclass(frozen=True, slots=True)
class Note:
    """A difference smaller than the fidelity level; ``code`` is in codes.yml."""

    code: str
    text: str

    @classmethod
    def of(cls, code: str, **values: object) -> Note:
        """The note ``code`` with the placeholders of its text filled from ``values``."""
        return cls(code, codes()[code]["text"].format(**values))


@dataclass(frozen=True, slots=True)
class AlertColumns:
    """The result columns that identify an alert: its time, and one per group-by name."""

    time: str
    group: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A ``${NAME}`` in the query; its value stands at ``path`` in ``companion``'s answer.

    ``type`` is ``number`` (a plain literal) or ``strings`` (a comma-separated list of quoted
    strings, ``""`` for an empty one).
    """

    type: str
    companion: str
    path: str


@dataclass(frozen=True, slots=True)
class Companion:
    """Something that goes with the query: the search request, a baseline request, a query.

    The body of a further query (kind ``query``) has its text under ``query``.
    """

    name: str
    kind: str
    body: Any


@dataclass(frozen=True, slots=True)
class Query:
    """What a renderer makes: the text and everything the text alone does not say.

    ``columns`` maps each named column and output field of the rule to its result column;
    ``features`` are the tests of its detections, for the capability table.
    """

    text: str
    alert: AlertColumns | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    companions: tuple[Companion, ...] = ()
    notes: tuple[Note, ...] = ()
    features: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """Every query to run: the text, and the companions that are further ones."""
        further = (each.body["query"] for each in self.companions if each.kind == QUERY)
        return (self.text, *further)

    @property
    def requests(self) -> tuple[Companion, ...]:
        """The companions that are no queries."""
        return tuple(companion for companion in self.companions if companion.kind != QUERY)


@dataclass(frozen=True, slots=True)
class Translation:
    """One rule in one target's language under one profile, or the reason why not."""

    rule: Identity
    target: str
    profile: str
    fidelity: Fidelity
    proof: Proof | None
    query: Query | None
    notes: tuple[Note, ...] = ()
    error: Diagnostic | None = None
    checked: Checked = Checked.NOT

    @property
    def level(self) -> str:
        """The fidelity as printed, with its proof: ``exact (executed)``."""
        return f"{self.fidelity} ({self.proof})" if self.proof else str(self.fidelity)

    def to_dict(self) -> dict[str, Any]:
        """The JSON shape of ``trident convert --format json``."""
        query, error = self.query, self.error
        alert = query.alert if query else None
        return {
            "rule": {
                "id": self.rule.id,
                "name": self.rule.name,
                "title": self.rule.title,
                "file": self.rule.span.path,
                "line": self.rule.span.line,
            },
            "target": self.target,
            "profile": self.profile,
            "fidelity": str(self.fidelity),
            "proof": str(self.proof) if self.proof else None,
            "checked": str(self.checked) if query else None,
            "query": query.text if query else None,
            "alert": {"time": alert.time, "group": dict(alert.group)} if alert else None,
            "parameters": {
                name: {"type": p.type, "companion": p.companion, "path": p.path}
                for name, p in (query.parameters if query else {}).items()
            },
            "companions": [
                {"name": c.name, "kind": c.kind, "body": c.body}
                for c in (query.companions if query else ())
            ],
            "notes": [{"code": note.code, "text": note.text} for note in self.notes],
            "error": (
                {
                    "code": error.code,
                    "message": error.message,
                    "hint": error.hint,
                    "config": error.remedy,
                }
                if error
                else None
            ),
        }
