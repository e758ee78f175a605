"""Parse tree to commands."""

from __future__ import annotations

from lark import Token

from trident.engines.spl import nodes, statements
from trident.engines.spl.build_statistics import Statistics
from trident.engines.spl.build_terms import Children, Expressions, Terms, name_of
from trident.engines.spl.errors import SplSyntaxError
from trident.engines.spl.lexical import in_search, unquoted

Option = tuple[str, str]


def split(children: Children) -> tuple[dict[str, str], Children]:
    """Options, and everything else but keywords and commas."""
    options: dict[str, str] = dict(each for each in children if type(each) is tuple)
    return options, [each for each in children if type(each) is not tuple]


def _only(children: Children, kind: type) -> Children:
    return [each for each in children if isinstance(each, kind) and not isinstance(each, Token)]


class Commands(Terms, Expressions, Statistics):
    """The commands; each method is named like its rule in grammar.lark."""

    def pipeline(self, children: Children) -> statements.Pipeline:
        return tuple(children)

    def implicit(self, children: Children) -> statements.Search:
        return statements.Search(children[-1])

    search = implicit

    def subsearch(self, children: Children) -> nodes.Subsearch:
        return nodes.Subsearch(tuple(children))

    def macro_command(self, children: Children) -> statements.Opaque:
        return statements.Opaque(str(children[0]))

    def option(self, children: Children) -> Option:
        name, value = children
        return str(name).lower(), value

    def head_option(self, children: Children) -> Option:
        name, value = children
        return str(name).lower(), str(value)

    def option_value(self, children: Children) -> str:
        return in_search(unquoted(str(children[0])))

    def named(self, children: Children) -> str:
        return name_of(children[0])

    column = named

    def eval(self, children: Children) -> statements.Eval:
        return statements.Eval(tuple(pair for pair in children if not isinstance(pair, Token)))

    def assignment(self, children: Children) -> tuple[str, nodes.Expression]:
        target, expression = children
        return name_of(target), expression

    def where(self, children: Children) -> statements.Where:
        return statements.Where(children[-1])

    def sort_key(self, children: Children) -> statements.SortKey:
        tokens = {token.type: str(token) for token in children}
        kind = tokens.get("SORT_CAST", "auto").rstrip("( \t").lower()
        name = next(tokens[key] for key in ("FIELD", "STRING", "FIELD_QUOTED") if key in tokens)
        return statements.SortKey(in_search(unquoted(name)), tokens.get("SIGN") == "-", kind)

    def sort(self, children: Children) -> statements.Sort:
        options, rest = split(children[1:])
        counts = [int(each) for each in rest if getattr(each, "type", "") == "COUNT"]
        keys = _only(rest, statements.SortKey)
        if "limit" in options:
            counts.append(int(options["limit"]))
        if len(counts) > 1:
            raise SplSyntaxError("sort takes one count")
        # Source: "sort": a final d or desc reverses the order, if there is a field before it.
        reverse = len(keys) > 1 and keys[-1] in (
            statements.SortKey("d"),
            statements.SortKey("desc"),
        )
        if not keys:
            raise SplSyntaxError("sort needs a field")
        count = counts[0] if counts else None
        return statements.Sort(tuple(keys[:-1] if reverse else keys), count, reverse)

    def sortby(self, children: Children) -> tuple[statements.SortKey, ...]:
        return tuple(_only(children, statements.SortKey))

    def dedup(self, children: Children) -> statements.Dedup:
        sort_by: tuple[statements.SortKey, ...] = ()
        if type(children[-1]) is tuple and isinstance(children[-1][0], statements.SortKey):
            sort_by = children.pop()
        options, rest = split(children[1:])
        counts = [int(each) for each in rest if isinstance(each, Token)]
        names = tuple(each for each in rest if not isinstance(each, Token))
        return statements.Dedup(names, counts[0] if counts else 1, options, sort_by)

    def head(self, children: Children) -> statements.Head:
        options, rest = split(children[1:])
        condition: nodes.Expression | None = rest[0] if rest else None
        count = int(options["limit"]) if "limit" in options else None
        if isinstance(condition, nodes.Number):
            if count is not None:
                raise SplSyntaxError("head takes a number or limit=, not both")
            count, condition = int(condition.text), None
        if count is None and condition is None:
            count = 10
        return statements.Head(count, condition, options)

    def tail(self, children: Children) -> statements.Tail:
        return statements.Tail(int(children[1]) if len(children) > 1 else 10)

    def fields(self, children: Children) -> statements.Fields:
        names = [each for each in children if not isinstance(each, Token)]
        remove = any(isinstance(each, Token) and each == "-" for each in children)
        return statements.Fields(tuple(names), remove)

    def table(self, children: Children) -> statements.Table:
        return statements.Table(tuple(each for each in children if not isinstance(each, Token)))

    def pair(self, children: Children) -> list[str]:
        old, _, new = children
        return [old, new]

    def rename(self, children: Children) -> statements.Rename:
        return statements.Rename(tuple((old, new) for old, new in _only(children, list)))

    def fillnull(self, children: Children) -> statements.Fillnull:
        options, names = split(children[1:])
        return statements.Fillnull(options.pop("value", "0"), tuple(names))

    def rex(self, children: Children) -> statements.Rex:
        options, patterns = split(children[1:])
        if len(patterns) != 1:
            raise SplSyntaxError("rex takes one expression")
        name = options.pop("field", "_raw")
        return statements.Rex(in_search(unquoted(str(patterns[0]))), name, options)

    def regex(self, children: Children) -> statements.Regex:
        name, operator = ("_raw", "=") if len(children) == 2 else map(str, children[1:3])
        return statements.Regex(name, in_search(unquoted(str(children[-1]))), operator == "!=")

    def makemv(self, children: Children) -> statements.Makemv:
        options, names = split(children[1:])
        if len(names) != 1:
            raise SplSyntaxError("makemv takes one field")
        return statements.Makemv(names[0], options)

    def mvexpand(self, children: Children) -> statements.Mvexpand:
        options, names = split(children[1:])
        if set(options) - {"limit"}:
            raise SplSyntaxError("mvexpand has the option limit only")
        return statements.Mvexpand(names[0], int(options.get("limit", 0)))

    def lookup_field(self, children: Children) -> list[str]:
        return [children[0], children[-1]]

    def lookup_output(self, children: Children) -> statements.Lookup:
        mode, *outputs = children
        return statements.Lookup(
            "", (), tuple((old, new) for old, new in outputs), mode.upper(), {}
        )

    def lookup(self, children: Children) -> statements.Lookup:
        options, (table, *rest) = split(children[1:])
        output = rest.pop() if isinstance(rest[-1], statements.Lookup) else None
        matches = tuple((old, new) for old, new in rest)
        if output is None:
            return statements.Lookup(table, matches, (), "", options)
        return statements.Lookup(table, matches, output.outputs, output.mode, options)

    def where_search(self, children: Children) -> list[nodes.Term]:
        return [children[-1]]

    def inputlookup(self, children: Children) -> statements.Inputlookup:
        options, rest = split(children[1:])
        where = rest.pop()[0] if isinstance(rest[-1], list) else None
        if len(rest) != 1:
            raise SplSyntaxError("inputlookup takes one table")
        return statements.Inputlookup(rest[0], where, options)

    def bin(self, children: Children) -> statements.Bin:
        options, rest = split(children[1:])
        names = [each for each in rest if not isinstance(each, Token)]
        if not 1 <= len(names) <= 2:
            raise SplSyntaxError("bin takes one field")
        return statements.Bin(names[0], names[-1], options)

    def append(self, children: Children) -> statements.Append:
        options, rest = split(children[1:])
        return statements.Append(rest[-1], options)

    def join(self, children: Children) -> statements.Opaque:
        return statements.Opaque("join")

    def foreach(self, children: Children) -> statements.Opaque:
        return statements.Opaque("foreach")

    def group(self, children: Children) -> str:
        return "(" + " ".join(map(str, children)) + ")"

    def other(self, children: Children) -> nodes.Statement:
        name, *words = (str(each) for each in children)
        if name.lower() == "reverse" and not words:
            return statements.Reverse()
        if name.lower() == "makeresults" and len(words) <= 1:
            count = "".join(words).removeprefix("count=") or "1"
            if count.isdigit():
                return statements.Makeresults(int(count))
        return statements.Opaque(name.lower())
