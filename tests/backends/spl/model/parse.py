"""Reading a search: pipes, arguments, eval expressions.

Pages: Search Manual, *Types of expressions* (literals, escapes), *Use macros in searches*;
Search Reference, *eval* (quotes), *Boolean expressions* (order of NOT, AND, OR in eval and where).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import ModelError

TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<macro>`[^`]*`)
  | (?P<string>"(?:[^"\\]|\\.)*")
  | (?P<quoted>'[^'\\]*')
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<word>[A-Za-z_][A-Za-z0-9_.]*)
  | (?P<operator>==|!=|<=|>=|[-+*/%<>=(),|])
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    found, position = [], 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise ModelError(f"cannot read {text[position : position + 30]!r}")
        if match.lastgroup != "space":
            found.append(Token(str(match.lastgroup), match[0], match.start(), match.end()))
        position = match.end()
    return found


def unquote(text: str) -> str:
    """A string literal's value. Only two escapes are certain; others are an error."""

    def escape(match: re.Match[str]) -> str:
        if match[1] not in '\\"':
            raise ModelError(f"escape {match[0]} in {text}")
        return match[1]

    if "\n" in text:
        raise ModelError(f"line break in {text!r}")
    return re.sub(r"\\(.)", escape, text[1:-1], flags=re.DOTALL)


def stages(text: str) -> list[list[Token]]:
    """The commands between the pipes."""
    found: list[list[Token]] = [[]]
    for token in tokenize(text):
        if token.text == "|" and token.kind == "operator":
            found.append([])
        else:
            found[-1].append(token)
    return found


# -- expressions --------------------------------------------------------------------------

Node = tuple  # ("string", value) ("number", value) ("field", name) ("call", name, [args])
#               ("op", sign, left, right) ("and"|"or", left, right) ("not", part) ("neg", part)


class Reader:
    """A cursor over tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0

    def peek(self, *texts: str) -> bool:
        if self.at >= len(self.tokens):
            return False
        token = self.tokens[self.at]
        return token.kind in ("operator", "word") and token.text in texts

    def take(self, *texts: str) -> Token:
        if self.at >= len(self.tokens) or (texts and not self.peek(*texts)):
            raise ModelError(f"expected {texts} at token {self.at} of {self.tokens}")
        self.at += 1
        return self.tokens[self.at - 1]

    def done(self) -> bool:
        return self.at >= len(self.tokens)

    def expression(self) -> Node:
        return self._binary(0)

    LEVELS = (
        ("OR",),
        ("AND",),
        ("NOT",),
        ("==", "!=", "<", "<=", ">", ">="),
        ("+", "-"),
        ("*", "/", "%"),
    )

    def _binary(self, level: int) -> Node:
        if level == len(self.LEVELS):
            return self._unary()
        signs = self.LEVELS[level]
        if signs == ("NOT",):
            if self.peek("NOT"):
                self.take()
                return ("not", self._binary(level))
            return self._binary(level + 1)
        left = self._binary(level + 1)
        while self.peek(*signs):
            sign = self.take().text
            right = self._binary(level + 1)
            if sign in ("AND", "OR"):
                left = (sign.lower(), left, right)
            else:
                if level == 3 and left[0] == "op" and left[1] in self.LEVELS[3]:
                    raise ModelError("chained comparison")
                left = ("op", sign, left, right)
        return left

    def _unary(self) -> Node:
        if self.peek("-"):
            self.take()
            return ("neg", self._unary())
        if self.peek("("):
            self.take("(")
            inner = self.expression()
            self.take(")")
            return ("group", inner)
        token = self.take()
        if token.kind == "string":
            return ("string", unquote(token.text))
        if token.kind == "quoted":
            return ("field", token.text[1:-1])
        if token.kind == "number":
            return ("number", float(token.text) if "." in token.text else int(token.text))
        if token.kind == "word":
            if self.peek("("):
                self.take("(")
                args = []
                while not self.peek(")"):
                    args.append(self.expression())
                    if not self.peek(")"):
                        self.take(",")
                self.take(")")
                return ("call", token.text.lower(), args)
            if "." in token.text:
                raise ModelError(f"{token.text} in an expression concatenates; quote it")
            if token.text.lower() in ("in", "like", "and", "or", "not", "xor", "as", "by"):
                raise ModelError(f"{token.text} is an operator")
            return ("field", token.text)
        raise ModelError(f"unexpected {token}")


def expression(tokens: list[Token]) -> Node:
    reader = Reader(tokens)
    found = reader.expression()
    if not reader.done():
        raise ModelError(f"left over: {reader.tokens[reader.at :]}")
    return found


def assignments(tokens: list[Token]) -> list[tuple[str, Node]]:
    """``a=expr, b=expr`` of eval."""
    reader = Reader(tokens)
    found = []
    while True:
        target = reader.take()
        if target.kind != "word" or "." in target.text:
            raise ModelError(f"eval target {target.text}")
        reader.take("=")
        found.append((target.text, reader.expression()))
        if reader.done():
            return found
        reader.take(",")
