"""YAML text to plain data, once and fast, with places when a diagnostic needs one.

libyaml composes the nodes; a few lines of Python turn them into data. That is as fast as
PyYAML's own C loader, and sees what that one loses: duplicate keys, what aliases expand to, and
where each key stands. Nodes are dropped at once (they take ten times the text's memory) and
composed again for the rare key whose place is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import yaml

from trident.base.diagnostics import Diagnostic, Span, TridentError
from trident.rule.misread import Misread, differs

MAX_DEPTH = 100
"""Levels of nesting in one document; a Sigma rule has less than ten."""

MAX_EXPANSION = 10_000
"""Values that aliases may add to a document; the limit of pySigma 2 (MAX_ALIAS_EXPANSION)."""

MAX_VALUES = 250_000
"""Values in one document: as nodes they take a few hundred bytes each, before they are a rule."""

_OPENERS = 10_000
"""From here on the text could nest so deep that libyaml's composer overflows the C stack."""

_HEADLINES = ("title", "correlation", "detection", "filter")
_SEPARATOR = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_PREAMBLE = re.compile(r"(?:[ \t]*(?:#.*|%.*)?\n)*")
_NAME = re.compile(r"^(?:name|id):[ \t]*([\"']?)([^\s\"'#]+)\1", re.MULTILINE)
_STR, _MAP, _SEQ, _MERGE = (f"tag:yaml.org,2002:{tag}" for tag in ("str", "map", "seq", "merge"))
_BEING_BUILT = object()
_BLOCKS = ("|", ">")
_COMPARED = ("detection", "filter")


class Mark(Protocol):
    """A position as PyYAML and libyaml both give it, counted from 0."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document stands: its file, its text, the number of the text's first line."""

    file: str
    text: str
    line: int

    def span(self, mark: Mark | None) -> Span:
        """The span of a mark in this document's text; of its first line for None."""
        if mark is None:
            return Span(self.file, self.line)
        return Span(self.file, self.line + mark.line, mark.column + 1)


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One document's data, the place of its headline (title, else correlation, ...), and what
    YAML reads otherwise than it is written in its detection."""

    data: Any
    span: Span
    place: Place
    misread: tuple[Misread, ...] = ()


@dataclass(frozen=True, slots=True)
class BrokenDocument:
    """A document without data: why, and the names under which other documents refer to it."""

    diagnostic: Diagnostic
    names: tuple[str, ...] = ()


def read_documents(text: str, file: str = "") -> Iterator[YamlDocument | BrokenDocument]:
    """The documents of a YAML text in order; empty ones are skipped.

    The text is cut at its ``---`` lines first (a line that no YAML scalar can hold), so that a
    syntax error costs its own document only.
    """
    for place in split(text, file):
        try:
            _check_limits(place)
            node = _compose(place)
            if node is None:
                continue
            builder = _Builder(place)
            data = builder.build(node)
            if data is not None:
                span = place.span(_headline(node))
                yield YamlDocument(data, span, place, tuple(builder.misread))
        except yaml.YAMLError as error:
            yield _broken(_syntax_error(error, place), place)
        except TridentError as error:
            yield _broken(error, place)


def locate(places: Sequence[Place], path: Sequence[str | int]) -> Span:
    """The place of the key or list item at ``path``, looked for in each place in turn.

    Where no place has the whole path, the last part that the first place has is given.
    """
    nearest: Span | None = None
    for place in places:
        node = _recompose(place)
        assert node is not None
        mark, complete = _walk(node, path)
        if complete:
            return place.span(mark)
        nearest = nearest or place.span(mark)
    return nearest or Span()


def split(text: str, file: str) -> Iterator[Place]:
    """The documents of a YAML text as texts, cut at the ``---`` lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    start, line = 0, 1
    for match in _SEPARATOR.finditer(text):
        chunk = text[start : match.start()]
        if _PREAMBLE.fullmatch(chunk):
            continue
        yield Place(file, chunk, line)
        start, line = match.start(), line + chunk.count("\n")
    yield Place(file, text[start:], line)


class _Composer(yaml.CSafeLoader):
    """libyaml's composer with the safe schema's tags, found without the path resolvers and
    wildcards that PyYAML looks through at every node and that this schema has none of."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        """The tag of a node that has none: as ``yaml.resolver.Resolver.resolve`` says."""
        if kind is yaml.ScalarNode:
            if implicit[0]:
                for tag, regex in self.yaml_implicit_resolvers.get(value[:1], ()):
                    if regex.match(value):
                        return str(tag)
            return _STR
        return _SEQ if kind is yaml.SequenceNode else _MAP

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        """Nothing to keep on the way down."""

    def ascend_resolver(self) -> None:
        """Nothing to drop on the way up."""


def _compose(place: Place) -> yaml.Node | None:
    loader = _Composer(place.text)
    try:
        node: yaml.Node | None = loader.get_single_node()
        return node
    finally:
        loader.dispose()


_recompose = lru_cache(maxsize=4)(_compose)


def _walk(node: yaml.Node, path: Sequence[str | int]) -> tuple[Mark, bool]:
    mark: Mark = node.start_mark
    for step in path:
        if isinstance(node, yaml.MappingNode):
            entry = next(((k, v) for k, v in node.value if k.value == str(step)), None)
            if entry is None:
                return mark, False
            mark, node = entry[0].start_mark, entry[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            if step >= len(node.value):
                return mark, False
            node = node.value[step]
            mark = node.start_mark
        else:
            return mark, False
    return mark, True


class _Builder:
    """Builds one document's data from its nodes."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.built: dict[int, Any] = {}
        self.sizes: dict[int, int] = {}
        self.total = 0
        self.expanded = 0
        self.depth = 0
        self.scalars = yaml.constructor.SafeConstructor()
        self.misread: list[Misread] = []
        self.compared = False
        """Whether what is built stands where values are compared: in a detection."""
        self.key: Any = ""
        """The nearest key above what is built."""

    def build(self, node: yaml.Node) -> Any:
        self.total += 1
        if isinstance(node, yaml.ScalarNode):
            value = node.value if node.tag == _STR else self._convert(node)
            if self.compared and differs(node.value, value, node.style in _BLOCKS):
                self._note(node, value, self.key)
            return value
        known = self.built.get(id(node))
        if known is not None:
            return self._alias(node, known)
        before, above = self.total, self.key
        self.built[id(node)] = _BEING_BUILT
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _too_deep(self.place.span(node.start_mark))
        if isinstance(node, yaml.MappingNode) and node.tag == _MAP:
            value = self._mapping(node)
        elif node.tag == _SEQ:
            value = [self.build(item) for item in node.value]
        else:
            value = self._convert(node)
        self.depth -= 1
        self.key = above
        self.built[id(node)] = value
        self.sizes[id(node)] = self.total - before
        return value

    def _mapping(self, node: yaml.MappingNode) -> dict[Any, Any]:
        value: dict[Any, Any] = {}
        merged: dict[Any, Any] = {}
        for key_node, item in node.value:
            if key_node.tag == _MERGE:
                for source in self._merge_sources(item):
                    merged = {**source, **merged}
                continue
            key = self._key(key_node)
            try:
                repeated = key in value
            except TypeError:
                raise self._error("TRI002", "a list or mapping cannot be a key", key_node) from None
            if repeated:
                first = next(k for k, _ in node.value if k.value == key_node.value)
                line = self.place.span(first.start_mark).line
                raise self._error("TRI003", f"key {key!r} stands in line {line} already", key_node)
            if self.depth == 1:
                self.compared = key in _COMPARED
            self.key = key
            value[key] = self.build(item)
        return {**merged, **value} if merged else value

    def _key(self, node: yaml.Node) -> Any:
        """A key; one that is no text is noted where it should name a field."""
        compared, self.compared = self.compared, False
        key = self.build(node)
        self.compared = compared
        if compared and self.depth > 2 and isinstance(node, yaml.ScalarNode) and key != node.value:
            self._note(node, key, key, is_key=True)
        return key

    def _note(self, node: yaml.ScalarNode, value: Any, key: Any, *, is_key: bool = False) -> None:
        span = self.place.span(node.start_mark)
        self.misread.append(Misread(node.value, value, str(key), is_key, span))

    def _merge_sources(self, node: yaml.Node) -> list[dict[Any, Any]]:
        built = self.build(node)
        sources = built if isinstance(built, list) else [built]
        if not all(isinstance(source, dict) for source in sources):
            raise self._error("TRI002", "<< merges mappings only", node)
        return sources

    def _alias(self, node: yaml.Node, known: Any) -> Any:
        if known is _BEING_BUILT:
            raise self._error("TRI005", "an alias refers to a value that contains it", node)
        self.total += self.sizes[id(node)]
        self.expanded += self.sizes[id(node)]
        if self.expanded > MAX_EXPANSION:
            raise self._error("TRI005", f"aliases add more than {MAX_EXPANSION} values", node)
        return known

    def _convert(self, node: yaml.Node) -> Any:
        try:
            return self.scalars.construct_object(node, deep=True)
        except yaml.YAMLError as error:
            raise _syntax_error(error, self.place) from error
        except (ValueError, OverflowError, RecursionError) as error:
            raise self._error("TRI002", f"not a valid value: {error}", node) from error
        except (AttributeError, LookupError) as error:
            # PyYAML's constructors take it that the value gave the tag, not a person.
            kind = node.tag.rpartition(":")[2]
            raise self._error("TRI002", f"not a valid !!{kind}", node) from error

    def _error(self, code: str, message: str, node: yaml.Node) -> TridentError:
        return TridentError(code, message, span=self.place.span(node.start_mark))


def _headline(node: yaml.Node) -> Mark:
    if isinstance(node, yaml.MappingNode):
        marks: dict[str, Mark] = {
            key.value: key.start_mark for key, _ in node.value if key.tag == _STR
        }
        for headline in _HEADLINES:
            if headline in marks:
                return marks[headline]
    mark: Mark = node.start_mark
    return mark


def _check_limits(place: Place) -> None:
    many = sum(map(place.text.count, (",", "\n"))) > MAX_VALUES
    if not many and sum(map(place.text.count, ("[", "{", "- ", "? "))) < _OPENERS:
        return
    depth = values = 0
    try:
        for event in yaml.parse(place.text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.ScalarEvent):
                values += 1
                if values > MAX_VALUES:
                    raise TridentError(
                        "TRI006", f"more than {MAX_VALUES:,} values", span=place.span(None)
                    )
            elif isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    raise _too_deep(place.span(event.start_mark))
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        return  # composing stops at the same place and reports it


def _syntax_error(error: yaml.YAMLError, place: Place) -> TridentError:
    """What the parser says; nesting that libyaml itself gives up on (from 0.2.6 on, as its
    scanner's MAX_NESTING_LEVEL says) is the finding that ``_check_limits`` would have made."""
    span, message = _explain(error, place)
    if "exceeded maximum nesting depth" in message:
        return _too_deep(span)
    return TridentError("TRI002", message, span=span)


def _too_deep(span: Span) -> TridentError:
    return TridentError("TRI007", f"more than {MAX_DEPTH} levels of nesting", span=span)


def _explain(error: yaml.YAMLError, place: Place) -> tuple[Span, str]:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        message = ", ".join(part for part in (error.context, error.problem) if part)
        return place.span(mark), message
    if isinstance(error, yaml.reader.ReaderError):
        before = place.text.encode()[: error.position].decode(errors="replace").split("\n")
        span = Span(place.file, place.line + len(before) - 1, len(before[-1]) + 1)
        return span, f"character U+{error.character:04X} is not allowed"
    return place.span(None), str(error)


def _broken(error: TridentError, place: Place) -> BrokenDocument:
    names = tuple(match[2] for match in _NAME.finditer(place.text))
    return BrokenDocument(error.diagnostic, names)
