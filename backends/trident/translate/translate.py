"""One plan to one query: judge, bind, render; a refusal is a result, not an exception."""

from __future__ import annotations

from collections.abc import Callable

from trident.base.diagnostics import Diagnostic, Refusal
from trident.mapping.binding import Bound, bind, binding_notes, reached
from trident.mapping.known import known_in
from trident.mapping.profiles import Profile
from trident.predicates.letters import letter_notes
from trident.predicates.never import why_never
from trident.result.capabilities import judge, worst
from trident.result.translation import Fidelity, Note, Query, Translation
from trident.rule.plan import Identity, Plan, pipelines
from trident.target import registry

Render = Callable[[Bound], Query]


def translate(plan: Plan, profile: Profile) -> Translation:
    """``plan`` in the language of ``profile.target``, with its fidelity, proof and notes.

    A refusal (by the capability table, the profile's data, or a value the language cannot say)
    comes back as ``Fidelity.REFUSED`` with its diagnostic. Where the profile accepts ``sound`` or
    ``wide``, what has no faithful query is tried as one of these.
    """
    try:
        return reached(profile, lambda goal: _translated(plan, profile, goal))
    except Refusal as refusal:
        return refused(plan.identity, profile, refusal.at(plan.identity.span).diagnostic)


def _translated(plan: Plan, profile: Profile, goal: Fidelity) -> Translation:
    """The translation with what ``goal`` allows to be left out.

    Raises:
        Refusal: when there is none, or its level is not accepted.
    """
    fidelity, proof, codes = judge(plan, profile.target, goal)
    bound = bind(plan, profile, goal)
    try:
        query = renderer(profile.target)(bound)
    except NotImplementedError as error:  # pySigma's word for a value that it cannot handle
        raise Refusal("TRI305", str(error) or "pySigma has no reading of a value") from None
    fidelity, proof, more = worst(profile.target, query.features, fidelity, proof, goal)
    fidelity = _reached(fidelity, goal)
    if fidelity not in profile.accept:
        raise Refusal("TRI307", f"the query is {fidelity}, which is not accepted")
    codes = (*codes, *more)
    notes = [*query.notes, *map(Note.of, codes), *binding_notes(bound, goal), *letter_notes(bound)]
    if names := pipelines(plan):
        notes.append(Note.of("TRI480", names=", ".join(names)))
    if reason := why_never(plan, known_in(profile)):
        notes.append(Note.of("TRI481", reason=reason))
    return Translation(
        plan.identity,
        profile.target,
        profile.name,
        fidelity,
        proof,
        query,
        tuple(sorted(dict.fromkeys(notes), key=lambda note: note.code)),
    )


def _reached(level: Fidelity, goal: Fidelity) -> Fidelity:
    """The level of a query of ``level`` to which ``goal`` was done besides: a query that misses
    alerts and brings others is none of the levels.

    Raises:
        Refusal: TRI307 for such a query.
    """
    if goal is Fidelity.EXACT:
        return level
    together = {
        Fidelity.SOUND: (Fidelity.EXACT, Fidelity.COVERING, Fidelity.SOUND),
        Fidelity.WIDE: (Fidelity.EXACT, Fidelity.WIDE),
    }
    if level not in together[goal]:
        raise Refusal("TRI307", f"a query that is {level} and {goal} has no level")
    return goal


def refused(rule: Identity, profile: Profile, error: Diagnostic) -> Translation:
    """The result for a rule that has no query in the language of ``profile.target``."""
    return Translation(rule, profile.target, profile.name, Fidelity.REFUSED, None, None, (), error)


def renderer(target: str) -> Render:
    """The ``render`` function of a target, imported when it is first needed."""
    record = registry.target(target)
    render: Render = record.load(record.render)
    return render
