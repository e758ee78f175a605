"""A rule's investigation guide: what is supposed, how true the query is, how its runs behave."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from trident.app.artifacts.deployment import Deployment
from trident.base.printable import printable
from trident.result.translation import Note

MAX_SIGNALS = 1000
"""Alerts that one run may make: as many as Kibana allows unless its settings say otherwise
("Alerting settings", xpack.alerting.rules.run.alerts.max). An EQL search returns no more either."""

_SEARCHES = ("TRI450", "TRI471")
"""Notes on the size of a search's answer: that of a rule is ``max_signals`` (TRI764)."""


@dataclass(frozen=True, slots=True)
class Part:
    """One rule of a deployment: number ``number`` of its ``of`` queries."""

    deployment: Deployment
    number: int
    of: int
    query: str

    @property
    def suffix(self) -> str:
        """What tells the rules of one deployment apart; nothing for the first."""
        return f".{self.number}" if self.number > 1 else ""

    @property
    def index(self) -> list[str]:
        """The index patterns that the query reads, from the search request that goes with it."""
        query = self.deployment.rule.query
        assert query is not None
        wanted = "search-request" + self.suffix.replace(".", "-")
        path = next(each.body["path"] for each in query.companions if each.name == wanted)
        return str(path).split("/")[1].split(",")


def aggregates(query: str) -> bool:
    """Whether Kibana takes an ES|QL query for an aggregating one: it has a ``STATS`` command
    (kbn-securitysolution-utils, compute_if_esql_query_aggregating.ts)."""
    return any(line.lstrip(" (").startswith("| STATS ") for line in query.splitlines())


def note(part: Part, suppressed: bool) -> str:
    """The investigation guide: the hypothesis, how true the query is, and how its runs behave."""
    deployment = part.deployment
    rule, paragraphs = deployment.rule, []
    if deployment.metadata.hypothesis:
        paragraphs += ["## Hypothesis", markdown(deployment.metadata.hypothesis)]
    notes = [note for note in rule.notes if note.code not in _SEARCHES]
    notes += _run_notes(part, suppressed)
    told = "\n".join(f"- {note.code}: {markdown(note.text)}" for note in notes)
    paragraphs += ["## Translation", f"By Trident: {rule.level}.", told]
    return "\n\n".join(filter(None, paragraphs))


def _run_notes(part: Part, suppressed: bool) -> Iterator[Note]:
    if part.of > 1:
        yield Note.of("TRI760", number=part.number, of=part.of)
    if part.deployment.bounded:
        overlap = part.deployment.overlap
        yield Note.of("TRI761", overlap=overlap)
        if aggregates(part.query):
            yield Note.of("TRI762" if suppressed else "TRI763", overlap=overlap)
    yield Note.of("TRI764", most=f"{MAX_SIGNALS:,}")


def markdown(text: str) -> str:
    """A text as Markdown that shows it: no links, code, HTML or Kibana's ``!{...}`` in it, and
    nothing that is hidden."""
    shown = "\n".join(map(printable, text.split("\n")))
    return re.sub(r"([\\`*{}\[\]<>!#])", r"\\\1", shown)
