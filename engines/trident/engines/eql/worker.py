"""The process that runs the ``eql`` package set up to behave as Elasticsearch.

The package's parser and engine need global patches and carry the AGPL, so they live in a process
of their own: ``python -m trident.engines.eql.worker`` answers one JSON line per JSON
line. ``eql.py`` beside it is the client; nothing else imports this module.

Where the engine differs from Elasticsearch ("EQL syntax reference") it is patched: regular
expressions match the whole value in Lucene's grammar, ``?`` is a wildcard, ``==``, ``in``,
``like``, ``regex`` and join keys are exact, case folds for ASCII only, an event with a missing key
takes no part, a test on an array holds for any element.
"""

from __future__ import annotations

import ipaddress
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from eql import Event, PythonEngine, ast, parse_query, parser
from eql.errors import EqlError
from eql.schema import Schema
from eql.utils import ParserConfig

from trident.engines.eql.lucene import to_python, wildcard_to_python

FUNCTIONS = (
    *("add", "between", "cidrMatch", "concat", "divide", "endsWith", "indexOf", "length"),
    *("modulo", "multiply", "number", "startsWith", "string", "stringContains", "substring"),
    "subtract",
)
"""Elastic's "EQL function reference"."""

PIPES = ("head", "tail")
"""Elastic's "EQL pipe reference"."""

_TESTS = {
    ":": "testLike",
    "like~": "testLike",
    "like": "testLikeCased",
    "regex~": "testRegex",
    "regex": "testRegexCased",
}
_TYPES = {"string": "string", "text": "string", "ip": "string", "bool": "boolean"}
_NUMBER = "number"

Test = Callable[[Any], bool]


class ElasticsearchParser(parser.LarkToEQL):  # type: ignore[misc]
    """Keeps apart what the package reads alike: the cased and the folding tests."""

    def string_predicate(self, node: Any) -> Any:
        """A pattern test as a call of the function that stands for its operator."""
        predicate = super().string_predicate(node)
        arguments = predicate.node.arguments
        predicate.node = ast.FunctionCall(_TESTS[str(node["STRING_PREDICATE"])], arguments)
        return predicate

    def in_set(self, node: Any) -> Any:
        """``in~`` is not written by Trident and not modelled here."""
        if str(node.get("IN")) == "in~":
            raise self._error(node, "in~ is not modelled")
        return super().in_set(node)


class OpenSchema(Schema):  # type: ignore[misc]
    """One set of fields for every event category."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        tree: dict[str, Any] = {}
        for name, kind in fields.items():
            *path, last = name.split(".")
            branch = tree
            for part in path:
                branch = branch.setdefault(part, {})
            branch[last] = _TYPES.get(kind, _NUMBER)
        super().__init__({"generic": tree})

    def validate_event_type(self, event_type: str) -> bool:
        """Categories are data."""
        return True

    def get_event_type_hint(self, event_type: str, path: Any) -> Any:
        """The type of a field, the same in every category."""
        return super().get_event_type_hint("generic", path)


class ElasticsearchEngine(PythonEngine):  # type: ignore[misc]
    """Compares as Elasticsearch does."""

    def _convert_key(
        self, args: Any, scoped: bool = True, piped: bool = False, insensitive: bool = True
    ) -> Any:
        return super()._convert_key(args, scoped=scoped, piped=piped, insensitive=False)

    def _convert_comparison(self, node: Any) -> Any:
        left, right = self.convert(node.left), self.convert(node.right)
        compare = self.check_types(node.function)
        return lambda scope: _any(left(scope), lambda value: compare(value, right(scope)))

    def _convert_in_set(self, node: Any) -> Any:
        get = self.convert(node.expression)
        values = [item.value for item in node.container]
        return lambda scope: _any(get(scope), lambda value: value in values)

    def _pattern(self, arguments: Any, compile_one: Callable[[str], re.Pattern[str]]) -> Any:
        get = self.convert(arguments[0])
        patterns = [compile_one(literal.value) for literal in arguments[1:]]

        def test(value: Any) -> bool:
            return isinstance(value, str) and any(p.fullmatch(value) for p in patterns)

        return lambda scope: _any(get(scope), test)

    def _function_test_like(self, arguments: Any) -> Any:
        return self._pattern(arguments, lambda text: wildcard_to_python(text, fold=True))

    def _function_test_like_cased(self, arguments: Any) -> Any:
        return self._pattern(arguments, lambda text: wildcard_to_python(text, fold=False))

    def _function_test_regex(self, arguments: Any) -> Any:
        return self._pattern(arguments, lambda text: to_python(text, fold=True))

    def _function_test_regex_cased(self, arguments: Any) -> Any:
        return self._pattern(arguments, lambda text: to_python(text, fold=False))

    def _function_cidr_match(self, arguments: Any) -> Any:
        get = self.convert(arguments[0])
        networks = [ipaddress.ip_network(literal.value) for literal in arguments[1:]]

        def test(value: Any) -> bool:
            return any(ipaddress.ip_address(value) in network for network in networks)

        return lambda scope: _any(get(scope), test)


def _any(value: Any, test: Test) -> bool | None:
    """A test on a field: null on a missing one, any element of an array."""
    if value is None:
        return None
    return any(test(item) for item in value) if isinstance(value, list) else test(value)


def parse(query: str, fields: tuple[tuple[str, str], ...]) -> Any:
    """The query's tree, checked against the fields' types when there are any.

    Raises:
        EqlError: for what Elasticsearch would not accept.
    """
    settings = ParserConfig(
        elasticsearch_syntax=True,
        reject_field_comparisons=True,
        allow_runs=True,
        optimized=False,
        allowed_functions=FUNCTIONS,
        allowed_pipes=PIPES,
    )
    schema = OpenSchema(dict(fields)) if fields else ParserConfig()
    with settings, schema:
        tree = parse_query(query)
    for node in tree:
        if isinstance(node, ast.Join | ast.NamedSubquery):
            raise EqlError(f"Elasticsearch has no {type(node).__name__}")
        if isinstance(node, ast.FunctionCall) and node.name in ("testRegex", "testRegexCased"):
            for literal in node.arguments[1:]:
                _check_regex(literal.value)
    steps = getattr(tree.first, "queries", None)
    if steps is not None and len(steps) < 2:
        raise EqlError("Elasticsearch has no sequence of one step")
    for subquery in steps or ():
        if "fork" in (subquery.data or {}):
            raise EqlError("Elasticsearch has no fork")
    return tree


def _check_regex(pattern: str) -> None:
    try:
        to_python(pattern, fold=False)
    except ValueError as error:
        raise EqlError(str(error)) from error


@lru_cache(maxsize=256)
def prepare(query: str) -> Any:
    """The query's tree in which an event without a join key matches no step."""
    tree = parse(query, ())
    close = getattr(tree.first, "close", None)
    steps = {id(step): step for step in (*getattr(tree.first, "queries", ()), close) if step}
    for step in steps.values():  # `with runs` repeats one step
        keys = [ast.IsNotNull(key) for key in step.join_values]
        step.query.query = ast.And([step.query.query, *keys]) if keys else step.query.query
    return tree


def run(query: str, events: list[list[Any]]) -> Iterator[dict[str, Any]]:
    """Each result: the positions of its events and the values of its join keys.

    ``events`` are [category, time in units of 100 ns, document], sorted by time.
    """
    tree = prepare(query)
    engine = ElasticsearchEngine()
    hits: list[list[Event]] = []
    engine.add_query(tree)
    engine.add_output_hook(lambda output: hits.append(output.events))
    stream = [Event(category, time, document) for category, time, document in events]
    position = {id(event): index for index, event in enumerate(stream)}
    engine.stream_events(stream)
    steps = getattr(tree.first, "queries", ())
    keys = steps[-1].join_values if steps else []
    for hit in hits:
        yield {
            "events": [position[id(event)] for event in hit],
            "keys": [_read(hit[-1].data, key) for key in keys],
        }


def _read(document: Any, key: Any) -> Any:
    for part in (key.base, *key.path):
        document = document.get(part) if isinstance(document, dict) else None
    return document


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to one request; an error of the query is part of it."""
    try:
        if request["op"] == "parse":
            parse(request["query"], tuple(sorted((request["fields"] or {}).items())))
            return {"error": None}
        return {"error": None, "hits": list(run(request["query"], request["events"]))}
    except (EqlError, ValueError) as error:
        return {"error": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Say that the process is ready, then answer requests until the input ends."""
    parser.LarkToEQL = ElasticsearchParser
    # The package's own pattern swallows everything between two escapes.
    ast.String.unescape = classmethod(_unescape)
    # A field's name may hold a blank, in a query between backquotes; the package denies it.
    Schema.validate_schema = lambda _: True
    _say("ready")
    for line in sys.stdin:
        _say(answer(json.loads(line)))


def _say(message: Any) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _unescape(cls: Any, text: str) -> str:
    def decoded(match: re.Match[str]) -> str:
        escape = match.group()
        if escape.startswith("\\u"):
            return chr(int(escape[3:-1], 16))
        return str(cls.reverse_patterns[escape])

    return re.sub(r"\\u\{[0-9A-Fa-f]+\}|\\[^u]", decoded, text)


if __name__ == "__main__":
    main()
