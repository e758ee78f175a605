"""What rules mean, ready to be printed: a rule and all that it refers to, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from sigma.modifiers import reverse_modifier_mapping
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaRule

from trident.app.explain import triggers
from trident.app.explain.detections import Origin, detection_words
from trident.app.explain.values import Shown, visible
from trident.app.explain.words import Group, Item, Test, Words
from trident.rule.plan import Correlation, Identity, LogSource, Plan, Search
from trident.rule.rules import Ruleset

Items = Callable[[Search], Origin]
"""Tells the origins of a search's tests."""


@dataclass(frozen=True, slots=True)
class Line:
    """One test in words; ``detection`` names where the rule has it, ``written`` what was written
    where a modifier changes it."""

    text: str
    detection: tuple[str, ...] = ()
    written: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """Lines and blocks of which all, any, none or not all hold."""

    holds: str
    parts: tuple[Line | Block, ...]


@dataclass(frozen=True, slots=True)
class Meaning:
    """One rule in words: a detection rule has a ``logsource`` and ``matches``, a correlation
    ``fires`` and an ``alert``."""

    name: str
    title: str
    id: str | None
    file: str
    line: int
    kind: str
    logsource: str = ""
    matches: Line | Block | None = None
    refers_to: tuple[str, ...] = ()
    fires: tuple[str, ...] = ()
    alert: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    filters: tuple[str, ...] = field(default=())


def meanings(plan: Plan, items: Items, shown: Shown) -> tuple[Meaning, ...]:
    """The rule, then every rule below it in listed order, each once.

    Raises:
        Refusal: for a value in a detection that has no defined meaning.
    """
    meanings: dict[Identity, Meaning] = {}
    for each in _below(plan):
        if each.identity not in meanings:
            meanings[each.identity] = (
                _search(each, items(each), shown, each is plan)
                if isinstance(each, Search)
                else _correlation(each)
            )
    return tuple(meanings.values())


def items_of(ruleset: Ruleset) -> Items:
    """The origins of the tests of a ruleset's rules."""
    rules = {rule.identity: rule.sigma for rule in ruleset.rules}

    def items(search: Search) -> Origin:
        sigma = rules.get(search.identity)
        known = _items(sigma, ruleset) if isinstance(sigma, SigmaRule) else {}
        # A test's value is the very object that the item holds; equal values stand elsewhere.
        return lambda leaf: known.get(id(leaf.value))

    return items


def logsource_words(source: LogSource) -> str:
    """A log source as a rule writes it: ``category process_creation, product windows``."""
    named = {"category": source.category, "product": source.product, "service": source.service}
    parts = [f"{part} {visible(value)}" for part, value in named.items() if value]
    return ", ".join(parts) or "any"


def lines(words: Words, shown: Shown) -> Line | Block:
    """Words as they are printed."""
    if isinstance(words, Group):
        return Block(str(words.holds), tuple(lines(part, shown) for part in words.parts))
    return line(words, shown)


def line(test: Test, shown: Shown) -> Line:
    """One test as it is printed."""
    labels = dict.fromkeys(item.label for item in test.items)
    written = [
        f"written {visible(item.key)}: {shown.listed([shown.value(v) for v in item.values])} "
        f"({'; '.join(item.changes)})"
        for item in test.items
        if item.changes
    ]
    return Line(test.words(shown), tuple(map(visible, labels)), tuple(written))


def _below(plan: Plan) -> Iterator[Plan]:
    yield plan
    if isinstance(plan, Correlation):
        for branch in plan.branches:
            yield from _below(branch.matches)


def _search(plan: Search, origin: Origin, shown: Shown, alone: bool) -> Meaning:
    """A detection rule; its ``fields`` are shown only where it is translated ``alone``."""
    words = detection_words(plan.condition, origin)
    return Meaning(
        *_identity(plan.identity),
        kind="detection",
        logsource=logsource_words(plan.logsource),
        matches=lines(words, shown),
        shows=tuple(triggers.shows(plan.outputs)) if alone else (),
        filters=tuple(_filters(words)),
    )


def _correlation(plan: Correlation) -> Meaning:
    return Meaning(
        *_identity(plan.identity),
        kind="correlation",
        refers_to=tuple(triggers.name(branch) for branch in plan.branches),
        fires=(*triggers.fires(plan), *triggers.refers(plan)),
        alert=tuple(triggers.alert(plan)),
        shows=tuple(triggers.shows(plan.outputs, plan.columns)),
    )


def _identity(identity: Identity) -> tuple[str, str, str | None, str, int]:
    slug, title, span = visible(identity.slug), visible(identity.title), identity.span
    return slug, title, identity.id, span.file, span.line


def _filters(words: Words) -> dict[str, None]:
    if isinstance(words, Group):
        return {name: None for part in words.parts for name in _filters(part)}
    return {visible(item.filter): None for item in words.items if item.filter}


def _items(sigma: SigmaRule, ruleset: Ruleset) -> Mapping[int, Item]:
    items: dict[int, Item] = {}
    for name, detection in sigma.detection.detections.items():
        selection, narrowing = name, ruleset.narrowed_by.get(name)
        filtered_by = ""
        if narrowing is not None:
            # pySigma puts a prefix before the filter's own name of the detection.
            own = [key for key in narrowing.data["filter"] if name.endswith(f"_{key}")]
            selection = max(own, key=len, default=name)
            data = narrowing.data
            filtered_by = str(data.get("name") or data.get("title") or data.get("id"))
        for item in _detection_items(detection):
            made = Item(selection, _key(item), _written(item), filtered_by)
            items.update((id(value), made) for value in item.value)
    return items


def _detection_items(detection: SigmaDetection) -> Iterator[SigmaDetectionItem]:
    for item in detection.detection_items:
        if isinstance(item, SigmaDetection):
            yield from _detection_items(item)
        else:
            yield item


def _key(item: SigmaDetectionItem) -> str:
    names = [reverse_modifier_mapping[modifier.__name__] for modifier in item.modifiers]
    return "|".join([item.field or "", *names])


def _written(item: SigmaDetectionItem) -> tuple[str, ...]:
    return tuple(str(value) for value in item.original_value or ())
