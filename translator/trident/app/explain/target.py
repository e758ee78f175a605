"""A rule on one target: how faithful its query is and why, and where its parts come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from trident.app.explain.meaning import Items
from trident.app.explain.origins import RuleOrigin, rule_origins, source_meanings
from trident.app.explain.values import Shown
from trident.base.data import shipped
from trident.base.diagnostics import Diagnostic, codes
from trident.mapping.profiles import Profile
from trident.result.capabilities import FEATURES, Capability, capability, features
from trident.result.translation import Fidelity, Proof, Query, Translation
from trident.rule.plan import Plan
from trident.target import registry
from trident.translate.translate import translate

LEVELS: Mapping[Fidelity, str] = {
    Fidelity.EXACT: "the query's alerts are those of the rule, as pairs of group and time",
    Fidelity.COVERING: (
        "every alert is one of the rule's, apart from what the notes say; not every one of the "
        "rule's comes out, but each has an alert of its group inside its window"
    ),
    Fidelity.PARAMETERISED: (
        "exact once the parameters below are filled in from the answer to the request that goes "
        "with the query"
    ),
    Fidelity.SOUND: (
        "every alert is one of the rule's; the notes say which of the rule's alerts are missed"
    ),
    Fidelity.WIDE: (
        "every alert of the rule comes out; the notes say which alerts come that are none of its"
    ),
    Fidelity.REFUSED: "there is no query",
}
PROOFS: Mapping[Proof, str] = {
    Proof.EXECUTED: "such queries ran on an engine and gave the reference evaluator's alerts",
    Proof.PARSED: "an independent parser and type checker accepts such queries; no engine ran them",
    Proof.REVIEWED: "no parser or engine has seen such queries",
}


@dataclass(frozen=True, slots=True)
class Feature:
    """A part of the rule as the target's capabilities.yml judges it, and what carries it."""

    feature: str
    meaning: str
    level: str
    proof: str
    carried_by: str = ""
    notes: tuple[str, ...] = ()
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is no query: a code, the reason, the way out, the place in the rule."""

    code: str
    message: str
    help: str
    place: str


@dataclass(frozen=True, slots=True)
class Noted:
    """A note on the query, and what to do about it."""

    code: str
    text: str
    help: str


@dataclass(frozen=True, slots=True)
class ParameterUse:
    """A ``${NAME}`` in the query and where its value comes from."""

    name: str
    type: str
    companion: str
    path: str


@dataclass(frozen=True, slots=True)
class TargetOrigin:
    """Everything that is to be said of a rule on one target."""

    target: str
    profile: str
    profile_title: str
    fidelity: str
    proof: str
    means: tuple[str, ...]
    refused: tuple[Refused, ...]
    features: tuple[Feature, ...]
    rules: tuple[RuleOrigin, ...]
    alert: Mapping[str, str]
    columns: Mapping[str, str]
    parameters: tuple[ParameterUse, ...]
    companions: tuple[str, ...]
    notes: tuple[Noted, ...]
    sources: Mapping[str, str]


def target_origin(plan: Plan, profile: Profile, items: Items, shown: Shown) -> TargetOrigin:
    """The rule of ``plan`` on ``profile``, refused or not.

    Raises:
        TridentError: as ``translate``, for a mistake that is no refusal.
    """
    translation = translate(plan, profile)
    rules, refusals = [], [translation.error] if translation.error else []
    for rule, refused in rule_origins(plan, profile, items, shown):
        rules.append(rule)
        refusals += refused
    cells = [
        capability(profile.target, name).towards(translation.fidelity)
        for name in dict.fromkeys(features(plan))
    ]
    refusals += [
        cell.refusal().at(plan.identity.span).diagnostic
        for cell in cells
        if cell.level is Fidelity.REFUSED
    ]
    query = translation.query
    used = {code for rule in rules for use in rule.fields for code in use.sources}
    return TargetOrigin(
        profile.target,
        profile.name,
        profile.title,
        str(translation.fidelity),
        str(translation.proof or ""),
        tuple(_means(translation, cells)),
        tuple(_refused(refusals)) if translation.error else (),
        tuple(_feature(profile.target, cell) for cell in cells),
        tuple(rules),
        _alert(query),
        dict(query.columns) if query else {},
        tuple(
            ParameterUse(name, each.type, each.companion, each.path)
            for name, each in (query.parameters.items() if query else ())
        ),
        tuple(f"{each.name} ({each.kind})" for each in (query.companions if query else ())),
        tuple(Noted(n.code, n.text, codes()[n.code]["help"]) for n in translation.notes),
        # A code of another package's mapping stands for itself.
        {
            code: source_meanings().get(code, code)
            for code in [*source_meanings(), *used]
            if code in used
        },
    )


@cache
def idioms(target: str) -> Mapping[str, Mapping[str, str]]:
    """What carries a plan feature in the target's queries, by the feature or its beginning."""
    texts: Mapping[str, Mapping[str, str]] = shipped(registry.target(target).package, "idioms.yml")
    return texts


def idiom(target: str, feature: str) -> Mapping[str, str]:
    """The idiom of a feature: the longest key of idioms.yml that it begins with; {} for none."""
    known = idioms(target)
    keys = [key for key in known if feature == key or feature.startswith(f"{key}.")]
    return known[max(keys, key=len)] if keys else {}


def _means(translation: Translation, cells: Iterable[Capability]) -> Iterable[str]:
    yield LEVELS[translation.fidelity]
    if translation.fidelity in (Fidelity.COVERING, Fidelity.PARAMETERISED):
        why = [cell.feature for cell in cells if cell.level is translation.fidelity]
        yield f"because of {', '.join(why)}"
    if translation.proof:
        yield PROOFS[translation.proof]
        if translation.proof is Proof.EXECUTED and (
            engine := registry.target(translation.target).engine
        ):
            yield engine


def _refused(refusals: Iterable[Diagnostic]) -> Iterable[Refused]:
    """Each refusal once: what a test alone meets is often what stopped the whole."""
    said = (Refused(each.code, each.message, each.hint, str(each.span)) for each in refusals)
    yield from dict.fromkeys(said)


def _feature(target: str, cell: Capability) -> Feature:
    refused = cell.level is Fidelity.REFUSED
    return Feature(
        cell.feature,
        FEATURES[cell.feature].strip(),
        str(cell.level),
        str(cell.proof or ""),
        "" if refused else idiom(target, cell.feature).get("words", ""),
        cell.notes,
        cell.code,
        cell.reason,
    )


def _alert(query: Query | None) -> dict[str, str]:
    """The result columns that identify an alert, the time under ``time``."""
    if query is None or query.alert is None:
        return {}
    return {"time": query.alert.time, **query.alert.group}
