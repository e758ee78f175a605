"""``trident.yml``: what it may say, and each mistake at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from trident.app.input.config import Config, read_config
from trident.app.input.sources import find_config
from trident.base.diagnostics import TridentError
from trident.mapping.resolver import resolve
from trident.rule.plan import LogSource

FULL = """\
profiles: {kql: defender, spl: [microsoft_addon]}
settings:
  spl: {macros: {cef: proxy_logs}}
tables:
  kql:
    Badge_CL: {columns: {string: [Host_s], datetime: [TimeGenerated], long: [Door_d]}}
    DeviceProcessEvents: {columns: {string: [Site_s]}}
fields:
  kql:
    - logsource: {product: door}
      table: Badge_CL
      fields: {Computer: Host_s, Door: Door_d}
    - logsource: {category: process_creation, product: windows}
      profiles: [sentinel]
      fields: {Site: Site_s}
placeholders: {it_admin_users: [alice, bob], limit: 5}
"""


def config(tmp_path: Path, text: str) -> Config:
    """The configuration that ``text`` says."""
    path = tmp_path / "trident.yml"
    path.write_text(text)
    return read_config(path)


def test_full(tmp_path: Path) -> None:
    read = config(tmp_path, FULL)
    assert read.profiles == {"kql": ("defender",), "spl": ("microsoft_addon",)}
    assert read.placeholders == {"it_admin_users": ("alice", "bob"), "limit": ("5",)}
    sentinel, defender = (read.profile("kql", name) for name in ("sentinel", "defender"))
    processes = LogSource("process_creation", "windows")
    door = resolve(LogSource(product="door"), "Door", sentinel)
    assert (door.name, door.type) == ("Door_d", "long")
    assert resolve(processes, "Site", sentinel).name == "Site_s"
    assert resolve(processes, "CommandLine", sentinel).name == "ProcessCommandLine"
    with pytest.raises(TridentError) as caught:
        resolve(processes, "Site", defender)
    assert caught.value.diagnostic.code == "TRI202"
    macros = read.profile("spl", "microsoft_addon").settings["macros"]
    assert (macros["microsoft_addon"], macros["cef"]) == ("trident_microsoft_addon", "proxy_logs")


def test_another_table_for_a_log_source(tmp_path: Path) -> None:
    read = config(
        tmp_path,
        "tables: {kql: {Own_CL: {columns: {string: [Cmd_s]}}}}\n"
        "fields: {kql: [{logsource: {category: process_creation, product: windows},"
        " table: Own_CL, fields: {CommandLine: Cmd_s}}]}\n",
    )
    profile = read.profile("kql", "sentinel")
    processes = LogSource("process_creation", "windows")
    assert resolve(processes, "CommandLine", profile).name == "Cmd_s"
    with pytest.raises(TridentError):
        resolve(processes, "Image", profile)


def test_own_macro_role(tmp_path: Path) -> None:
    read = config(
        tmp_path,
        "tables: {spl: {okta: {macro: okta, columns: {string: [actor]}}}}\n"
        "settings: {spl: {macros: {okta: okta_logs}}}\n",
    )
    assert read.profile("spl", "microsoft_addon").settings["macros"]["okta"] == "okta_logs"


def test_without_a_file() -> None:
    assert read_config(None) == Config()


def test_empty_file(tmp_path: Path) -> None:
    assert config(tmp_path, "# nothing yet\n").profiles == {}


WRONG = [
    ("unknown key", "profile: {}\n", "TRI104", 1, "profiles"),
    ("unknown target", "profiles:\n  kqll: sentinel\n", "TRI104", 2, "kql"),
    ("unknown profile", "profiles:\n  kql: [sentinell]\n", "TRI502", 2, "sentinel"),
    ("profiles of another kind", "profiles: {kql: {a: b}}\n", "TRI504", 1, ""),
    ("section of another kind", "settings: [a]\n", "TRI504", 1, ""),
    ("unknown setting", "settings:\n  spl:\n    macross: {}\n", "TRI104", 3, "macros"),
    ("unknown macro", "settings: {spl: {macros: {cefs: a}}}\n", "TRI104", 1, "cef"),
    ("setting of another kind", "settings:\n  spl: {macros: 1}\n", "TRI504", 2, ""),
    ("unknown column type", "tables: {kql: {T: {columns: {txt: [a]}}}}\n", "TRI104", 1, ""),
    ("unknown table key", "tables: {kql: {T: {colums: {}}}}\n", "TRI104", 1, "columns"),
    ("table without its macro", "tables:\n  spl:\n    T: {columns: {}}\n", "TRI504", 3, ""),
    ("rows that are no list", "fields: {kql: {a: b}}\n", "TRI504", 1, ""),
    ("unknown row key", "fields: {kql: [{log: 1}]}\n", "TRI104", 1, "logsource"),
    ("row without log source", "fields:\n  kql:\n    - fields: {}\n", "TRI504", 3, ""),
    ("unknown log source key", "fields: {kql: [{logsource: {cat: x}}]}\n", "TRI104", 1, ""),
    ("fields that are no mapping", "fields: {kql: [{logsource: {product: x}, fields: []}]}\n",
     "TRI504", 1, ""),
    ("placeholder of another kind", "placeholders: {a: {b: c}}\n", "TRI504", 1, ""),
    ("broken YAML", "profiles: {\n", "TRI002", 2, ""),
    ("duplicate key", "profiles: {}\nprofiles: {}\n", "TRI003", 2, ""),
    ("two documents", "profiles: {}\n---\nprofiles: {}\n", "TRI504", 3, ""),
    ("a list", "- profiles\n", "TRI504", 1, ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code", "line", "hint"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG]
)
def test_wrong(tmp_path: Path, text: str, code: str, line: int, hint: str) -> None:
    with pytest.raises(TridentError) as caught:
        config(tmp_path, text)
    found = caught.value.diagnostic
    assert (found.code, found.span.line) == (code, line)
    assert found.span.file.endswith("trident.yml")
    assert hint in found.hint


WRONG_ON_USE = [
    (
        "unknown table",
        "{logsource: {product: x}, table: DeviceProcessEvent}",
        "DeviceProcessEvents",
    ),
    ("no table", "{logsource: {product: x}, fields: {a: b}}", ""),
    ("unknown column", "{logsource: {category: proxy}, fields: {a: RequestURLL}}", "RequestURL"),
]


@pytest.mark.parametrize(
    ("row", "hint"), [case[1:] for case in WRONG_ON_USE], ids=[case[0] for case in WRONG_ON_USE]
)
def test_wrong_on_use(tmp_path: Path, row: str, hint: str) -> None:
    read = config(tmp_path, f"fields:\n  kql:\n    - {row}\n")
    with pytest.raises(TridentError) as caught:
        read.profile("kql", "sentinel")
    found = caught.value.diagnostic
    assert (found.code, found.span.line) == ("TRI504", 3)
    assert hint in found.hint


def test_nearest_file(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "trident.yml").write_text("")
    assert find_config(below) == tmp_path / "trident.yml"
    (below / "trident.yml").write_text("")
    assert find_config(below) == below / "trident.yml"
