"""A rule on a million exported events: time and peak memory of ``trident verify --events``.

``python benchmarks/exported.py [EVENTS]`` writes a JSON-lines export to a temporary folder, one
record in a hundred a match, and evaluates the steganography hunt on it.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from click.testing import CliRunner

from trident.app.commands.cli import main

RULE = Path(__file__).resolve().parents[1] / "rules" / "steganography_then_webmail.yml"


def write(file: Path, count: int) -> None:
    """Records as Splunk's add-on has them, a tenth of a second apart."""
    random = Random(1)
    start = 1_768_478_400 - count // 10
    with file.open("w") as export:
        for number in range(count):
            hit = number % 100 == 0
            if number % 2:
                record = {
                    "category": "AdvancedHunting-DeviceNetworkEvents",
                    "properties.RemoteUrl": "mail.google.com" if number % 99 == 0 else "a.example",
                }
            else:
                record = {
                    "category": "AdvancedHunting-DeviceProcessEvents",
                    "properties.ProcessCommandLine": "steg a.png" if hit else "notepad.exe",
                }
            record |= {
                "_time": start + number / 10,
                "properties.DeviceName": f"ws{random.randrange(500)}",
            }
            export.write(json.dumps(record) + "\n")


def run() -> None:
    """Print events, seconds, and the peak memory before and after."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "export.jsonl"
        write(file, count)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        result = CliRunner().invoke(
            main, ["verify", str(RULE), "--events", str(file), "--source", "microsoft_addon"]
        )
        took = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert result.exit_code == 0, result.output
        print(result.stdout.splitlines()[0])
        size = file.stat().st_size / 1e6
        memory = f"peak memory {before // 1024} -> {after // 1024} MiB"
        print(f"{count} events, {size:.0f} MB: {took:.1f} s; {memory}")


if __name__ == "__main__":
    run()
