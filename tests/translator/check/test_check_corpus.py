"""The public rules: SigmaHQ keeps its own conventions, so a finding about them is a wrong check;
the parts that no event satisfies are listed here, each looked at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from trident.app.check.run import check
from trident.app.check.selection import Selection
from trident.app.input.config import Config
from trident.app.input.sources import Source
from trident.app.run.convert import Outcome, chosen_profiles, plan_rules, translated
from trident.base.diagnostics import Severity

FOUND = {
    # what nobody sees, in the rules that look for it
    ("TRI616", "proc_creation_win_susp_emoji_usage_in_cli_4"),
    ("TRI616", "proc_creation_win_susp_right_to_left_override"),
    ("TRI616", "file_event_win_susp_right_to_left_override_extension_spoofing"),
    # tests of a filter that the selection leaves no room for: \bash.exe is no explorer.exe
    ("TRI644", "create_remote_thread_win_susp_relevant_source_image"),
    # *.evtx does not end in \Logs\
    ("TRI644", "file_event_win_create_evtx_non_common_locations"),
    # an Image that is \SystemResetPlatform.exe as a whole stands in no folder
    ("TRI644", "image_load_side_load_rjvplatform_non_default_location"),
    # filters of an empty command line beside a selection of a part of one
    ("TRI644", "net_connection_win_susp_binary_no_cmdline"),
    ("TRI644", "net_connection_win_wuauclt_network_connection"),
    ("TRI644", "proc_creation_win_dllhost_no_cli_execution"),
    # the debugger's value ends in 0x%p, not in .dll
    ("TRI644", "registry_set_aedebug_persistence"),
    # the process that has id 0 stands in the System section of a 7045, under another name
    ("TRI646", "win_system_service_install_sups_unusal_client"),
}
"""What is dead: code and file."""


def test_check_agrees_with_convert_on_the_public_rules(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EQL, because it refuses the most; the other targets were compared once in the same way.

    Both commands begin with the same plans, so the rules are loaded once.
    """
    rules = shared / "corpus" / "sigmahq" / "rules"
    if not rules.is_dir():
        pytest.skip("no ../shared/corpus/sigmahq")
    profiles = chosen_profiles(["eql"], (), Config())
    planned: list[Outcome] = []

    def once(sources: list[Source], config: Config, filters: Sequence[str] = ()) -> Outcome:
        planned.append(plan_rules(sources, config, filters))
        return planned[-1]

    monkeypatch.setattr("trident.app.check.run.plan_rules", once)
    report = check([str(rules)], profiles, Config(), Selection())
    assert len(report.inputs) > 3_000
    conventions = [each for each in report.diagnostics if each.severity is not Severity.REFUSED]
    assert {(each.code, Path(each.span.file).stem) for each in conventions} == FOUND
    found: dict[str, set[str]] = {}
    for each in report.diagnostics:
        if each in conventions:
            continue
        found.setdefault(each.span.file, set()).add(each.code)
    (outcome,) = planned
    translations = [
        translation
        for each in outcome.planned
        for profile in profiles
        for _, translation in translated(each, profile, outcome.diagnostics)
    ]
    refused = {each.rule.span.file: each.error.code for each in translations if each.error}
    assert set(found) == set(refused)
    assert [file for file, code in refused.items() if code not in found[file]] == []
