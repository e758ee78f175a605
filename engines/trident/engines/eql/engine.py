"""Elastic EQL on the ``eql`` package, in a worker process that behaves as Elasticsearch.

No Elasticsearch takes part; what the worker models is described there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from trident.engines.eql.query_dsl import selects
from trident.engines.process import LineProcess, NoAnswer

Document = dict[str, Any]
"""Field name -> value as indexed; the time field holds microseconds since the epoch."""

_MODULE = "trident.engines.eql.worker"
_ROOT = Path(__file__).resolve().parents[3]
"""The folder that holds the package ``trident`` with the worker, however it is installed."""
_TICKS = 10_000
"""The engine's time units (100 ns) in a millisecond, the resolution of Elasticsearch's date."""


class EqlError(Exception):
    """A query that Elasticsearch would refuse, or that the worker could not run in time."""


@dataclass(frozen=True, slots=True)
class Found:
    """One result: its documents in order (one of an event query), and its join keys."""

    documents: tuple[Document, ...]
    keys: tuple[Any, ...]


class EqlEngine:
    """Parses and runs EQL in one worker process, started when needed and again after a fault."""

    def __init__(self, seconds: float = 20.0) -> None:
        self._worker = LineProcess(_MODULE, seconds, [str(_ROOT)])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker process."""
        self._worker.close()

    def parse(self, query: str, fields: Mapping[str, str] | None = None) -> str | None:
        """What is wrong with a query, None when it is valid; ``fields`` gives the known fields'
        types (those of ``Column``) and makes an unknown field or an unlike comparison an error."""
        answer = self._ask({"op": "parse", "query": query, "fields": fields and dict(fields)})
        error = answer["error"]
        return None if error is None else str(error)

    def run(self, query: str, documents: Iterable[Document], time: str) -> list[Found]:
        """The results of a query on documents, ``time`` being their time field.

        Raises:
            EqlError: for an invalid query, or one that exceeds the time limit.
        """
        ordered = sorted(documents, key=lambda document: int(document[time]))
        events = [
            [_category(document), document[time] // 1000 * _TICKS, _nested(document)]
            for document in ordered
        ]
        answer = self._ask({"op": "run", "query": query, "events": events})
        if answer["error"] is not None:
            raise EqlError(answer["error"])
        return [
            Found(tuple(ordered[index] for index in hit["events"]), tuple(hit["keys"]))
            for hit in answer["hits"]
        ]

    def search(
        self, request: Mapping[str, Any], documents: Iterable[Document], now: int
    ) -> list[Found]:
        """The results of a search request at ``now`` (microseconds), its filter applied."""
        body = request["body"]
        bounds = body.get("filter")
        seen = [d for d in documents if bounds is None or selects(bounds, d, now)]
        return self.run(body["query"], seen, body["timestamp_field"])

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._worker.ask(request)
        except NoAnswer as error:
            raise EqlError(f"the EQL worker failed: {error}") from error


def _category(document: Document) -> str:
    category = document.get("event.category", "generic")
    return str(category[0] if isinstance(category, list) else category)


def _nested(document: Document) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in document.items():
        *path, last = name.split(".")
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
        branch[last] = value
    return tree
