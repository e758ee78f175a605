"""Eval: values, three-valued logic, functions.

A value is None (null), a string, a number, or a list (multivalue). Pages: Search Reference,
*eval* (operators, "the result of an eval expression cannot be a Boolean"), *Comparison and
conditional functions*, *Conversion functions*, *Text functions*, *Mathematical functions*,
*Multivalue eval functions*.
"""

from __future__ import annotations

import ipaddress
import math
import operator
import re
from functools import cache
from typing import Any

from .errors import ModelError
from .parse import Node

SIGNS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ARITHMETIC = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
OPEN = "what no page says"
NUMBER = re.compile(r"-?\d+(\.\d+)?")


class Eval:
    """Evaluates expressions on one row."""

    def __init__(self, row: dict[str, Any], now: int) -> None:
        self.row = row
        self.now = now

    def truth(self, node: Node) -> bool | None:
        """A Boolean expression: true, false or null."""
        found = self._truth(node)
        if found is OPEN:
            raise ModelError("NOT of null: the documentation does not say what it is")
        return found

    def _truth(self, node: Node) -> Any:
        """``truth``, or OPEN where it rests on what NOT makes of null: beside a test that is false
        or null nothing makes a conjunction true."""
        kind = node[0]
        if kind == "group":
            return self._truth(node[1])
        if kind == "not":
            part = self._truth(node[1])
            return OPEN if part in (None, OPEN) else not part
        if kind in ("and", "or"):
            parts = [self._truth(part) for part in node[1:]]
            decisive = kind == "or"
            if decisive in parts:
                return decisive
            if OPEN in parts and not (kind == "and" and None in parts):
                return OPEN
            return None if None in parts else not decisive
        if kind == "op" and node[1] in SIGNS:
            return self._compare(node[1], self.value(node[2]), self.value(node[3]))
        if kind == "call":
            found = self._call(node[1], node[2], boolean=True)
            if found is None or isinstance(found, bool):
                return found
        raise ModelError(f"not a Boolean: {node}")

    def value(self, node: Node) -> Any:
        """An expression's value; never a Boolean."""
        kind = node[0]
        if kind in ("string", "number"):
            return node[1]
        if kind == "field":
            return self.row.get(node[1])
        if kind == "group":
            return self.value(node[1])
        if kind == "neg":
            return -self._number(self.value(node[1]))
        if kind == "op" and node[1] in ARITHMETIC:
            left, right = (self._number(self.value(part)) for part in node[2:])
            return None if left is None or right is None else ARITHMETIC[node[1]](left, right)
        if kind == "call":
            found = self._call(node[1], node[2], boolean=False)
            if not isinstance(found, bool):
                return found
        raise ModelError(f"a Boolean is no value: {node}")

    def _compare(self, sign: str, left: Any, right: Any) -> bool | None:
        if left is None or right is None:
            return None
        if isinstance(left, list) or isinstance(right, list):
            raise ModelError("comparison of a multivalue field")
        if isinstance(left, str) and isinstance(right, str):
            return bool(SIGNS[sign](left, right))
        numbers = self._number(left), self._number(right)
        return bool(SIGNS[sign](*numbers))

    def _number(self, value: Any) -> Any:
        if value is None or isinstance(value, int | float):
            return value
        if isinstance(value, str) and NUMBER.fullmatch(value):
            return float(value) if "." in value else int(value)
        raise ModelError(f"{value!r} used as a number")

    def _call(self, name: str, args: list[Node], *, boolean: bool) -> Any:
        if name == "if":
            condition, yes, no = args
            return self.value(yes if self.truth(condition) is True else no)
        if name == "case":
            for condition, found in zip(args[::2], args[1::2], strict=True):
                if self.truth(condition) is True:
                    return self.value(found)
            return None
        if name == "now":
            return self.now
        function = FUNCTIONS.get(name)
        if function is None:
            raise ModelError(f"unknown function {name}")
        return function(*(self.value(arg) for arg in args))


def text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _string(value: Any) -> str | None:
    if isinstance(value, list):
        raise ModelError("text function on a multivalue field")
    return None if value is None else text(value)


PCRE_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[a-z]+\)|.", re.DOTALL)
CODE = re.compile(r"(?<!\\)((?:\\\\)*)\\x\{([0-9a-f]+)\}")
ASCII = {"w": "A-Za-z0-9_", "d": "0-9", "s": r"\t\n\v\f\r "}


@cache
def pcre(pattern: str) -> re.Pattern[str]:
    """A PCRE pattern for Python: ASCII classes; what the two read differently is an error."""
    lines = re.match(r"\(\?[a-z]*m", pattern) is not None

    def translate(token: str) -> str:
        if token == r"\z":
            return r"\Z"
        if token == "$" and not lines:
            raise ModelError(f"$ before a last line break: {pattern}")
        if token in (r"\Z", r"\v", r"\u", r"\U", r"\N", r"\h", r"\R", r"\K", r"\G", r"\Q"):
            raise ModelError(f"{token} in {pattern}")
        if token in (r"\b", r"\B"):
            word = ASCII["w"]
            edge = f"(?<![{word}])(?=[{word}])|(?<=[{word}])(?![{word}])"
            return f"(?:{edge})" if token == r"\b" else f"(?!{edge})"
        if token.startswith("["):
            if re.search(r"(?<!\\)\[[:.=]", token[1:]):
                raise ModelError(f"POSIX class in {pattern}")
            return re.sub(r"\\(.)", lambda m: ASCII.get(m[1], m[0]), token, flags=re.DOTALL)
        if token[0] == "\\" and token[1].lower() in ASCII:
            negated = "^" if token[1].isupper() else ""
            return f"[{negated}{ASCII[token[1].lower()]}]"
        return token

    numbered = CODE.sub(lambda each: each[1] + re.escape(chr(int(each[2], 16))), pattern)
    return re.compile("".join(translate(token[0]) for token in PCRE_TOKEN.finditer(numbered)))


def _match(subject: Any, pattern: str) -> bool | None:
    found = _string(subject)
    return None if found is None else pcre(pattern).search(found) is not None


def _cidrmatch(network: Any, address: Any) -> bool | None:
    """An address that is none: the documentation is silent, so null."""
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network)
    except ValueError:
        return None


def _tonumber(value: Any) -> Any:
    if isinstance(value, str):
        if not NUMBER.fullmatch(value):
            return None
        return float(value) if "." in value else int(value)
    return value


def _round(value: Any, places: int = 0) -> Any:
    return None if value is None else round(value, places)


def _mvappend(*values: Any) -> Any:
    found: list[Any] = []
    for value in values:
        found += value if isinstance(value, list) else [] if value is None else [value]
    return found or None


def _mvindex(values: Any, index: int) -> Any:
    return values[index] if values else None


def _split(value: Any, separator: str) -> list[str] | None:
    return None if value is None else text(value).split(separator)


def _substr(value: Any, start: int, length: int | None = None) -> Any:
    """The first character is number 1; start 0 or below is left to the documentation's examples."""
    found = _string(value)
    if found is None:
        return None
    if start < 1:
        raise ModelError(f"substr from {start}")
    return found[start - 1 : None if length is None else start - 1 + length]


def _max(*values: Any) -> Any:
    if any(not isinstance(value, int | float) for value in values):
        raise ModelError(f"max of {values}")
    return max(values)


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


FUNCTIONS: dict[str, Any] = {
    "null": lambda: None,
    "true": lambda: True,
    "false": lambda: False,
    "isnull": lambda value: value is None,
    "isnotnull": lambda value: value is not None,
    "coalesce": _coalesce,
    "lower": lambda value: None if value is None else _string(value).lower(),
    "len": lambda value: None if value is None else len(_string(value)),
    "substr": _substr,
    "match": _match,
    "cidrmatch": _cidrmatch,
    "tonumber": _tonumber,
    "exact": lambda value: value,
    "round": _round,
    "floor": lambda value: None if value is None else math.floor(value),
    "max": _max,
    "mvappend": _mvappend,
    "mvindex": _mvindex,
    "split": _split,
}
