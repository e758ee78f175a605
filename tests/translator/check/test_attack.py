"""The ATT&CK table is whole in itself."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from trident.app.artifacts import killchain
from trident.rule import attack


@pytest.fixture(scope="module")
def table() -> Any:
    from importlib import resources

    return yaml.safe_load(resources.files("trident.rule").joinpath("attack.yml").read_text("utf-8"))


def test_size() -> None:
    """What MITRE counts for Enterprise 19: 15 tactics, 222 techniques, 475 sub-techniques."""
    found = [each for each in attack.techniques().values() if each.domain == attack.ENTERPRISE]
    subs = [each for each in found if each.parent != each.id]
    assert (len(attack.tactics()), len(found) - len(subs), len(subs)) == (15, 222, 475)
    assert len(attack.tactics(attack.ICS)) == 12


def test_every_technique_has_a_tactic_and_its_parent() -> None:
    known = attack.techniques()
    for each in known.values():
        assert each.tactics
        assert each.parent in known
        assert re.fullmatch(r"T\d{4}(\.\d{3})?", each.id)
        assert each.name == each.name.strip() != ""


def test_ids_of_tactics() -> None:
    ids = [tactic.id for domain in attack.DOMAINS for tactic in attack.tactics(domain).values()]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"TA\d{4}", id_) for id_ in ids)
    assert attack.tactic("lateral-movement") == attack.Tactic(
        "lateral-movement", "TA0008", "Lateral Movement"
    )
    assert attack.tactics(attack.ICS)["lateral-movement"].id == "TA0109"


def test_what_was_replaced_is_gone_and_what_replaced_it_is_there(table: Any) -> None:
    for old, new in table["replaced"]["techniques"].items():
        assert attack.technique(old) is None
        assert attack.technique(new)
        assert attack.successors(old.lower()) == (new,)
    assert attack.tactic("defense-evasion") is None
    assert attack.predecessor("stealth") == "defense-evasion"
    for old in table["withdrawn"]:
        assert attack.technique(old) is None
        assert attack.withdrawn(old)
        assert not attack.successors(old)


def test_lookup() -> None:
    found = attack.technique("t1059.001")
    assert found
    assert (found.name, [tactic.short for tactic in found.tactics]) == ("PowerShell", ["execution"])
    assert attack.technique("T9999") is None
    assert attack.tactic("nope") is None


def test_sentinel_has_a_name_for_every_enterprise_tactic() -> None:
    assert all(map(killchain.tactic_name, attack.tactics()))
