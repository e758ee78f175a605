"""Sigma filters that are not applied, as exception lists that an analyst may add to a rule.

Kibana takes an event that an exception matches out of everything that a rule reads, and compares
exactly (github.com/elastic/kibana, lists/server/services/exception_lists/build_exception_filter.ts:
``match_phrase`` on a keyword). So a list is made where that is what the filter means: it narrows
every base rule of the rule, and its tests ignore no case that the field has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from math import prod
from typing import Any
from uuid import UUID, uuid5

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
)
from sigma.rule import SigmaRule
from sigma.types import Placeholder, SigmaString

from trident.app.artifacts.deployment import Artifact, Deployment, Made
from trident.app.artifacts.elastic.files import line
from trident.app.artifacts.elastic.model import Json
from trident.app.artifacts.unique import Claim
from trident.base.diagnostics import Refusal, Severity, TridentError
from trident.elastic.typed import leaf
from trident.mapping.profiles import Profile
from trident.mapping.resolver import resolve, resolve_source
from trident.mapping.wording import reworded
from trident.predicates.leaf import Leaf, Op
from trident.rule.identifier import reference
from trident.rule.plan import LogSource, Search, searches
from trident.rule.rules import Rule

_MOST_ITEMS = 100
"""Alternatives of one filter; more would be a value list of its own in Kibana."""

Entries = list[Json]
"""The tests of one exception item, all of which an event passes."""


def exception_lists(deployments: Sequence[Deployment]) -> Made:
    """The import file with a list for each filter whose placeholders the site has filled."""
    made = Made()
    lines: list[Json] = []
    users: list[Deployment] = []
    for each in deployments[0].filters if deployments else ():
        wanted = [d for d in deployments if any(_narrows(each, s) for s in searches(d.plan))]
        if not wanted or _has_placeholder(_condition(each)):
            continue
        alike: list[tuple[list[Entries], list[str]]] = []
        for deployment in wanted:
            try:
                items = _items(each, deployment)
            except TridentError as error:
                made.refuse(deployment, error)
                continue
            users.append(deployment)
            titles = next((titles for known, titles in alike if known == items), None)
            if titles is None:
                alike.append((items, titles := []))
            titles.append(deployment.metadata.title)
        for number, (items, titles) in enumerate(alike, 1):
            written = list(_list(each, items, titles, f"{_place(deployments[0].profile)}/{number}"))
            identity = each.identity
            made.claims.append(Claim("list_id in Elastic", written[0]["list_id"], identity))
            lines += written
    if lines:
        count = sum("entries" in each for each in lines)
        details = {
            "exported_exception_list_count": len(lines) - count,
            "exported_exception_list_item_count": count,
            "missing_exception_list_item_count": 0,
            "missing_exception_list_items": [],
            "missing_exception_lists": [],
            "missing_exception_lists_count": 0,
        }
        text = "".join(map(line, [*lines, details]))
        made.artifacts.append(Artifact("exceptions.ndjson", text, tuple(users)))
    return made


def _list(each: Rule, items: Sequence[Entries], titles: Sequence[str], key: str) -> Iterator[Json]:
    """A list for the rules of these titles, and its items."""
    identity, data = each.identity, each.document.data
    list_id = str(uuid5(UUID(identity.id), key))
    common = {"namespace_type": "single", "os_types": [], "tags": []}
    about = str(data.get("description") or identity.title).strip()
    yield {
        "list_id": list_id,
        "name": identity.title,
        "description": f"{about}\n\nFor: {', '.join(titles)}.",
        "type": "detection",
        **common,
    }
    for number, entries in enumerate(items, 1):
        yield {
            "list_id": list_id,
            "item_id": str(uuid5(UUID(list_id), str(number))),
            "name": f"{identity.title} {number}",
            "description": about,
            "type": "simple",
            "entries": entries,
            "comments": [],
            **common,
        }


def _place(profile: Profile) -> str:
    return f"elastic/{profile.target}/{profile.name}"


def _items(each: Rule, deployment: Deployment) -> list[Entries]:
    """The filter as exception items for a rule, any of which takes an event out.

    Raises:
        TridentError: TRI752, a warning, where they would mean something else.
    """
    alternatives: list[list[Entries]] = []
    profile = deployment.profile
    try:
        if each.identity.id is None:
            raise _Differs("it has no id")
        for search in searches(deployment.plan):
            if not _narrows(each, search):
                raise _Differs(f"it leaves {search.identity.slug} alone, an exception would not")
            alternatives.append(_out(_condition(each), search, profile))
        if any(items != alternatives[0] for items in alternatives):
            raise _Differs("the rule's data sets have other fields for it")
    except (_Differs, Refusal) as reason:
        raise TridentError(
            "TRI752",
            f"the filter {each.identity.slug!r} is no exception list of "
            f"{deployment.planned.identity.slug} in {profile.target} profile {profile.name}: "
            f"{reason}",
            span=each.document.span,
            severity=Severity.WARNING,
        ) from reason
    return alternatives[0]


class _Differs(Exception):
    """Why exceptions cannot say a filter."""


def _out(condition: Any, search: Search, profile: Profile) -> list[Entries]:
    """What takes an event of a search out: the filter's condition is that it does not hold."""
    if not isinstance(condition, ConditionNOT):
        raise _Differs("an exception says what is left out, the filter what is kept")
    source = resolve_source(search.logsource, profile)
    lowered = source.table.settings.get("lowercase", ())

    def entry(test: ConditionFieldEqualsValueExpression) -> Json:
        read_leaf = leaf(resolve(search.logsource, test.field, profile), test.value)
        return {
            "field": read_leaf.column.name,
            "operator": "included",
            "type": "match",
            "value": _value(read_leaf, lowered),
        }

    def items(part: Any) -> list[Entries]:
        if isinstance(part, ConditionFieldEqualsValueExpression):
            return [[entry(part)]]
        if isinstance(part, ConditionOR):
            return _merged([item for arg in part.args for item in items(arg)])
        if isinstance(part, ConditionAND):
            choices = [items(arg) for arg in part.args]
            _check_number(prod(map(len, choices)))  # before any is made
            return [[test for item in each for test in item] for each in product(*choices)]
        raise _Differs("it negates a part, or looks for a keyword")

    (left_out,) = condition.args
    alternatives = items(reworded(left_out, source.wording))
    _check_number(len(alternatives))
    return alternatives


def _check_number(alternatives: int) -> None:
    if alternatives > _MOST_ITEMS:
        raise _Differs(f"it has {alternatives} alternatives")


def _value(test: Leaf, lowered: Iterable[str]) -> str:
    """What ``match`` compares with, where that is the same test."""
    value = test.value
    match test.op:
        case Op.EQUALS_CASED:
            return str(value)
        case Op.NUMBER | Op.BOOLEAN:
            return str(value).lower()
        case Op.EQUALS if test.column.name in lowered:
            return str(value).lower()
        case Op.EQUALS if str(value).lower() == str(value).upper():
            return str(value)
    raise _Differs(f"Kibana's match is not {test.op} of {test.column.name}, which ignores case")


def _merged(items: list[Entries]) -> list[Entries]:
    """Alternatives of one field as one item."""
    fields = {entry["field"] for item in items for entry in item}
    if len(items) < 2 or len(fields) > 1 or any(len(item) > 1 for item in items):
        return items
    values = [value for (entry,) in items for value in _values(entry)]
    return [[{**items[0][0], "type": "match_any", "value": list(dict.fromkeys(values))}]]


def _values(entry: Json) -> list[str]:
    value = entry["value"]
    return value if isinstance(value, list) else [value]


def _narrows(each: Rule, search: Search) -> bool:
    """Whether a filter names a base rule of its log source, as pySigma's filters do."""
    assert isinstance(each.sigma, SigmaRule)
    source, named = each.sigma.logsource, each.document.data["filter"].get("rules")
    if not LogSource(source.category, source.product, source.service).covers(search.logsource):
        return False
    if isinstance(named, str):
        return named.lower() == "any"
    return not {search.identity.name, search.identity.id}.isdisjoint(
        reference(str(name)) for name in named
    )


def _condition(each: Rule) -> Any:
    assert isinstance(each.sigma, SigmaRule)
    (condition,) = each.sigma.detection.parsed_condition
    return condition.parsed


def _has_placeholder(condition: Any) -> bool:
    if isinstance(condition, ConditionFieldEqualsValueExpression):
        value = condition.value
        return isinstance(value, SigmaString) and any(isinstance(p, Placeholder) for p in value.s)
    return any(map(_has_placeholder, getattr(condition, "args", ())))
