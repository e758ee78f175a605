"""A wrong search fails: each defect, written into emitted searches, is found by the model.

The random cases are those of test_property; a defect counts as found when the alerts differ from
the evaluator's or the model rejects the search.
"""

from __future__ import annotations

import re
from random import Random

import pytest

from tests.backends.spl.dense import baseline_case
from tests.backends.spl.model import commands
from tests.backends.spl.model.commands import run
from tests.backends.spl.model.errors import ModelError
from tests.backends.spl.run import profile, raw_events, spl_alerts, wanted_alerts
from tests.support.generate import NOW, make_case
from trident.meaning.events import SECOND
from trident.translate.translate import translate

MUTANTS = [
    ("the window without its end", r"(round\([^)]*\))<=", r"\1<"),
    ("one stage too early", r"stage==2 AND", "stage==1 AND"),
    ("no tie-break between stages", r"(\| sort 0 .*_time), stage", r"\1"),
    ("later stages first", r"(\| sort 0 .*_time), stage", r"\1, -stage"),
    ("newest first", r"(\| sort 0 .*)_time", r"\1-_time"),
    ("no order at all", r"\| sort 0 .*\n", ""),
    (
        "the earliest stage instead of the latest",
        r"streamstats max\(stage1",
        "streamstats min(stage1",
    ),
    ("over all groups", r"(\| streamstats .*) BY .*", r"\1"),
    ("alerts over all groups", r"(\| stats .*) BY .*", r"\1 BY _time"),
    ("matches without a group key", r"\| where [A-Za-z]+!=\"\".*\n", ""),
    ("one match too few", r"latest_(\d+)==\d+", r"latest_\1>=1"),
    ("the first row of a tie", r"stats last\(", "stats first("),
    (
        "matches leave at once",
        r"edge==1,round\(exact\(_time\+\d+\),6\)",
        "edge==1,round(exact(_time+0),6)",
    ),
    ("matches leave before others of their last moment", r"_time, edge", "edge, _time"),
    ("nothing leaves", r"mvappend\(\"0\",\"1\"\)", '"0"'),
    (
        "a value counts at each occurrence",
        r"enters=if\((.*?) AND \(isnull\(before_time\).*?\),1,0\)",
        r"enters=if(\1,1,0)",
    ),
    ("arithmetic rounded on assignment", r"exact\((_time\+\d+)\)", r"(\1)"),
    ("running totals over events", r"\| table _time, .*\n(?=(?:.*\n)*\| streamstats)", ""),
    ("one rule per event", r"\| mvexpand rule\n", ""),
    (
        "only the first rule of an event",
        r"rule=mvappend\(if\((.*?),\"(\w+)\",null\(\)\),[\s\S]*?\)\n\| where",
        r'rule=if(\1,"\2",null())\n| where',
    ),
    ("a lost negation", r"NOT \(", "("),
    ("an absent rule at the end is allowed", r"absent_time<", "absent_time<="),
    ("an absent rule is forgotten", r"isnull\(absent_time\)", "1==1"),
    ("the lookback without its end", r"_time>=now\(\)-(\d+)$", r"_time>now()-\1"),
    ("the future", r" AND _time<=now\(\)\n", "\n"),
    ("the history without its end", r"_time<=now\(\)-", "_time<now()-"),
    ("today counts as history", r"in_history==1,", "1==1,"),
    ("seen in the current window too", r"max\(in_history\) AS seen", "max(in_current) AS seen"),
    ("what was seen", r"seen==0", "seen==1"),
    ("at the limit", r">(\w+_limit|\w+_sum)", r">=\1"),
    ("one rank higher", r"\+99\)/100", "+199)/100"),
    ("too little read", r"earliest=-\d+s", "earliest=-1s"),
    ("now left out", r"latest=\+1s", "latest=+0s"),
    ("case", r"\(\?i\)", ""),
    ("null compared", r"coalesce\(('[^']*'),\"\"\)", r"\1"),
    ("any rule will do", r"positive==1", "1==1"),
    ("a group with just enough matches leaves", r"(in_group\d*,\d+\))>=", r"\1>"),
    ("a group with all rules leaves", r"_in_group,1\)>0", "_in_group,1)>9"),
    ("inner alerts twice", r"nth==1 AND ", ""),
]


@pytest.mark.parametrize(
    ("pattern", "replacement"), [row[1:] for row in MUTANTS], ids=[row[0] for row in MUTANTS]
)
def test_defect_is_found(pattern: str, replacement: str) -> None:
    tried = 0
    for number in range(1500):
        random = Random(f"mutant-{number}")
        case = baseline_case(random) if number % 3 == 0 else make_case(random)
        query = translate(case.plan, profile()).query
        assert query is not None
        mutant = re.sub(pattern, replacement, query.text, flags=re.MULTILINE)
        if mutant == query.text:
            continue
        tried += 1
        translation = translate(case.plan, profile())
        try:
            rows = run(mutant, raw_events(case.events, profile()), NOW // SECOND)
            found = spl_alerts(translation, case.plan, rows)
        except (ModelError, KeyError):
            return
        if found != wanted_alerts(case.plan, case.events, NOW):
            return
    pytest.fail(f"not found in {tried} searches")


def test_the_default_sort_limit_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """``sort`` without 0 keeps 10,000 rows; here three."""
    monkeypatch.setattr(commands, "SORT_LIMIT", 3)
    differs = 0
    for number in range(60):
        case = make_case(Random(f"sort-{number}"))
        translation = translate(case.plan, profile())
        assert translation.query is not None
        events, want = (
            raw_events(case.events, profile()),
            wanted_alerts(case.plan, case.events, NOW),
        )
        rows = run(translation.query.text, events, NOW // SECOND)
        assert spl_alerts(translation, case.plan, rows) == want
        rows = run(translation.query.text.replace("sort 0 ", "sort "), events, NOW // SECOND)
        differs += spl_alerts(translation, case.plan, rows) != want
    assert differs
