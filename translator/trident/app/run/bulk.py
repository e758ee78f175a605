"""``trident convert``: a run in parts, each rendered at once and dropped, so that memory does not
grow with the rules; in this process or in several, with the same bytes as the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sigma.correlations import SigmaCorrelationRule

from trident.app.input.config import Config
from trident.app.input.sources import Source
from trident.app.run import output, parallel
from trident.app.run.convert import Outcome, no_rules, translate_files
from trident.app.run.parts import Names, entangled, split
from trident.base.diagnostics import codes
from trident.mapping.profiles import Profile
from trident.result.capabilities import capabilities
from trident.rule.identifier import reference
from trident.rule.references import references
from trident.rule.rules import Ruleset
from trident.translate.translate import renderer

PARTS_A_JOB = 2
"""So many parts pay for a worker process."""

Step = Callable[[int, int], None]

Review = Callable[[Outcome, Sequence[Profile]], bool]
"""Looks through what became of the rules before it is printed, and changes it; says whether the
same files would come to the same another time."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a run does with its rule files; called with a part of them, ``Rendered`` comes back."""

    profiles: Sequence[Profile]
    config: Config
    filters: Sequence[str] = ()
    form: str = "text"
    review: Review | None = None

    def __call__(self, sources: Sequence[Source]) -> Rendered:
        """Translate and render one part.

        Raises:
            TridentError: TRI111 for a filter that no document defines.
        """
        outcome = translate_files(sources, self.profiles, self.config, self.filters)
        lasting = self.review is None or self.review(outcome, self.profiles)
        blocks: dict[str, list[bytes]] = {}
        for planned, translation in outcome.results:
            rendered = blocks.setdefault(planned.identity.span.path, [])
            for block in output.blocks(translation, self.form):
                rendered.append(block.encode())
        return Rendered(
            _names(outcome.ruleset),
            len(outcome.ruleset.rules),
            blocks,
            output.placed_findings(outcome),
            output.tally(outcome),
            lasting,
        )

    def prepare(self) -> None:
        """Load what every part needs; processes that are forked now share it."""
        codes()
        for target in dict.fromkeys(profile.target for profile in self.profiles):
            capabilities(target)
            renderer(target)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What became of a part: the text of each translation by rule file, findings by place."""

    names: Names
    rules: int
    blocks: dict[str, list[bytes]]
    findings: list[output.Finding]
    tally: output.Tally
    lasting: bool


@dataclass(frozen=True, slots=True)
class Product:
    """What a run prints: its product, its findings with their summary; and the counts."""

    content: bytes
    report: str
    tally: output.Tally
    lasting: bool


def convert(sources: Sequence[Source], work: Work, jobs: int | None, step: Step) -> Product:
    """Translate rule files with ``jobs`` processes, None for as many as pay. ``step`` is told
    how many of all parts are done.

    Raises:
        TridentError: TRI111 for a filter that no document defines, TRI505 without any rule,
            TRI530 for a worker that ended early.
    """
    # A filter that is switched on may narrow any rule.
    parts = [list(sources)] if work.filters else split(sources)
    rendered = _rendered(parts, work, jobs, step)
    if entangled([part.names for part in rendered]):
        rendered = _rendered([list(sources)], work, 1, step)
    if not any(part.rules or part.findings for part in rendered):
        raise no_rules()
    findings = sorted(
        (finding for part in rendered for finding in part.findings),
        key=lambda finding: finding.place,
    )
    tally = sum((part.tally for part in rendered), output.Tally())
    content = output.joined(_in_order(sources, rendered), work.form)
    report = "\n".join((*output.printed(findings), tally.summary()))
    return Product(content, report, tally, all(part.lasting for part in rendered))


def _rendered(
    parts: Sequence[list[Source]], work: Work, jobs: int | None, step: Step
) -> list[Rendered]:
    if jobs is None:
        jobs = min(parallel.processors(), len(parts) // PARTS_A_JOB)
    if jobs > 1:
        work.prepare()
    done: dict[int, Rendered] = {}
    for index, result in parallel.run(work, parts, jobs):
        done[index] = result
        step(len(done), len(parts))
    return [done[index] for index in range(len(parts))]


def _in_order(sources: Sequence[Source], rendered: Sequence[Rendered]) -> Iterator[bytes]:
    blocks = {file: block for part in rendered for file, block in part.blocks.items()}
    for file in dict.fromkeys(source.name for source in sources):
        yield from blocks.get(file, ())


def _names(ruleset: Ruleset) -> Names:
    referred = (
        references(rule.sigma)
        for rule in ruleset.rules
        if isinstance(rule.sigma, SigmaCorrelationRule)
    )
    return Names(ruleset.names, frozenset(reference(name) for names in referred for name in names))
