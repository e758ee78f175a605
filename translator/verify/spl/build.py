"""Parse tree to commands."""

from __future__ import annotations

from lark import Token

from translator.verify.spl import ast
from translator.verify.spl.build_statistics import Statistics
from translator.verify.spl.build_terms import Children, Expressions, Terms, name_of
from translator.verify.spl.errors import SplSyntaxError
from translator.verify.spl.lexical import in_search, unquoted

Option = tuple[str, str]


def split(children: Children) -> tuple[dict[str, str], Children]:
    """Options, and everything else but keywords and commas."""
    options = dict(each for each in children if type(each) is tuple)
    return options, [each for each in children if type(each) is not tuple]


def _only(children: Children, kind: type) -> Children:
    return [each for each in children if isinstance(each, kind) and not isinstance(each, Token)]


class Commands(Terms, Expressions, Statistics):
    """The commands; each method is named like its rule in grammar.lark."""

    def pipeline(self, children: Children) -> ast.Pipeline:
        return tuple(children)

    def implicit(self, children: Children) -> ast.Search:
        return ast.Search(children[-1])

    search = implicit

    def subsearch(self, children: Children) -> ast.Subsearch:
        return ast.Subsearch(tuple(children))

    def macro_command(self, children: Children) -> ast.Opaque:
        return ast.Opaque(str(children[0]))

    def option(self, children: Children) -> Option:
        name, value = children
        return str(name).lower(), value

    head_option = option

    def option_value(self, children: Children) -> str:
        return in_search(unquoted(str(children[0])))

    def named(self, children: Children) -> str:
        return name_of(children[0])

    column = named

    def eval(self, children: Children) -> ast.Eval:
        return ast.Eval(tuple(pair for pair in children if not isinstance(pair, Token)))

    def assignment(self, children: Children) -> tuple[str, ast.Expression]:
        target, expression = children
        return name_of(target), expression

    def where(self, children: Children) -> ast.Where:
        return ast.Where(children[-1])

    def sort_key(self, children: Children) -> ast.SortKey:
        tokens = {token.type: str(token) for token in children}
        kind = tokens.get("SORT_CAST", "auto").rstrip("( \t").lower()
        name = next(tokens[key] for key in ("FIELD", "STRING", "FIELD_QUOTED") if key in tokens)
        text = in_search(unquoted(name))
        sign = tokens.get("SIGN", "")
        # ``-field`` is one word to the lexer when nothing stands between sign and name.
        if not sign and text[:1] in "+-" and len(text) > 1:
            sign, text = text[0], text[1:]
        return ast.SortKey(text, sign == "-", kind)

    def sort(self, children: Children) -> ast.Sort:
        options, rest = split(children[1:])
        counts = [int(each) for each in rest if getattr(each, "type", "") == "COUNT"]
        keys = _only(rest, ast.SortKey)
        if "limit" in options:
            counts.append(int(options["limit"]))
        if len(counts) > 1:
            raise SplSyntaxError("sort takes one count")
        # Source: "sort": a final d or desc reverses the order, if there is a field before it.
        reverse = len(keys) > 1 and keys[-1] in (ast.SortKey("d"), ast.SortKey("desc"))
        if not keys:
            raise SplSyntaxError("sort needs a field")
        return ast.Sort(tuple(keys[:-1] if reverse else keys), *counts[:1] or [None], reverse)

    def sortby(self, children: Children) -> tuple[ast.SortKey, ...]:
        return tuple(_only(children, ast.SortKey))

    def dedup(self, children: Children) -> ast.Dedup:
        sort_by: tuple[ast.SortKey, ...] = ()
        if type(children[-1]) is tuple and isinstance(children[-1][0], ast.SortKey):
            sort_by = children.pop()
        options, rest = split(children[1:])
        counts = [int(each) for each in rest if isinstance(each, Token)]
        names = tuple(each for each in rest if not isinstance(each, Token))
        return ast.Dedup(names, *counts or [1], options, sort_by)

    def head(self, children: Children) -> ast.Head:
        options = {
            str(name).lower(): str(value) for name, value in _only(children, list)
        }
        rest = [each for each in children[1:] if not isinstance(each, list)]
        condition: ast.Expression | None = rest[0] if rest else None
        count = int(options["limit"]) if "limit" in options else None
        if isinstance(condition, ast.Number):
            if count is not None:
                raise SplSyntaxError("head takes a number or limit=, not both")
            count, condition = int(condition.text), None
        if count is None and condition is None:
            count = 10
        return ast.Head(count, condition, options)

    def tail(self, children: Children) -> ast.Tail:
        return ast.Tail(int(children[1]) if len(children) > 1 else 10)

    def fields(self, children: Children) -> ast.Fields:
        sign = next((str(each) for each in children if getattr(each, "type", "") == "SIGN"), "+")
        names = [each for each in children if not isinstance(each, Token)]
        # ``fields -name`` and ``fields - name`` are the same.
        if names[0][:1] in "+-" and len(names[0]) > 1:
            sign, names[0] = names[0][0], names[0][1:]
        return ast.Fields(tuple(names), sign == "-")

    def table(self, children: Children) -> ast.Table:
        return ast.Table(tuple(each for each in children if not isinstance(each, Token)))

    def pair(self, children: Children) -> list[str]:
        old, _, new = children
        return [old, new]

    def rename(self, children: Children) -> ast.Rename:
        return ast.Rename(tuple((old, new) for old, new in _only(children, list)))

    def fillnull(self, children: Children) -> ast.Fillnull:
        options, names = split(children[1:])
        return ast.Fillnull(options.pop("value", "0"), tuple(names))

    def rex(self, children: Children) -> ast.Rex:
        options, patterns = split(children[1:])
        if len(patterns) != 1:
            raise SplSyntaxError("rex takes one expression")
        name = options.pop("field", "_raw")
        return ast.Rex(in_search(unquoted(str(patterns[0]))), name, options)

    def regex(self, children: Children) -> ast.Regex:
        name, operator = ("_raw", "=") if len(children) == 2 else map(str, children[1:3])
        return ast.Regex(name, in_search(unquoted(str(children[-1]))), operator == "!=")

    def makemv(self, children: Children) -> ast.Makemv:
        options, names = split(children[1:])
        if len(names) != 1:
            raise SplSyntaxError("makemv takes one field")
        return ast.Makemv(names[0], options)

    def mvexpand(self, children: Children) -> ast.Mvexpand:
        options, names = split(children[1:])
        if set(options) - {"limit"}:
            raise SplSyntaxError("mvexpand has the option limit only")
        return ast.Mvexpand(names[0], int(options.get("limit", 0)))

    def lookup_field(self, children: Children) -> list[str]:
        return [children[0], children[-1]]

    def lookup_output(self, children: Children) -> ast.Lookup:
        mode, *outputs = children
        return ast.Lookup("", (), tuple((old, new) for old, new in outputs), mode.upper(), {})

    def lookup(self, children: Children) -> ast.Lookup:
        options, (table, *rest) = split(children[1:])
        output = rest.pop() if isinstance(rest[-1], ast.Lookup) else None
        matches = tuple((old, new) for old, new in rest)
        if output is None:
            return ast.Lookup(table, matches, (), "", options)
        return ast.Lookup(table, matches, output.outputs, output.mode, options)

    def where_search(self, children: Children) -> list[ast.Term]:
        return [children[-1]]

    def inputlookup(self, children: Children) -> ast.Inputlookup:
        options, rest = split(children[1:])
        where = rest.pop()[0] if isinstance(rest[-1], list) else None
        if len(rest) != 1:
            raise SplSyntaxError("inputlookup takes one table")
        return ast.Inputlookup(rest[0], where, options)

    def bin(self, children: Children) -> ast.Bin:
        options, rest = split([each for each in children[1:] if each != "as"])
        names = [each for each in rest if not isinstance(each, Token)]
        if not 1 <= len(names) <= 2:
            raise SplSyntaxError("bin takes one field")
        return ast.Bin(names[0], names[-1], options)

    def append(self, children: Children) -> ast.Append:
        options, rest = split(children[1:])
        return ast.Append(rest[-1], options)

    def join(self, children: Children) -> ast.Opaque:
        return ast.Opaque("join")

    def foreach(self, children: Children) -> ast.Opaque:
        return ast.Opaque("foreach")

    def group(self, children: Children) -> str:
        return "(" + " ".join(map(str, children)) + ")"

    def other(self, children: Children) -> ast.Command:
        name, *words = (str(each) for each in children)
        if name.lower() == "reverse" and not words:
            return ast.Reverse()
        if name.lower() == "makeresults" and len(words) <= 1:
            count = "".join(words).removeprefix("count=") or "1"
            if count.isdigit():
                return ast.Makeresults(int(count))
        return ast.Opaque(name.lower())
