"""Mutations of a file: of its structure, where it is YAML or JSON, and of its bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from random import Random
from typing import Any

import yaml

TEXTS = (
    "",
    " ",
    "\x00",
    "\x1b[2J\x1b]0;owned\x07",
    "line\nbreak",
    "\r\n::error::owned",
    "x ##[set-output name=a;]b",
    "::add-mask::*",
    "\u202egnp.exe\u2066",
    "\u2028\u2029\x85",
    "\ufeff\u200b\ufffe",
    "\U000e0041",
    "\u0130\u0131\u017f\u212a",
    "../../../etc/passwd",
    "/etc/passwd",
    "C:\\Windows\\",
    "CON",
    "$(id)`id`${id}",
    "%name%",
    "%",
    "{{ x }}{% raw %}",
    "<script>alert(1)</script>&amp;]]>",
    "'\"`\\",
    "\\",
    "*",
    "?*\\*",
    "*" * 300,
    "a" * 5_000,
    "*/ // -- # |",
    "(a+)+$",
    "[" * 200,
    "not (a or b",
    "1 of them",
    "all of *",
    "0x10",
    "1e400",
    "99999999999999999d",
    "2026-13-45",
    "19c1e8a2-5d9f-4f6e-9a51-0d6f3b2c7e41",
    "{19C1E8A2-5D9F-4F6E-9A51-0D6F3B2C7E41}",
    "http://[::1",
    "0.0.0.0/99",
    "=cmd|' /C calc'!A0",
)
"""Values that readers, languages and terminals take for something else."""

SCALARS: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**63,
    -(2**64),
    10**400,
    0.1,
    1e308,
    float("inf"),
    float("nan"),
    b"\xff\x00",
)

TOKENS = (
    ": ",
    "- ",
    "&a ",
    "*a",
    "|\n",
    ">-\n",
    "\n---\n",
    "\n...\n",
    "\t",
    "\r",
    "\ufeff",
    '"',
    "'",
    "[",
    "]",
    "{",
    "}",
    "#",
    "<<: *a",
    "? ",
    "!!python/object/apply:os.system [id]",
    "!!binary x",
    "!!set {a}",
    "!!timestamp 2026-01-01",
    "%YAML 1.1\n",
    "%TAG ! x\n",
    "\x00",
    "\x1b[31m",
    "\u2028",
    "=",
    "~",
    "@",
    "0o17",
    "1:30",
)
"""What means something to a reader of YAML, JSON or a terminal."""

Path = tuple[Any, ...]


def mutated(random: Random, text: str) -> bytes:
    """``text`` with one to four mutations, three times of four in its structure if it has one."""
    times = random.choice((1, 1, 1, 2, 4))
    if random.random() < 0.75:
        documents = _documents(text)
        if documents:
            for _ in range(times):
                _change(random, documents)
            try:
                return _dumped(random, documents).encode("utf-8", "surrogatepass")
            except (yaml.YAMLError, ValueError, TypeError, RecursionError):
                pass  # a value that has no text is mutated in its bytes
    content = text.encode()
    for _ in range(times):
        content = random.choice(_IN_BYTES)(random, content)
    return content


def _documents(text: str) -> list[Any]:
    try:
        return list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, ValueError):
        return []


def _dumped(random: Random, documents: list[Any]) -> str:
    if len(documents) == 1 and random.random() < 0.1:
        return json.dumps(documents[0], default=str)
    aliases = random.random() < 0.5
    dumper = yaml.SafeDumper if aliases else _Plain
    return yaml.dump_all(documents, Dumper=dumper, sort_keys=False, allow_unicode=aliases)


class _Plain(yaml.SafeDumper):
    """Writes a value that occurs twice twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _places(node: Any, path: Path = ()) -> Iterator[Path]:
    yield path
    if len(path) < 12:
        if isinstance(node, dict):
            for key, value in node.items():
                yield from _places(value, (*path, key))
        elif isinstance(node, list):
            for index, value in enumerate(node):
                yield from _places(value, (*path, index))


def _at(node: Any, path: Path) -> Any:
    for key in path:
        node = node[key]
    return node


def _hostile(random: Random) -> Any:
    kind = random.random()
    if kind < 0.5:
        return random.choice(TEXTS)
    if kind < 0.75:
        return random.choice(SCALARS)
    nested: Any = random.choice((*TEXTS, *SCALARS))
    for _ in range(random.choice((1, 1, 2, 30))):
        nested = [nested] if random.random() < 0.5 else {random.choice(TEXTS[:12]): nested}
    return random.choice((nested, [], {}, [nested] * random.choice((2, 20)), {None: nested}))


def _change(random: Random, documents: list[Any]) -> None:
    """One change at a random place, in place."""
    path = random.choice(list(_places(documents)))
    if not path:
        documents.insert(random.randrange(len(documents) + 1), _hostile(random))
        return
    holder, key = _at(documents, path[:-1]), path[-1]
    random.choice(_IN_STRUCTURE)(random, holder, key, documents)


def _replace(random: Random, holder: Any, key: Any, documents: list[Any]) -> None:
    holder[key] = _hostile(random)


def _remove(random: Random, holder: Any, key: Any, documents: list[Any]) -> None:
    del holder[key]


def _rename(random: Random, holder: Any, key: Any, documents: list[Any]) -> None:
    if isinstance(holder, dict):
        value = holder.pop(key)
        modifiers = ("|re", "|cidr", "|contains|all", "|expand", "|base64offset", "|fieldref", "|x")
        names = (f"{key}{random.choice(modifiers)}", random.choice(TEXTS), *SCALARS[:6])
        holder[random.choice(names)] = value


def _wrap(random: Random, holder: Any, key: Any, documents: list[Any]) -> None:
    holder[key] = random.choice(([holder[key]], {"a": holder[key]}, [holder[key]] * 3))


def _append(random: Random, holder: Any, key: Any, documents: list[Any]) -> None:
    value = holder[key]
    if isinstance(value, str):
        at = random.randrange(len(value) + 1)
        holder[key] = value[:at] + random.choice(TEXTS) + value[at:]
    elif isinstance(value, list):
        value.insert(random.randrange(len(value) + 1), _hostile(random))
    elif isinstance(value, dict):
        value[random.choice(TEXTS)] = _hostile(random)
    else:
        holder[key] = _hostile(random)


def _swap(random: Random, holder: Any, key: Any, documents: list[Any]) -> None:
    """The value of another place; a copy, so that nothing holds itself."""
    other = random.choice(list(_places(documents))[1:])
    holder[key] = deepcopy(_at(documents, other))


_Structural = Callable[[Random, Any, Any, list[Any]], None]
_IN_STRUCTURE: tuple[_Structural, ...] = (
    _replace,
    _replace,
    _remove,
    _rename,
    _wrap,
    _append,
    _append,
    _swap,
)


def _flip(random: Random, content: bytes) -> bytes:
    if not content:
        return b"\xff"
    at = random.randrange(len(content))
    return content[:at] + bytes([random.randrange(256)]) + content[at + 1 :]


def _cut(random: Random, content: bytes) -> bytes:
    start, end = sorted(random.randrange(len(content) + 1) for _ in range(2))
    return content[:start] + content[end:]


def _repeat(random: Random, content: bytes) -> bytes:
    start, end = sorted(random.randrange(len(content) + 1) for _ in range(2))
    return content[:start] + content[start:end] * random.choice((2, 3)) + content[end:]


def _insert(random: Random, content: bytes) -> bytes:
    at = random.randrange(len(content) + 1)
    return content[:at] + random.choice(TOKENS).encode() + content[at:]


def _truncate(random: Random, content: bytes) -> bytes:
    return content[: random.randrange(len(content) + 1)]


_InBytes = Callable[[Random, bytes], bytes]
_IN_BYTES: tuple[_InBytes, ...] = (_flip, _cut, _repeat, _insert, _insert, _truncate)
