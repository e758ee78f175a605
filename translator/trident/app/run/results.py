"""What a run came to, taken from the cache when nothing that it was made from has changed."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trident.app.input.sources import Source, read_sources
from trident.app.run import cache


@dataclass(frozen=True, slots=True)
class Result:
    """What a run gives out: its product, its report (standard error) and its exit code."""

    content: bytes
    report: str
    code: int
    further: tuple[str, ...] = ()
    """Files that the run came to read besides its inputs: pipelines that ``trident.yml`` names."""
    lasting: bool = True
    """Whether the same inputs would come to the same another time."""


class Inputs:
    """The files that a run reads: rules, and others such as ``trident.yml``, which the run
    opens by itself."""

    def __init__(self, rules: Sequence[Source], others: Iterable[Path]) -> None:
        self.rules = rules
        self._others = tuple(str(path) for path in others)
        self._digests = self._read_others()

    def changed(self) -> bool:
        """Whether another file than the rules has changed since, so that nobody knows which
        content of it the run has seen."""
        return self._read_others() != self._digests

    def listed(self) -> list[Any]:
        """Names and digests of all, as values that JSON can write."""
        return [*map(_listed, self.rules), *self._digests]

    def _read_others(self) -> list[Any]:
        return _digests(self._others)


def kept(
    folder: Path | None, chosen: Sequence[Any], inputs: Inputs, make: Callable[[], Result]
) -> Result:
    """The result of a run with the options ``chosen``: from the cache in ``folder``, or made and
    put there. None for no cache.

    Raises:
        TridentError: what ``make`` raises; such a run leaves nothing in the cache.
    """
    if folder is None:
        return make()
    store = cache.Cache(folder)
    key = cache.key([*chosen, inputs.listed()])
    values = store.get(key)
    if values is not None:
        with contextlib.suppress(KeyError, ValueError):
            further = json.loads(values["further"])
            if _digests(name for name, *_ in further) != further:
                raise ValueError("a further file has changed")
            return Result(values["content"], values["report"].decode(), int(values["code"]))
    result = make()
    if result.lasting and not inputs.changed():
        made = {
            "content": result.content,
            "report": result.report.encode(),
            "code": str(result.code).encode(),
            "further": json.dumps(_digests(result.further)).encode(),
        }
        store.put(key, made)
    return result


def _digests(files: Iterable[str]) -> list[list[str]]:
    return [_listed(source) for source in read_sources(files)]


def _listed(source: Source) -> list[str]:
    return [source.name, source.digest, str(source.error or "")]
