"""What a rule says about itself: id, title, description, status, level, dates."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from trident.app.check.conventions import conventions, warning
from trident.base.diagnostics import Diagnostic
from trident.rule.plan import Identity
from trident.rule.rules import Rule


def metadata(rules: Iterable[Rule], emitted: Collection[Identity]) -> Iterator[Diagnostic]:
    """Findings about ids, titles and the rest; a rule without a query of its own, which only
    correlations read, needs a title alone."""
    titles: dict[str, Rule] = {}
    for rule in rules:
        yield from _title(rule)
        yield from _dates(rule)
        yield from _lists(rule)
        if rule.identity in emitted:
            yield from _wanted(rule)
        title = rule.identity.title
        first = titles.setdefault(title, rule)
        if title and first is not rule:
            yield warning(
                "TRI603",
                f"the title stands at {first.document.span} already",
                rule.document.at("title"),
            )


def _wanted(rule: Rule) -> Iterator[Diagnostic]:
    for key, code in conventions()["wanted"].items():
        if not rule.document.data.get(key):
            yield warning(code, f"the rule has no {key}", rule.document.span)
    status = str(rule.document.data.get("status"))
    if status in conventions()["retired"]:
        yield warning("TRI612", f"the rule is {status}", rule.document.at("status"))


def _title(rule: Rule) -> Iterator[Diagnostic]:
    title, limits, span = rule.identity.title, conventions()["title"], rule.document.at
    if len(title) > limits["longest"]:
        message = f"{len(title)} characters, {limits['longest']} are usual"
        yield warning("TRI604", message, span("title"))
    first, _, _ = title.partition(" ")
    if first in limits["not_first"]:
        yield warning("TRI605", f"the title begins with {first}", span("title"))
    if title.endswith(limits["not_last"]):
        yield warning("TRI605", f"the title ends in {limits['not_last']!r}", span("title"))


def _lists(rule: Rule) -> Iterator[Diagnostic]:
    for key in conventions()["lists"]:
        listed = rule.document.data.get(key)
        for index, entry in enumerate(listed if isinstance(listed, list) else ()):
            if not isinstance(entry, str):
                span = rule.document.at(key, index)
                yield warning("TRI614", f"{key} holds {entry!r}, no text", span)


def _dates(rule: Rule) -> Iterator[Diagnostic]:
    for key in ("date", "modified"):
        if "/" in str(rule.document.data.get(key)):
            yield warning("TRI615", f"{key} with slashes", rule.document.at(key))
    date, modified = rule.sigma.date, rule.sigma.modified
    if modified is None:
        return
    if date is None:
        yield warning("TRI611", "modified without a date", rule.document.at("modified"))
    elif modified < date:
        yield warning("TRI610", f"modified before {date}", rule.document.at("modified"))
