"""``trident explain`` on rules: find them, put them into words, print text or JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from trident.app.explain.find import find
from trident.app.explain.meaning import Items, Meaning, items_of, meanings
from trident.app.explain.printed import explanation
from trident.app.explain.target import TargetOrigin, target_origin
from trident.app.explain.values import Shown
from trident.app.input.config import Config
from trident.app.report.text import printed
from trident.app.run.convert import chosen_profiles, chosen_targets
from trident.base.diagnostics import Diagnostic, Severity, TridentError
from trident.base.printable import json_text
from trident.mapping.profiles import Profile
from trident.rule.planner import Planned

SCHEMA_VERSION = 1
"""The version of the JSON shape."""


@dataclass(slots=True)
class Outcome:
    """What is printed on standard output, and what was found wrong."""

    product: str = ""
    diagnostics: list[Diagnostic] = field(default_factory=list)

    @property
    def errors(self) -> bool:
        """Whether a rule could not be explained, or a file not be read."""
        return any(diagnostic.severity is not Severity.WARNING for diagnostic in self.diagnostics)

    def findings(self) -> Iterator[str]:
        """The findings as printed."""
        ordered = sorted(self.diagnostics, key=lambda each: (each.span.file, each.span.line))
        return printed(dict.fromkeys(ordered))


def explain(
    arguments: Sequence[str],
    rule: str | None,
    targets: Sequence[str],
    profiles: Sequence[str],
    filters: Sequence[str],
    config: Config,
    form: str,
    everything: bool,
) -> Outcome:
    """Each rule that the arguments name in words, and on each target; ``form`` is text or json.

    Raises:
        TridentError: for a file, rule, target, profile or filter that is not there.
    """
    chosen = chosen_profiles(chosen_targets(targets), profiles, config)
    selection = find(arguments, rule, config, filters)
    # JSON is for programs: nothing is left out of it.
    shown = Shown(everything or form == "json")
    items = items_of(selection.ruleset)
    outcome = Outcome(diagnostics=list(selection.diagnostics))
    texts, rules = [], []
    for planned in selection.planned:
        made = _explained(planned, chosen, items, shown, outcome)
        if made is not None:
            texts.append(explanation(*made, shown))
            rules.append(_as_dict(*made))
    if form == "json":
        outcome.product = json_text({"schema": SCHEMA_VERSION, "explanations": rules})
    else:
        outcome.product = "\n".join(texts)
    return outcome


def _explained(
    planned: Planned,
    profiles: Sequence[Profile],
    items: Items,
    shown: Shown,
    outcome: Outcome,
) -> tuple[tuple[Meaning, ...], list[TargetOrigin]] | None:
    """A rule's words and origins; None for a rule with an error, which is kept."""
    if planned.plan is None:
        return None
    origins = []
    try:
        words = meanings(planned.plan, items, shown)
        for profile in profiles:
            origins.append(target_origin(planned.plan, profile, items, shown))
    except TridentError as error:
        outcome.diagnostics.append(error.at(planned.identity.span).diagnostic)
        return None
    return words, origins


def _as_dict(words: Sequence[Meaning], origins: Sequence[TargetOrigin]) -> dict[str, Any]:
    """The JSON shape: the rule, the rules below it, and each target."""
    rule, *below = map(asdict, words)
    return {"rule": rule, "inputs": below, "targets": [asdict(each) for each in origins]}
