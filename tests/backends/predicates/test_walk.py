"""A target is closed: what neither its table nor its capabilities name is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import ClassVar

import pytest

from tests.backends.predicates.test_ops import FIELDS, RULES, planned
from tests.support.selection import lab_profile
from tests.support.targets import SHIPPED
from trident.base.diagnostics import Refusal
from trident.mapping.binding import BoundSearch, bind
from trident.mapping.profiles import Column
from trident.predicates import walk
from trident.predicates.leaf import Leaf, Op
from trident.predicates.walk import Detections, Writer
from trident.result import capabilities
from trident.result.capabilities import CELLS, FEATURES, Capability, capability
from trident.result.translation import Fidelity, Proof
from trident.target import registry
from trident.translate.translate import translate


class TwoTests(Detections):
    """Says that a field is a text, and that it is missing; nothing else."""

    target: ClassVar[str] = "kql"
    tests: ClassVar[Mapping[Op, Writer]] = {
        Op.EQUALS: "{field} = {value}",
        Op.MISSING: "{field} IS {value}",
    }
    and_token: ClassVar[str] = "&"
    or_token: ClassVar[str] = "|"
    not_form: ClassVar[str] = "!({})"

    def reference(self, column: Column) -> str:
        return column.name

    def written(self, leaf: Leaf) -> str:
        return "NULL" if leaf.value is None else repr(leaf.text)


def bound(op: Op, condition: str = "s") -> BoundSearch:
    search = bind(planned(op, condition), lab_profile("kql", FIELDS))
    assert isinstance(search, BoundSearch)
    return search


def test_what_the_table_names_is_written() -> None:
    assert TwoTests().predicate(bound(Op.EQUALS)) == "name = 'Alpha'"
    assert TwoTests().predicate(bound(Op.MISSING, "not s")) == "!(name IS NULL)"


@pytest.mark.parametrize("op", [op for op in RULES if op not in TwoTests.tests])
def test_what_the_table_does_not_name_is_refused_by_name(op: Op) -> None:
    with pytest.raises(Refusal, match=f"does not say detection.{op} ") as caught:
        TwoTests().predicate(bound(op))
    assert caught.value.diagnostic.code == "TRI306"


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """``without(target, feature)``: the target's capabilities lose a row."""

    def remove(target: str, feature: str) -> None:
        rows = {n: c for n, c in capabilities.capabilities(target).items() if n != feature}
        monkeypatch.setattr(capabilities, "capabilities", lambda _: rows)

    yield remove


@pytest.mark.parametrize("target", SHIPPED)
@pytest.mark.parametrize("feature", CELLS)
def test_a_row_that_is_not_there_is_a_refusal(
    without: Callable[[str, str], None], target: str, feature: str
) -> None:
    without(target, feature)
    cell = capability(target, feature)
    assert (cell.level, cell.code, cell.proof) == (Fidelity.REFUSED, "TRI306", None)
    assert feature in cell.reason and CELLS[feature] in cell.reason


@pytest.mark.parametrize("feature", ["detection", "detection.equals"])
def test_and_refuses_the_rule(without: Callable[[str, str], None], feature: str) -> None:
    without("kql", feature)
    translation = translate(planned(Op.EQUALS), lab_profile("kql", FIELDS))
    assert translation.query is None and translation.error is not None
    assert translation.error.code == "TRI306" and feature in translation.error.message


def test_a_tests_row_lowers_the_level(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell of a detection counts as one of a correlation does."""
    row = Capability("detection.equals", Fidelity.COVERING, Proof.REVIEWED, notes=("TRI413",))
    rows = {**capabilities.capabilities("kql"), "detection.equals": row}
    monkeypatch.setattr(capabilities, "capabilities", lambda _: rows)
    translation = translate(planned(Op.EQUALS), lab_profile("kql", FIELDS))
    assert translation.level == "covering (reviewed)"
    assert [note.code for note in translation.notes] == ["TRI413"]
    other = translate(planned(Op.CONTAINS), lab_profile("kql", FIELDS))
    assert other.level == "exact (executed)"


@pytest.mark.parametrize("target", SHIPPED)
def test_no_template_is_inherited_from_pysigma(target: str) -> None:
    record = registry.target(target)
    classes = record.load(record.detections).__mro__
    assert walk.Detections in classes
    assert not [each for each in classes if each.__module__.startswith("sigma.")]


@pytest.mark.parametrize("target", SHIPPED)
def test_a_value_of_no_known_kind_is_refused(target: str) -> None:
    """As a pipeline could bring it; and what pySigma itself cannot handle."""
    plan = planned(Op.EQUALS)

    class Odd:
        """No value of Sigma's."""

    condition = replace(plan.condition, value=Odd())  # type: ignore[type-var, call-arg]
    error = translate(replace(plan, condition=condition), lab_profile(target, FIELDS)).error
    assert error is not None and error.code == "TRI305"


def test_pysigmas_own_word_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def unable(*_: object) -> None:
        raise NotImplementedError("SigmaString can only be compared with a string")

    monkeypatch.setattr("trident.predicates.walk.read", unable)
    error = translate(planned(Op.EQUALS), lab_profile("kql", FIELDS)).error
    assert error is not None and error.code == "TRI305"
    assert error.span.file and "can only be compared" in error.message


def test_features_and_detections_have_no_name_in_common() -> None:
    assert len(CELLS) == len(FEATURES) + len(RULES)
