"""The two shipped hunts: their plans, and events that hold every boundary of their meaning."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

import yaml

from tests.support.generate import FILE, NETWORK, NOW, PROCESS
from trident.meaning.events import SECOND, Event, Value
from trident.rule.plan import Correlation, LogSource
from trident.rule.planner import plan_all
from trident.rule.rules import Document, Ruleset

RULES = Path(__file__).resolve().parents[2] / "rules"
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND
PROXY = LogSource("proxy")

STEGANOGRAPHY = "steganography_then_webmail"
JPEG = "large_jpeg_from_new_source"


@cache
def hunt(name: str) -> Correlation:
    """The plan of a shipped hunt."""
    documents = yaml.safe_load_all((RULES / f"{name}.yml").read_text("utf-8"))
    ruleset = Ruleset.from_documents([Document(document) for document in documents])
    assert not ruleset.diagnostics
    (planned,) = plan_all(ruleset)
    assert isinstance(planned.plan, Correlation)
    return planned.plan


TOOLS = (  # command line or file name, and whether it holds a term of the rule
    ("steg a.png", True),
    ("my_steg_tool.exe", True),
    ("my-steg.png", True),
    ("STEG", True),
    ("C:\\tools\\OpenPuff.exe --hide", True),
    ("xiao", True),
    ("(camouflage)", True),
    ("steghide.exe embed", False),
    ("jsteg x", False),
    ("steg2", False),
    ("openpuff4.exe", False),
    ("stegano", False),
    ("", False),
)
MAILS = (
    ("mail.google.com", True),
    ("https://MAIL.GOOGLE.COM/u/0", True),
    ("webmail.google.com", True),  # contains, not a term
    ("https://mail.yahoo.com:443/", True),
    ("mail.protonmail.com.evil.example", True),
    ("google.com", False),
    ("", False),
)


def steganography_events() -> list[Event]:
    """At least 150 events, every boundary of the hunt on a computer of its own."""
    return sorted(_steganography(Random(7)), key=lambda event: event.time)


def _tool(time: int, host: Value, text: str = "steg a.png", file: bool = False) -> Event:
    if file:
        fields: dict[str, Value] = {"FileName": text, "User": "ann"}
        return Event(time, FILE, _without_none({**fields, "Computer": host}))
    fields = {"CommandLine": text, "FileName": "tool.exe", "User": "owner", "ParentUser": "ann"}
    return Event(time, PROCESS, _without_none({**fields, "Computer": host}))


def _mail(time: int, host: Value, url: str = "mail.google.com", user: str = "ann") -> Event:
    return Event(
        time, NETWORK, _without_none({"DestinationHostname": url, "User": user, "Computer": host})
    )


def _without_none(fields: dict[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in fields.items() if value is not None}


def _steganography(random: Random) -> Iterator[Event]:
    base = NOW - 10 * DAY  # 12:00, a slot's boundary
    gaps = (0, 1, 29 * MINUTE, 30 * MINUTE - 1, 30 * MINUTE, 30 * MINUTE + 1, 31 * MINUTE, -1)
    for number, gap in enumerate(gaps):
        for file in (False, True):
            host = f"gap{number}{file}"
            yield _tool(base, host, file=file)
            yield _mail(base + gap, host)
    # Across a clock boundary: 10:29 and 10:31.
    yield _tool(base + 29 * MINUTE, "clock")
    yield _mail(base + 31 * MINUTE, "clock")
    for number, (text, _) in enumerate(TOOLS):
        yield _tool(base, f"tool{number}", text)
        yield _mail(base + MINUTE, f"tool{number}")
        yield _tool(base, f"file{number}", text, file=True)
        yield _mail(base + MINUTE, f"file{number}")
    for number, (url, _) in enumerate(MAILS):
        yield _tool(base, f"mail{number}")
        yield _mail(base + MINUTE, f"mail{number}", url)
    # Host case, missing hosts, several tools and mails, duplicates.
    yield _tool(base, "CASE")
    yield _mail(base + MINUTE, "case")
    for host in ("", None):
        yield _tool(base, host)
        yield _mail(base + MINUTE, host)
    for minute in (0, 3, 3, 10):
        yield _tool(base + minute * MINUTE, "many")
        yield _mail(base + (minute + 5) * MINUTE, "many", user=f"user{minute}")
    # An earlier mail must not hide a later one (the reference's default join does).
    yield _mail(base - HOUR, "early")
    yield _tool(base, "early")
    yield _mail(base + MINUTE, "early")
    # The edges of the look-back: the mail decides, the tool may be half an hour older.
    for number, age in enumerate((30 * DAY - 1, 30 * DAY, 30 * DAY + 1, 0, -1)):
        yield _tool(NOW - age - 30 * MINUTE, f"edge{number}")
        yield _mail(NOW - age, f"edge{number}")
    for _ in range(60):
        time = base + random.randint(0, 6 * HOUR // MINUTE) * 10 * MINUTE
        host = f"noise{random.randint(1, 3)}"
        if random.random() < 0.5:
            yield _tool(time, host, random.choice(TOOLS)[0], random.random() < 0.5)
        else:
            yield _mail(time, host, random.choice(MAILS)[0])


def jpeg_events(*, history: bool = True) -> list[Event]:
    """At least 150 downloads; sizes lie between the nearest-rank and the linear percentile."""
    return sorted(_jpeg(Random(11), history), key=lambda event: event.time)


def _download(time: int, size: Value, host: Value, **more: Value) -> Event:
    fields: dict[str, Value] = {
        "c-uri": "http://images.example/a/b.jpg",
        "sc-bytes": size,
        "cs-bytes": 10_000_000,  # the other direction must not count
        "cs-host": host,
        "c-useragent": "agent",
        "cs-username": "ann",
        "cs-referrer": "http://ref.example/",
        **more,
    }
    return Event(time, PROXY, _without_none(fields))


def _jpeg(random: Random, history: bool) -> Iterator[Event]:
    if history:
        # 100 sizes 1000..100000: nearest rank p95 = 95000, linear = 95050 or less.
        for number in range(1, 101):
            host = ("known.example", "Known.Example", "", None)[number % 4]
            yield _download(NOW - 3 * DAY - number * MINUTE, number * 1000, host)
        # Outside both windows, at the edges, without size, or no JPEG.
        yield _download(NOW - 7 * DAY - 1, 10**9, "older.example")
        yield _download(NOW - 7 * DAY, 500, "oldest.example")
        yield _download(NOW - DAY, 500, "newest.example")
        yield _download(NOW - 2 * DAY, None, "nosize.example")
        yield _download(NOW - 2 * DAY, 10**9, "png.example", **{"c-uri": "http://x/y.png"})
        yield _download(NOW - 2 * DAY, 400, "upper.example", FileType="JPEG FILES")
        for _ in range(20):
            yield _download(NOW - random.randint(25, 160) * HOUR, 700, "filler.example")
    hour = NOW - HOUR
    sizes = (94_999, 95_000, 95_001, 95_049, 95_051, 96_000, 200_000, None)
    for number, size in enumerate(sizes):
        for host in (f"new{number}.example", "known.example", "KNOWN.EXAMPLE", "", None):
            yield _download(hour + number * SECOND, size, host)
    for host in ("older.example", "oldest.example", "newest.example", "nosize.example"):
        yield _download(hour, 300_000, host)
    yield _download(hour, 300_000, "png.example")
    yield _download(hour, 300_000, "upper.example")
    yield _download(NOW - DAY + 1, 300_000, "justnow.example")
    yield _download(NOW, 300_000, "now.example")
    yield _download(NOW + 1, 300_000, "future.example")
    for uri in ("http://x/y.JPG", "http://x/y.jpeg", "http://x/y.jpg?a=1", "", None, ".jpg"):
        yield _download(hour, 400_000, f"uri{uri}", **{"c-uri": uri})
        yield _download(hour, 400_000, f"type{uri}", **{"c-uri": uri, "FileType": "jpeg files"})
    yield _download(hour, 500_000, "twice.example")
    yield _download(hour, 500_000, "twice.example")
