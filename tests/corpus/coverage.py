"""How much of the public rule set each target converts: ``python -m tests.corpus.coverage``.

Writes docs/coverage.md. ``--corpus`` names another folder of rules, ``--output`` another page,
``--no-parsers`` leaves the parsers out, ``--every 10`` takes a tenth of the rules.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.corpus.measure import Measured, log_sources, measure, rules
from tests.corpus.page import page
from tests.corpus.parsers import parsers
from tests.support.targets import SHIPPED
from trident.mapping.profiles import load_profiles

ROOT = Path(__file__).resolve().parents[2]


def measured_all(corpus: Path, every: int = 1, parse: bool = True) -> tuple[list[Measured], str]:
    """Every target and profile measured, and the page that says so."""
    plans, date = rules(corpus, every)
    checks = parsers() if parse else {}
    found = [
        measure(plans, profile, checks.get(target))
        for target in SHIPPED
        for profile in load_profiles(target).values()
    ]
    return found, page(found, log_sources(plans), date)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--corpus", default=ROOT.parent / "shared/corpus/sigmahq/rules", type=Path
    )
    arguments.add_argument("--output", default=ROOT / "docs/coverage.md", type=Path)
    arguments.add_argument("--every", default=1, type=int)
    arguments.add_argument("--no-parsers", action="store_true")
    given = arguments.parse_args()
    found, text = measured_all(given.corpus, given.every, not given.no_parsers)
    given.output.write_text(text, encoding="utf-8")
    for each in found:
        name = f"{each.profile.target} {each.profile.name}"
        print(
            f"{name}: {each.converted} converted, {each.share:.1f} % of {each.in_data}, "
            f"{each.parsed} parsed, {len(each.unparsed)} not"
        )


if __name__ == "__main__":
    main()
