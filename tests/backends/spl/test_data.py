"""The mapping data of the SPL target: complete, quotable, and in step with KQL's."""

from __future__ import annotations

from importlib import resources

import pytest
import yaml

from tests.backends.spl.run import profile
from trident.mapping.profiles import load_profiles
from trident.rule.plan import LogSource
from trident.spl import syntax
from trident.spl.prefilter import place

FIELDS = yaml.safe_load(
    resources.files("trident.spl").joinpath("fields.yml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("row", FIELDS, ids=[row["table"] for row in FIELDS])
def test_each_field_has_a_source_and_a_confidence(row: dict[str, object]) -> None:
    fields = row["fields"]
    assert isinstance(fields, dict)
    for name, (native, source, confidence, *_) in fields.items():
        assert native and source and confidence in ("high", "med", "low"), name
        assert syntax.name(native) and syntax.field(native)


def test_every_table_has_a_place_of_its_own() -> None:
    bound = profile()
    tables = {source.table.name: source.table for source in bound.sources}
    places = {name: place(table, bound) for name, table in tables.items()}
    assert len(set(places.values())) == len(places)
    roles = {str(table.settings["macro"]) for table in tables.values()}
    assert roles == set(bound.settings["macros"]) == set(bound.settings["definitions"])


@pytest.mark.parametrize(
    "logsource",
    [
        LogSource("process_creation", "windows"),
        LogSource("file_event", "windows"),
        LogSource("network_connection", "windows"),
        LogSource("proxy"),
    ],
    ids=str,
)
def test_the_fields_are_called_as_in_kql(logsource: LogSource) -> None:
    """One rule works on both; what Splunk's data lacks is refused by name."""
    kql = load_profiles("kql")["sentinel"]
    ours, theirs = (
        {
            name
            for source in bound.sources
            if source.logsource == logsource
            for name in source.fields
        }
        for bound in (profile(), kql)
    )
    assert ours and ours <= theirs
