"""The search before the first pipe: what is read.

Pages: Search Reference, *search* (wildcards, case, quotes; IN is any of its values; words and
phrases of _raw), *Boolean expressions* (here OR binds closer than AND);
Search Manual, *Specify time modifiers in your search* (earliest is included, latest is not).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .errors import ModelError
from .parse import Reader, Token, unquote

Test = Callable[[dict[str, Any]], bool]


@dataclass(frozen=True)
class Search:
    test: Test
    earliest: int | None = None
    latest: int | None = None

    def keeps(self, event: dict[str, Any]) -> bool:
        if self.earliest is not None and event["_time"] < self.earliest:
            return False
        if self.latest is not None and event["_time"] >= self.latest:
            return False
        return self.test(event)


def read_search(tokens: list[Token], now: int) -> Search:
    bounds: dict[str, int] = {}
    rest: list[Token] = []
    at = 0
    while at < len(tokens):
        if tokens[at].text in ("earliest", "latest"):
            sign, number, unit = (token.text for token in tokens[at + 2 : at + 5])
            if unit != "s" or sign not in "+-":
                raise ModelError("time modifier")
            bounds[tokens[at].text] = now + int(sign + number)
            at += 5
        else:
            rest.append(tokens[at])
            at += 1
    reader = _SearchReader(rest)
    test = reader.conjunction()
    if not reader.done():
        raise ModelError(f"left over in the search: {rest[reader.at :]}")
    return Search(test, bounds.get("earliest"), bounds.get("latest"))


class _SearchReader(Reader):
    def conjunction(self) -> Test:
        parts = [self.disjunction()]
        while not self.done() and not self.peek(")"):
            if self.peek("AND"):
                self.take()
            parts.append(self.disjunction())
        return lambda event: all(part(event) for part in parts)

    def disjunction(self) -> Test:
        parts = [self.term()]
        while self.peek("OR"):
            self.take()
            parts.append(self.term())
        return lambda event: any(part(event) for part in parts)

    def term(self) -> Test:
        if self.peek("("):
            self.take("(")
            inner = self.conjunction()
            self.take(")")
            return inner
        token = self.take()
        if token.kind == "macro":
            return lambda event: event["_macro"] == token.text.strip("`")
        if token.kind == "string":
            name = unquote(token.text)
        elif token.kind == "word" and token.text.lower() not in ("not", "or", "and", "in"):
            name = token.text
        else:
            raise ModelError(f"search term {token.text}")
        if self.peek("IN"):
            self.take("IN")
            tests = [self.value(name) for _ in self.commas()]
            return lambda event: any(test(event) for test in tests)
        if self.peek("*"):
            name += self.take("*").text
        if not self.peek("="):
            return self.words(name)
        self.take("=")
        return self.value(name)

    def words(self, text: str) -> Test:
        """Words of ``_raw`` in any case, whole where no wildcard ends them."""
        body = ".*".join(map(re.escape, text.strip("*").split("*")))
        start = "" if text.startswith("*") else r"(?<![A-Za-z0-9])"
        end = "" if text.endswith("*") else r"(?![A-Za-z0-9])"
        pattern = re.compile(f"{start}{body}{end}", re.IGNORECASE | re.DOTALL)
        return lambda event: pattern.search(str(event.get("_raw", ""))) is not None

    def commas(self) -> Iterator[None]:
        """``(``, one item for each pass, commas between them, ``)``."""
        self.take("(")
        yield
        while self.peek(","):
            self.take(",")
            yield
        self.take(")")

    def value(self, name: str) -> Test:
        value = self.take()
        if value.kind not in ("string", "number"):
            raise ModelError("search value without quotes")
        text = unquote(value.text) if value.kind == "string" else value.text
        pattern = ".*".join(map(re.escape, text.split("*")))
        matches = re.compile(pattern, re.IGNORECASE | re.DOTALL)
        return lambda event: (
            event.get(name) not in (None, "") and matches.fullmatch(str(event[name])) is not None
        )
