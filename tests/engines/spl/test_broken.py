"""Broken searches are rejected: one small defect each, and the sound form beside it is accepted."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

pytest.importorskip("lark")
pytest.importorskip("pcre2")

from trident.engines.spl import SplSyntaxError, parse

BROKEN = yaml.safe_load(Path(__file__).with_name("broken.yml").read_text(encoding="utf-8"))

SOUND = [
    'index=main host="web server" (host=a OR host=b) NOT c IN (1, 2) earliest=-3d@d latest=now',
    "index=main `filter` [search index=b | fields host]",
    '| inputlookup append=t users where (CustID>500) AND (CustName="P*")',
    'index=main | where (a=1 OR b=2) AND NOT match(c, "^d") AND e IN ("f", "g")',
    'index=main | eval a=if(b=1, 2, 3), \'c d\'=case(e>1, "f", true(), lower(g)), h=i."-".j',
    "index=main | stats count, sum(bytes) AS b perc95(t) AS p count(eval(a=1)) AS n BY host, user",
    "index=main | streamstats window=5 global=f current=f count AS n BY host reset_on_change=true",
    'index=main | streamstats count reset_after=(n=3) reset_before="("match(t,\\"yes\\")")"',
    "index=main | sort 0 -num(size), +str(source) host d",
    "index=main | dedup 2 host keepempty=t sortby -_time | head 5 | tail 2 | reverse",
    "index=main | head count<5 keeplast=true null=false",
    'index=main | rename price-a*price-b AS price-a*Newprice-b, c AS "d e" | fields - _raw, x*',
    'index=main | rex field=a max_match=0 "(?<b>c+)" | regex a!="^d" | mvexpand b limit=3',
    'index=main | makemv delim="," a | fillnull value="-" b c | table a b* | bin _time span=5m',
    "index=main | lookup users user AS u OUTPUTNEW group AS g | append [| makeresults count=3]",
    "| tstats count min(_time) AS t FROM datamodel=A.B WHERE A.c=1 BY A.d _time span=1h",
    "index=main ```a comment | with a pipe``` | stats count",
]


def test_there_are_enough() -> None:
    assert len(BROKEN) >= 60
    assert len({case["spl"] for case in BROKEN}) == len(BROKEN)


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case["why"])
def test_broken(case: dict[str, str]) -> None:
    with pytest.raises(SplSyntaxError):
        parse(case["spl"])


@pytest.mark.parametrize("spl", SOUND)
def test_sound(spl: str) -> None:
    assert parse(spl)
