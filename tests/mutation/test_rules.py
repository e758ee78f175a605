"""Each small change of a good rule that leaves a part without events is found (rules.yml)."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import yaml

from trident.app.check.run import check
from trident.app.check.selection import read_selection
from trident.app.input.config import Config
from trident.mapping.profiles import default_profile

DATA = yaml.safe_load(Path(__file__).with_name("rules.yml").read_text("utf-8"))
FOUND = ("TRI642", "TRI644", "TRI645", "TRI646", "TRI647", "TRI648", "TRI649")
TARGETS = ("kql", "eql", "spl")


def findings(texts: dict[str, str], folder: Path) -> dict[str, list[str]]:
    """The codes found in each text, each profile's findings as one."""
    files = [folder / f"{name.replace(' ', '_')}.yml" for name in texts]
    for file, text in zip(files, texts.values(), strict=True):
        file.write_text(text, "utf-8")
    profiles = [Config().profile(target, default_profile(target)) for target in TARGETS]
    codes = defaultdict(list)
    for file in files:  # by itself: the rules of two texts have the same names
        report = check([str(file)], profiles, Config(), read_selection(FOUND, ()))
        for each in report.diagnostics:
            codes[file.stem.replace("_", " ")].append(each.code)
    return dict(codes)


def test_good_rules(tmp_path: Path) -> None:
    assert findings(DATA["rules"], tmp_path) == {}


def test_mutants(tmp_path: Path) -> None:
    texts, expected = {}, {}
    for why, name, change, codes in DATA["mutants"]:
        text = DATA["rules"][name]
        for old, new in change.items():
            assert old in text, (why, old)
            text = text.replace(old, new)
        texts[why], expected[why] = text, codes
    assert len(texts) >= 30
    assert findings(texts, tmp_path) == expected
