"""Parse tree to search terms and eval expressions."""

from __future__ import annotations

from typing import Any

from lark import Token, Transformer

from trident.engines.spl.lexical import in_eval, in_search, unquoted
from trident.engines.spl.nodes import (
    AllTerms,
    AnyTerm,
    Binary,
    Call,
    Compare,
    Expression,
    Field,
    Macro,
    NotTerm,
    Number,
    Raw,
    SearchValue,
    Subsearch,
    Term,
    Text,
    Unary,
)

Children = list[Any]


def name_of(token: Token) -> str:
    """A field's name: bare, or in single or double quotes.

    Source: "fields" and "rename", Support for backslash characters: two stand for one.
    """
    return in_search(unquoted(str(token)))


class Terms(Transformer[Token, Any]):
    """The search command's terms."""

    def search_terms(self, children: Children) -> Term:
        term: Term = children[0]
        return term

    def conjoined(self, children: Children) -> Term:
        terms = [each for each in children if not isinstance(each, Token)]
        return terms[0] if len(terms) == 1 else AllTerms(tuple(terms))

    def disjoined(self, children: Children) -> Term:
        terms = [each for each in children if not isinstance(each, Token)]
        return terms[0] if len(terms) == 1 else AnyTerm(tuple(terms))

    def snegation(self, children: Children) -> NotTerm:
        return NotTerm(children[-1])

    def keyword(self, children: Children) -> Raw:
        return Raw(SearchValue(in_search(str(children[0]))))

    def phrase(self, children: Children) -> Raw:
        return Raw(SearchValue(in_search(unquoted(str(children[0])))))

    def directive(self, children: Children) -> Raw:
        kind, _, rest = str(children[0]).partition("(")
        text = in_search(unquoted(rest[:-1].strip()))
        return Raw(SearchValue(text, cased=kind == "CASE"), kind)

    def macro_term(self, children: Children) -> Macro:
        return Macro(str(children[0]))

    def subsearch_term(self, children: Children) -> Subsearch:
        subsearch: Subsearch = children[0]
        return subsearch

    def search_name(self, children: Children) -> str:
        return name_of(children[0])

    def search_value(self, children: Children) -> SearchValue | Macro | Subsearch | Raw:
        (value,) = children
        if not isinstance(value, Token):
            option: Subsearch | Raw = value
            return option
        if value.type == "MACRO":
            return Macro(str(value))
        return SearchValue(in_search(unquoted(str(value))))

    def comparison(self, children: Children) -> Term:
        name, operator, value = children
        return _compare(name, "=" if operator == "==" else str(operator), value)

    def membership(self, children: Children) -> Term:
        name, _, *values = children
        return AnyTerm(tuple(_compare(name, "=", value) for value in values))


def _compare(name: str, operator: str, value: SearchValue | Macro | Subsearch | Raw) -> Compare:
    if isinstance(value, Raw):
        # TERM() in a comparison only tells the index how to look the value up.
        value = value.value
    return Compare(name, operator, value)


class Expressions(Transformer[Token, Any]):
    """The expressions of eval, where and statistics."""

    def number(self, children: Children) -> Number:
        return Number(str(children[0]))

    def string(self, children: Children) -> Text:
        return Text(in_eval(unquoted(str(children[0]))))

    def field(self, children: Children) -> Field:
        return Field(unquoted(str(children[0])))

    def name(self, children: Children) -> Expression:
        text = str(children[0])
        # Source: Search Manual, "Types of expressions": true, false and null are literals.
        if text in ("true", "false", "null"):
            return Call(text, ())
        return Field(text)

    def macro_value(self, children: Children) -> Macro:
        return Macro(str(children[0]))

    def call(self, children: Children) -> Call:
        function, *arguments = children
        return Call(str(function).lower(), tuple(arguments))

    def unary(self, children: Children) -> Unary:
        sign, operand = children
        return Unary(str(sign), operand)

    def enot(self, children: Children) -> Unary:
        return Unary("NOT", children[-1])

    def emembership(self, children: Children) -> Expression:
        values = [each for each in children if not isinstance(each, Token)]
        negated = any(getattr(each, "type", "") == "NOT_IN" for each in children)
        listed = Call("in", tuple(values))
        return Unary("NOT", listed) if negated else listed

    def _chain(self, children: Children) -> Expression:
        left: Expression = children[0]
        for operator, right in zip(children[1::2], children[2::2], strict=True):
            text = str(operator).upper()
            left = Binary("=" if text == "==" else text, left, right)
        return left

    expression = disjunction = conjunction = relation = sum = product = _chain
