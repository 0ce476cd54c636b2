"""Text to a tree: sqlglot's Trino parser with every function left as it was written.

sqlglot gives many functions a meaning of its own while it parses; here a call stays a call, and
`functions` alone says what it means. sqlglot also reads more than Trino does, so tokens that Trino has
not got are refused first, and the translation refuses every node that it does not know.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokens import Token, TokenType  # type: ignore[attr-defined]

from cumulet.engines.sql.base import NotSupported, SqlError
from cumulet.engines.sql.trino import sql_json

logging.getLogger("sqlglot").setLevel(logging.ERROR)

SPECIAL_FORMS = ("CAST", "TRY_CAST", "EXTRACT", "TRIM", "POSITION", "LISTAGG")
SYMBOLS = frozenset(
    [
        "(",
        ")",
        "[",
        "]",
        ",",
        ".",
        "-",
        "+",
        ";",
        "*",
        "/",
        "<",
        "<=",
        ">",
        ">=",
        "=",
        "<>",
        "!=",
        "%",
        "||",
        "->",
        "?",
        ":",
    ]
)
ALIEN = (TokenType.ILIKE, TokenType.RLIKE, TokenType.GLOB, TokenType.DIV, TokenType.QUALIFY)
WORDLIKE = re.compile(r"""[\w"'$.]""")
WHOLE = re.compile(r"[1-9]\d*(_\d+)+|0[bB][01]+(_[01]+)*|0[oO][0-7]+(_[0-7]+)*")
EXPECTED = (
    "'(', 'DESC', 'DESCRIBE', 'EXECUTE', 'EXPLAIN', 'INSERT', 'SELECT', 'SHOW', "
    "'TABLE', 'VALUES', 'WITH', <query>"
)
BEGINNINGS = ("SELECT", "WITH", "VALUES", "TABLE", "(")
QUERIES = (exp.Select, exp.SetOperation, exp.Values, exp.Subquery)
CHANGES = (exp.Update, exp.Delete, exp.Merge)
ENDS = (
    TokenType.FROM,
    TokenType.R_PAREN,
    TokenType.R_BRACKET,
    TokenType.WHERE,
    TokenType.ORDER_BY,
    TokenType.GROUP_BY,
    TokenType.HAVING,
    TokenType.LIMIT,
    TokenType.SEMICOLON,
)


class Grammar(Trino):
    """Trino's grammar without sqlglot's meanings."""

    INDEX_OFFSET = 0

    class Parser(Trino.Parser):  # type: ignore[misc, valid-type]
        FUNCTIONS: dict[str, object] = {}
        SUBQUERY_TOKENS = {*Trino.Parser.SUBQUERY_TOKENS, TokenType.VALUES}
        FUNCTION_PARSERS = {
            **{k: v for k, v in Trino.Parser.FUNCTION_PARSERS.items() if k in SPECIAL_FORMS},
            **sql_json.PARSERS,
            "SUBSTRING": lambda parser: substring(parser),
        }
        NO_PAREN_FUNCTION_PARSERS = {
            k: v for k, v in Trino.Parser.NO_PAREN_FUNCTION_PARSERS.items() if k in ("CASE", "ANY")
        }

        def _negate_range(self, this: exp.Expr | None = None) -> exp.Expr | None:
            """a NOT LIKE b as NOT (a LIKE b): sqlglot's mark on the LIKE itself is easily overlooked."""
            found: exp.Expr | None = self.expression(exp.Not(this=this)) if this else this
            return found


def substring(parser: Any) -> exp.Anonymous:
    """substring(a FROM 2 FOR 3) is substring(a, 2, 3)."""
    values = parser._parse_csv(parser._parse_lambda)
    if len(values) == 1 and parser._match(TokenType.FROM):
        values.append(parser._parse_bitwise())
        if parser._match(TokenType.FOR):
            values.append(parser._parse_bitwise())
    made: exp.Anonymous = parser.expression(exp.Anonymous(this="substring", expressions=values))
    return made


GRAMMAR = Grammar()


def query(text: str) -> exp.Expr:
    """The tree of one query; `SqlError` in the words of Trino's parser where it is none."""
    found = tokens(text)
    if not found:
        raise SqlError("SYNTAX_ERROR", f"line 1:1: mismatched input '<EOF>'. Expecting: {EXPECTED}")
    if text[found[0].start : found[0].end + 1].upper() not in BEGINNINGS:
        raise mismatched(text, found[0], EXPECTED)
    _screen(text, found)
    try:
        trees = [tree for tree in GRAMMAR.parser().parse(found, text) if tree is not None]
    except ParseError as error:
        raise _mismatch(text, error, found) from None
    if len(trees) != 1:
        raise SqlError("SYNTAX_ERROR", "Only one sql statement is allowed. Got: " + text)
    tree = trees[0]
    if isinstance(tree, exp.Command):
        raise NotSupported(f"{tree.this} inside a query")
    if not isinstance(tree, QUERIES):
        raise mismatched(text, found[0], EXPECTED)
    return tree


def change(text: str) -> exp.Expr:
    """The tree of an UPDATE, DELETE or MERGE."""
    found = tokens(text)
    _screen(text, found)
    try:
        trees = [tree for tree in GRAMMAR.parser().parse(found, text) if tree is not None]
    except ParseError as error:
        raise _mismatch(text, error, found) from None
    if len(trees) != 1 or not isinstance(trees[0], CHANGES):
        raise mismatched(text, found[0], "'DELETE', 'MERGE', 'UPDATE'")
    return trees[0]


def expression(text: str) -> exp.Expr:
    """The tree of a lone expression: an execution parameter."""
    tree = query(f"SELECT {text}")
    items = tree.args["expressions"]
    if not isinstance(tree, exp.Select) or len(items) != 1 or isinstance(items[0], exp.Alias):
        raise SqlError("SYNTAX_ERROR", f"line 1:1: '{text}' is not one expression")
    found: exp.Expr = items[0]
    return found


def tokens(text: str) -> list[Token]:
    try:
        return numbers(text, list(GRAMMAR.tokenize(text)))
    except TokenError as error:
        found = re.search(r"line (\d+):(\d+)", str(error))
        raise SqlError("SYNTAX_ERROR", f"line {found[1] if found else 1}:1: {error}") from None


def numbers(text: str, found: list[Token]) -> list[Token]:
    """0x1F, 0b101, 0o17 and 1_000_000 as one number each: sqlglot reads bytes, or a number with an alias."""
    kept: list[Token] = []
    for token in found:
        last = kept[-1] if kept else None
        if token.token_type == TokenType.HEX_STRING and text[token.start : token.start + 2].lower() == "0x":
            kept.append(number(token, str(int(token.text, 16)), token.start))
        elif last and last.token_type == TokenType.NUMBER and last.end + 1 == token.start:
            written = text[last.start : token.end + 1]
            if token.token_type in (TokenType.DOT, TokenType.NUMBER) or not WORDLIKE.match(token.text):
                kept.append(token)
            elif WHOLE.fullmatch(written):
                kept[-1] = number(token, str(int(written, 0)), last.start)
            else:
                message = (
                    "identifiers must not start with a digit; surround the identifier with double quotes"
                )
                raise SqlError("SYNTAX_ERROR", f"line {place(text, last.start)}: {message}")
        else:
            kept.append(token)
    return kept


def number(token: Token, digits: str, start: int) -> Token:
    return Token(TokenType.NUMBER, digits, token.line, token.col, start, token.end)


def _screen(text: str, tokens: list[Token]) -> None:
    """Refuse what sqlglot reads and Trino does not."""
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        written = text[token.start : token.end + 1]
        if written[:1] == "`":
            raise SqlError(
                "SYNTAX_ERROR",
                f"line {place(text, token.start)}: backquoted identifiers are not supported; "
                "use double quotes to quote identifiers",
            )
        if token.token_type in ALIEN or not (WORDLIKE.match(written) or written in SYMBOLS):
            raise mismatched(text, token)
        if token.token_type == TokenType.COMMA and (following is None or following.token_type in ENDS):
            raise mismatched(text, following)
        if token.token_type == TokenType.SELECT and (following is None or following.token_type in ENDS):
            raise mismatched(text, following, "'*', 'ALL', 'DISTINCT', <expression>")


def mismatched(text: str, token: Token | None, expected: str = "") -> SqlError:
    """The error of a token that cannot stand where it stands."""
    start = token.start if token else len(text)
    written = text[start : token.end + 1] if token else "<EOF>"
    tail = f". Expecting: {expected}" if expected else ""
    return SqlError("SYNTAX_ERROR", f"line {place(text, start)}: mismatched input '{written}'{tail}")


def _mismatch(text: str, error: ParseError, found: list[Token]) -> SqlError:
    """sqlglot names the last token that it could read; at the end of the text that is the end itself."""
    details = error.errors[0] if error.errors else {}
    line, col, written = details.get("line", 1), details.get("col", 1), details.get("highlight") or ""
    token = next((each for each in found if (each.line, each.col) == (line, col)), None)
    if token is found[-1] or (token is None and not written):
        return mismatched(text, None)
    return mismatched(text, token or found[0])


def place(text: str, start: int) -> str:
    """An offset as Trino writes it: line:column, both from 1."""
    before = text[:start]
    return f"{before.count(chr(10)) + 1}:{start - (before.rfind(chr(10)) + 1) + 1}"


def start_of(node: exp.Expr) -> int:
    """The offset at which a node starts: that of the first thing in it whose place sqlglot remembers."""
    starts = [found for each in node.walk() if (found := each.meta.get("start")) is not None]
    return min(starts, default=0)
