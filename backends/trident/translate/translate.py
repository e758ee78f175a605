"""One plan to one query: judge, bind, render; a refusal is a result, not an exception."""

from __future__ import annotations

from collections.abc import Callable

from trident.base.diagnostics import Diagnostic, Refusal
from trident.mapping.binding import Bound, bind, binding_notes
from trident.mapping.events import known_in
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
    comes back as ``Fidelity.REFUSED`` with its diagnostic.
    """
    try:
        fidelity, proof, codes = judge(plan, profile.target)
        bound = bind(plan, profile)
        query = renderer(profile.target)(bound)
    except Refusal as refusal:
        return refused(plan.identity, profile, refusal.at(plan.identity.span).diagnostic)
    except NotImplementedError as error:  # pySigma's word for a value that it cannot handle
        unable = Refusal("TRI305", str(error) or "pySigma has no reading of a value")
        return refused(plan.identity, profile, unable.at(plan.identity.span).diagnostic)
    fidelity, proof, more = worst(profile.target, query.features, fidelity, proof)
    codes = (*codes, *more)
    notes = [*query.notes, *map(Note.of, codes), *binding_notes(bound), *letter_notes(bound)]
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


def refused(rule: Identity, profile: Profile, error: Diagnostic) -> Translation:
    """The result for a rule that has no query in the language of ``profile.target``."""
    return Translation(rule, profile.target, profile.name, Fidelity.REFUSED, None, None, (), error)


def renderer(target: str) -> Render:
    """The ``render`` function of a target, imported when it is first needed."""
    record = registry.target(target)
    render: Render = record.load(record.render)
    return render
