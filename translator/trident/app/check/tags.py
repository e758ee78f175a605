"""Tags: ATT&CK against the shipped table, and the namespaces of the others."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping

from trident.app.check.conventions import conventions, warning
from trident.base.diagnostics import Diagnostic
from trident.rule import attack
from trident.rule.rules import Rule

_TECHNIQUE = re.compile(r"t\d{4}(?:\.\d{3})?")
# Groups, software, campaigns, mitigations, assets, data sources: not in the table.
_OTHER_OBJECT = re.compile(r"(?:[gscma]|ds)\d{4}")
_CLOSE = 0.8


def tags(rule: Rule) -> Iterator[Diagnostic]:
    """Findings about the tags of a rule, each at its tag."""
    listed = rule.document.data.get("tags")
    names: dict[int, str] = {}
    for index, tag in enumerate(listed if isinstance(listed, list) else ()):
        namespace, _, name = str(tag).lower().partition(".")
        if namespace == attack.NAMESPACE:
            names[index] = name
        else:
            yield from _namespace(rule, index, namespace)
    if names:
        yield from _attack(rule, names)


def _attack(rule: Rule, names: Mapping[int, str]) -> Iterator[Diagnostic]:
    """``names`` are the tags without namespace by their place in the list."""
    written = {index: name.replace("_", "-") for index, name in names.items()}
    current = {each for name in written.values() for each in (name, *attack.successors(name))}
    served = {
        tactic.short
        for technique in filter(None, map(attack.technique, current))
        for tactic in technique.tactics
    }
    for index, name in written.items():
        technique = attack.technique(name)
        if technique:
            serves = [tactic.short for tactic in technique.tactics]
            if current.isdisjoint(serves):
                yield warning(
                    "TRI652",
                    f"{technique.id} ({technique.name}) without a tactic of it",
                    rule.document.at("tags", index),
                    f"add {_either(serves)}",
                )
        elif attack.tactic(name) is None:
            yield from _not_listed(rule, index, name, served)
        elif name != names[index]:
            span = rule.document.at("tags", index)
            yield warning("TRI657", f"attack.{names[index]}", span, f"write attack.{name}")


def _not_listed(rule: Rule, index: int, name: str, served: Collection[str]) -> Iterator[Diagnostic]:
    """``served`` are the tactics of the rule's techniques: they tell which successor is meant."""
    span = rule.document.at("tags", index)
    became = attack.successors(name)
    if became:
        meant = [each for each in became if each in served] or became
        yield warning("TRI651", f"ATT&CK has replaced {name}", span, f"write {_either(meant)}")
    elif attack.withdrawn(name):
        yield warning("TRI651", f"ATT&CK has withdrawn {name}", span)
    elif not _OTHER_OBJECT.fullmatch(name):
        near = () if _TECHNIQUE.fullmatch(name) else _nearest_tactic(name)
        hint = f"did you mean attack.{near[0]}?" if near else ""
        message = f"attack.{name} is not in the table ({attack.version()})"
        yield warning("TRI650", message, span, hint)


def _either(names: Collection[str]) -> str:
    return " or ".join(f"attack.{name.lower()}" for name in names)


def _nearest_tactic(name: str) -> list[str]:
    known = [short for domain in attack.DOMAINS for short in attack.tactics(domain)]
    return difflib.get_close_matches(name, known, n=1)


def _namespace(rule: Rule, index: int, namespace: str) -> Iterator[Diagnostic]:
    known = conventions()["namespaces"]
    near = difflib.get_close_matches(namespace, known, n=1, cutoff=_CLOSE)
    if namespace not in known and near:
        span = rule.document.at("tags", index)
        yield warning("TRI653", f"tag namespace {namespace}", span, f"did you mean {near[0]}?")
