"""Text, matching and conversion functions.

Source: Splunk Search Reference 9.4, "Text functions", "Comparison and Conditional functions",
"Conversion functions", "Cryptographic functions".
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from trident.engines.spl.errors import SplRuntimeError, SplUndocumented, SplUnsupported
from trident.engines.spl.patterns import compile_pattern
from trident.engines.spl.scope import Function, Scope, numeric, plain, single, text
from trident.engines.spl.values import (
    Num,
    Result,
    Truth,
    compare,
    each_of,
    multi,
    number,
    truth,
)

Arguments = Sequence[Result]

# match() and its like "return TRUE ... otherwise FALSE", without a word about a null argument.
_OPEN = Truth.FALSE | Truth.NULL


def _per_value(change: Callable[[str], str], name: str) -> Function:
    def apply(_: Scope, arguments: Arguments) -> Result:
        return multi([change(str(each)) for each in each_of(plain(arguments[0], name))])

    return apply


def _length(_: Scope, arguments: Arguments) -> Result:
    measured = text(arguments[0], "len")
    return None if measured is None else Num(len(measured))


def _strip(name: str, sides: str) -> Function:
    def apply(_: Scope, arguments: Arguments) -> Result:
        trimmed = text(arguments[0], name)
        characters = text(arguments[1], name) if len(arguments) > 1 else " \t"
        if trimmed is None or characters is None:
            return None
        if "l" in sides:
            trimmed = trimmed.lstrip(characters)
        return trimmed.rstrip(characters) if "r" in sides else trimmed

    return apply


def _substring(_: Scope, arguments: Arguments) -> Result:
    """Source: substr: indexes follow SQLite semantics, they start at 1."""
    whole, start = text(arguments[0], "substr"), numeric(arguments[1], "substr")
    length = numeric(arguments[2], "substr") if len(arguments) > 2 else Num(2**31)
    if whole is None or start is None or length is None:
        return None
    begin, count = int(start.value), int(length.value)
    if count < 0:
        raise SplUndocumented("substr() with a negative length")
    begin = begin - 1 if begin >= 0 else len(whole) + begin
    if begin < 0:
        count, begin = max(0, count + begin), 0
    return whole[begin : begin + count]


def _match(_: Scope, arguments: Arguments) -> Result:
    searched, pattern = text(arguments[0], "match"), text(arguments[1], "match")
    if searched is None or pattern is None:
        return _OPEN
    return truth(compile_pattern(pattern).search(searched) is not None)


@lru_cache(maxsize=512)
def _like_pattern(pattern: str) -> Any:
    wild = {"%": ".*", "_": "."}
    body = "".join(wild.get(char) or re.escape(char) for char in pattern)
    return re.compile(body, re.DOTALL)


def like(_: Scope, arguments: Arguments) -> Result:
    """``like()`` and the LIKE operator: ``%`` is any text, ``_`` any character."""
    compared, pattern = text(arguments[0], "like"), text(arguments[1], "like")
    if compared is None or pattern is None:
        return _OPEN
    return truth(_like_pattern(pattern).fullmatch(compared) is not None)


def in_network(network: str, address: str) -> bool:
    """Whether an IPv4 or IPv6 address is in a subnet in CIDR notation."""
    try:
        cidr = ipaddress.ip_network(network, strict=False)
        return ipaddress.ip_address(address) in cidr
    except ValueError:
        return False


def _cidrmatch(_: Scope, arguments: Arguments) -> Result:
    network, address = text(arguments[0], "cidrmatch"), text(arguments[1], "cidrmatch")
    if network is None or address is None:
        return _OPEN
    return truth(in_network(network, address))


def _in(_: Scope, arguments: Arguments) -> Result:
    wanted, *values = arguments
    if wanted is None:
        return _OPEN
    answers = [compare("=", wanted, value) for value in values]
    return truth(Truth.TRUE in answers)


def _replace(_: Scope, arguments: Arguments) -> Result:
    original, pattern, new = (text(each, "replace") for each in arguments)
    if original is None or pattern is None or new is None:
        return None
    return str(compile_pattern(pattern).sub(lambda match: _expand(new, match), original))


def _expand(template: str, match: Any) -> str:
    return re.sub(r"\\(\d)", lambda group: match.group(int(group[1])) or "", template)


def _tonumber(scope: Scope, arguments: Arguments) -> Result:
    """Source: tonumber: NULL for a field's value that is no number (a blank around it too)."""
    written = single(arguments[0], "tonumber")
    base = numeric(arguments[1], "tonumber") if len(arguments) > 1 else None
    if written is None:
        return None
    if base is not None and int(base.value) != 10:
        try:
            return Num(int(str(written), int(base.value)))
        except ValueError:
            return None
    known = (
        written if isinstance(written, Num) else number(written, scope.config.integers_are_exact)
    )
    return None if known is None else Num(known.value, known.decimals)


def _commas(value: float) -> str:
    if value == int(value):
        return f"{int(value):,}"
    return f"{Decimal(repr(value)).quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


def _duration(value: float) -> str:
    days, rest = divmod(int(value), 86400)
    clock = f"{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    return f"{days}+{clock}" if days else clock


_FORMATS: Mapping[str, Callable[[float], str]] = {
    "hex": lambda value: f"0x{int(value):X}",
    "binary": lambda value: f"{int(value):b}",
    "commas": _commas,
    "duration": _duration,
}


def _tostring(_: Scope, arguments: Arguments) -> Result:
    argument = arguments[0]
    if isinstance(argument, Truth):
        # Source: tostring: "True" or "False"; "eval": NULLs can be converted too, not to what.
        if argument not in (Truth.TRUE, Truth.FALSE):
            raise SplUndocumented("tostring() of NULL")
        return "True" if argument is Truth.TRUE else "False"
    value = single(argument, "tostring")
    if len(arguments) == 1 or value is None:
        return None if value is None else str(value)
    form = text(arguments[1], "tostring")
    if form is None or form not in _FORMATS:
        raise SplRuntimeError(f"tostring() has no format {form}")
    known = numeric(value, "tostring")
    return None if known is None else _FORMATS[form](known.value)


_CONVERSION = re.compile(
    r"%(?P<flags>[-0+ #']*)(?P<width>\*|\d*)(?P<precision>\.(?:\*|\d*))?(?P<kind>[a-zA-Z%])"
)
_ALIASES = {"i": "d", "u": "d", "p": "X", "z": "s"}


def _printf(_: Scope, arguments: Arguments) -> Result:
    """Source: printf: conversions as in C; width and precision may come from arguments."""
    pattern, *operands = (single(each, "printf") for each in arguments)
    if pattern is None or None in operands:
        return None
    values = iter(operands)

    def convert(conversion: re.Match[str]) -> str:
        kind = _ALIASES.get(conversion["kind"], conversion["kind"])
        if kind == "%":
            return "%"
        if kind not in "dxXsfFeEgG" or "'" in conversion["flags"]:
            raise SplUnsupported(f"printf conversion {conversion[0]}")
        stars = f"{conversion['width']}{conversion['precision'] or ''}".count("*")
        taken = [_whole(next(values, None)) for _ in range(stars)]
        value = next(values, None)
        shaped = str(value) if kind == "s" else _whole(value) if kind in "dxX" else _float(value)
        code = f"%{conversion['flags']}{conversion['width']}{conversion['precision'] or ''}{kind}"
        return code % (*taken, shaped)

    result = _CONVERSION.sub(convert, str(pattern))
    if next(values, None) is not None:
        raise SplUndocumented("printf() with more arguments than conversions")
    return result


def _float(value: Result) -> float:
    operand = numeric(value, "printf")
    if operand is None:
        raise SplUndocumented("printf() with fewer arguments than conversions")
    return operand.value


def _whole(value: Result) -> int:
    return int(_float(value))


def _hash(name: str) -> Function:
    def apply(_: Scope, arguments: Arguments) -> Result:
        hashed = text(arguments[0], name)
        return None if hashed is None else hashlib.new(name, hashed.encode()).hexdigest()

    return apply


FUNCTIONS: Mapping[str, Function] = {
    "lower": _per_value(str.lower, "lower"),
    "upper": _per_value(str.upper, "upper"),
    "len": _length,
    "length": _length,
    "trim": _strip("trim", "lr"),
    "ltrim": _strip("ltrim", "l"),
    "rtrim": _strip("rtrim", "r"),
    "substr": _substring,
    "replace": _replace,
    "urldecode": _per_value(unquote, "urldecode"),
    "match": _match,
    "like": like,
    "cidrmatch": _cidrmatch,
    "in": _in,
    "tonumber": _tonumber,
    "tostring": _tostring,
    "printf": _printf,
    **{name: _hash(name) for name in ("md5", "sha1", "sha256", "sha512")},
}
