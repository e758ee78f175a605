"""Each cell of the capability table: its rule's query passes Elastic's check and, run in the model,
gives the evaluator's alerts."""

from __future__ import annotations

from random import Random

import pytest

from tests.backends.esql.model.engine import EsqlModel
from tests.support.features import feature_rules
from tests.support.generate import NOW, SECOND, Limits, make_timeline, plan_documents
from tests.support.run_esql import MILLISECOND, check, esql_profile
from trident.engines.esql.engine import parse
from trident.result.capabilities import FEATURES, capabilities
from trident.result.translation import Fidelity, Proof
from trident.translate.translate import translate

SAID = [each for each in FEATURES if capabilities("esql")[each].level is Fidelity.EXACT]


def test_no_cell_claims_an_execution() -> None:
    """Nothing here is Elasticsearch: the model is ours."""
    for cell in capabilities("esql").values():
        refused = cell.level is Fidelity.REFUSED
        assert refused or (cell.level, cell.proof) == (Fidelity.EXACT, Proof.PARSED)
    assert {each for each in FEATURES if each not in SAID} == {"chained.carried"}


@pytest.mark.parametrize("feature", SAID)
def test_alerts_equal_the_evaluator(model: EsqlModel, feature: str) -> None:
    for documents in feature_rules(feature):
        plan = plan_documents(documents)
        for number in range(2):
            random = Random(f"{feature}-{number}")
            events = make_timeline(random, [60 * SECOND], Limits(tick=MILLISECOND))
            check(model, plan, events, NOW)


@pytest.mark.parametrize("feature", ["detection", "event_count.gte", "value_count.several_fields"])
@pytest.mark.parametrize("stack", ["8.19", "9.3", "9.5"])
def test_passes_on_other_versions(feature: str, stack: str) -> None:
    profile = esql_profile(stack)
    columns = {n: k for source in profile.sources for n, k in source.table.columns.items()}
    for documents in feature_rules(feature):
        query = translate(plan_documents(documents), profile).query
        assert query is not None
        assert parse(query.text, columns, stack) is None
