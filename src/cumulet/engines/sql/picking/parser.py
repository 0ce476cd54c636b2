"""Tokens to a statement, by recursive descent; every refusal says what was expected where.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-select-sql-reference.html
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cumulet.engines.sql.picking import casting
from cumulet.engines.sql.picking.base import Refused
from cumulet.engines.sql.picking.lexer import Token, tokens
from cumulet.engines.sql.picking.statement import (
    Aggregate,
    Call,
    Every,
    Expression,
    Item,
    Literal,
    Name,
    Path,
    Statement,
    Step,
)
from cumulet.engines.sql.picking.values import MISSING

AGGREGATES = {"AVG", "COUNT", "MAX", "MIN", "SUM"}
ARITIES = {  # of the functions whose arguments are plain expressions: the fewest, the most
    "COALESCE": (1, 1000), "NULLIF": (2, 2), "CHAR_LENGTH": (1, 1), "CHARACTER_LENGTH": (1, 1), "LOWER": (1, 1),
    "UPPER": (1, 1), "TO_STRING": (2, 2), "TO_TIMESTAMP": (1, 1), "UTCNOW": (0, 0), "SIZE": (1, 1),
}  # fmt: skip
PARTS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "TIMEZONE_HOUR", "TIMEZONE_MINUTE")
RESERVED = {
    "SELECT", "FROM", "WHERE", "LIMIT", "AS", "AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "ESCAPE", "IS", "NULL",
    "MISSING", "TRUE", "FALSE", "CASE", "WHEN", "THEN", "ELSE", "END", "CAST", "GROUP", "ORDER", "HAVING", "UNION",
    "JOIN", "DISTINCT", "BY", "AT", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "OUTER", "ON", "INTERSECT", "EXCEPT",
}  # fmt: skip
CLAUSES = {
    "GROUP",
    "ORDER",
    "HAVING",
    "UNION",
    "JOIN",
    "INNER",
    "LEFT",
    "RIGHT",
    "FULL",
    "CROSS",
    "INTERSECT",
    "EXCEPT",
}
COMPARISONS = {"=", "<>", "!=", "<", "<=", ">", ">="}
LONGEST = 256 << 10  # bytes of an expression


def parse(text: str) -> Statement:
    if len(text.encode()) > LONGEST:
        raise Refused(
            "ExpressionTooLong", "The SQL expression is too long: The maximum byte-length is 256 KB."
        )
    try:
        return Parser(tokens(text)).statement()
    except RecursionError:
        raise too_deep() from None


def too_deep() -> Refused:
    return Refused("UnsupportedSqlStructure", "The SQL expression is nested too deeply.")


class Parser:
    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.at = 0
        self.aggregates: list[Aggregate] | None = None  # where they may stand, those found so far

    # --- tokens

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def accept(self, *words: str) -> str:
        """The next word or symbol, if it is one of these; it is behind us then."""
        upper = self.next.upper
        if upper in words:
            self.at += 1
            return upper
        return ""

    def expect(self, word: str, code: str = "ParseUnexpectedToken") -> None:
        if not self.accept(word):
            raise self.unexpected(code, f"expected {word}")

    def unexpected(self, code: str, expected: str) -> Refused:
        found = self.next.text or "the end"
        return Refused(
            code, f"Unexpected {found!r} at position {self.next.at} of the SQL expression: {expected}."
        )

    # --- clauses

    def statement(self) -> Statement:
        self.expect(
            "SELECT", "ParseUnsupportedSelect" if self.next.kind == "word" else "ParseExpectedKeyword"
        )
        self.aggregates = []
        items = self.items()
        found, self.aggregates = self.aggregates, None
        if not self.accept("FROM"):
            code = "ParseSelectMissingFrom" if self.next.kind == "end" else "ParseUnexpectedToken"
            raise self.unexpected(code, "expected FROM")
        source, alias = self.source()
        where = self.expression() if self.accept("WHERE") else None
        limit = self.limit() if self.accept("LIMIT") else None
        self.accept(";")
        self.check_end()
        _check_items(items, found)
        return Statement(tuple(items), source, alias, where, limit, tuple(found))

    def check_end(self) -> None:
        if self.next.upper in CLAUSES or self.next.upper == ",":
            raise Refused(
                "UnsupportedSqlStructure", f"{self.next.text} is not supported. Check the SQL Reference."
            )
        if self.next.kind != "end":
            raise self.unexpected("ParseUnexpectedToken", "expected the end")

    def items(self) -> list[Item]:
        if self.next.upper in ("FROM", "") and self.next.kind in ("word", "end"):
            raise self.unexpected("ParseEmptySelect", "nothing is selected")
        if self.next.upper in ("DISTINCT", "ALL"):
            raise Refused("UnsupportedSqlOperation", f"SELECT {self.next.text} is not supported.")
        if self.accept("*"):
            if self.next.upper == ",":
                raise Refused(
                    "ParseAsteriskIsNotAloneInSelectList", "Other expressions are not allowed beside *."
                )
            return []
        found = [self.item()]
        while self.accept(","):
            found.append(self.item())
        everything = [item for item in found if item.expression == Call("everything", ())]
        if everything and len(found) > 1:
            raise Refused(
                "ParseAsteriskIsNotAloneInSelectList", "Other expressions are not allowed beside *."
            )
        return [] if everything else found

    def item(self) -> Item:
        if self.next.upper == "*":
            raise Refused(
                "ParseAsteriskIsNotAloneInSelectList", "Other expressions are not allowed beside *."
            )
        expression = self.expression()
        if self.accept("AS"):
            return Item(expression, self.name("ParseExpectedIdentForAlias").text)
        if self.next.kind == "quoted" or (self.next.kind == "word" and self.next.upper not in RESERVED):
            return Item(expression, self.take().text)
        return Item(expression)

    def name(self, code: str) -> Name:
        if self.next.kind == "quoted":
            return Name(self.take().text, exact=True)
        if self.next.kind != "word" or self.next.upper in RESERVED:
            raise self.unexpected(code, "expected a name")
        return Name(self.take().text)

    def source(self) -> tuple[tuple[Step, ...], Name]:
        if self.next.upper != "S3OBJECT":
            raise self.unexpected("InvalidDataSource", "the only data source is S3Object")
        alias = Name(self.take().text)
        steps = self.steps()
        if self.next.upper == "AT":
            raise Refused("UnsupportedSyntax", "AT is not supported in the FROM clause.")
        if self.accept("AS"):
            return steps, self.name("ParseExpectedIdentForAlias")
        if self.next.kind == "quoted" or (self.next.kind == "word" and self.next.upper not in RESERVED):
            return steps, self.name("ParseExpectedIdentForAlias")
        last = steps[-1] if steps else None
        return steps, last if isinstance(last, Name) else alias

    def limit(self) -> int:
        if self.accept("-"):
            raise Refused("EvaluatorNegativeLimit", "LIMIT must not be negative.")
        if self.next.kind != "number" or not self.next.text.isdigit():
            raise self.unexpected("ParseExpectedNumber", "expected a whole number")
        return int(self.take().text)

    # --- expressions, the loosest binding first

    def expression(self) -> Expression:
        found = self.conjunction()
        while self.accept("OR"):
            found = Call("or", (found, self.conjunction()))
        return found

    def conjunction(self) -> Expression:
        found = self.negation()
        while self.accept("AND"):
            found = Call("and", (found, self.negation()))
        return found

    def negation(self) -> Expression:
        if self.accept("NOT"):
            return Call("not", (self.negation(),))
        return self.predicate()

    def predicate(self) -> Expression:
        found = self.sum()
        while True:
            if symbol := self.accept(*COMPARISONS):
                found = Call("<>" if symbol == "!=" else symbol, (found, self.sum()))
            elif self.accept("IS"):
                negated = bool(self.accept("NOT"))
                kind = self.accept("NULL", "MISSING")
                if not kind:
                    raise self.unexpected("ParseExpectedKeyword", "expected NULL or MISSING")
                found = _negated(Call(f"is {kind.lower()}", (found,)), negated)
            elif self.next.upper in ("IN", "LIKE", "BETWEEN", "NOT"):
                negated = bool(self.accept("NOT"))
                found = _negated(self.membership(found), negated)
            else:
                return found

    def membership(self, left: Expression) -> Expression:
        if self.accept("IN"):
            self.expect("(", "ParseExpectedLeftParenValueConstructor")
            return Call("in", (left, *self.arguments()))
        if self.accept("LIKE"):
            pattern = self.sum()
            escape = self.sum() if self.accept("ESCAPE") else Literal("")
            return Call("like", (left, pattern, escape))
        if self.accept("BETWEEN"):
            low = self.sum()
            self.expect("AND", "ParseExpectedKeyword")
            return Call("between", (left, low, self.sum()))
        raise self.unexpected("ParseUnexpectedKeyword", "expected IN, LIKE or BETWEEN")

    def sum(self) -> Expression:
        found = self.product()
        while symbol := self.accept("+", "-"):
            found = Call(symbol, (found, self.product()))
        if self.next.upper == "||":
            raise Refused("UnsupportedSqlOperation", "The operator || is not supported.")
        return found

    def product(self) -> Expression:
        found = self.signed()
        while symbol := self.accept("*", "/", "%"):
            found = Call(symbol, (found, self.signed()))
        return found

    def signed(self) -> Expression:
        if self.accept("-"):
            operand = self.signed()
            if isinstance(operand, Literal) and isinstance(operand.value, int | float | Decimal):
                return Literal(-operand.value)
            return Call("negative", (operand,))
        if self.accept("+"):
            return Call("positive", (self.signed(),))
        return self.term()

    # --- terms

    def term(self) -> Expression:
        token = self.next
        if token.kind == "number":
            return Literal(_number(self.take().text))
        if token.kind == "string":
            return Literal(self.take().text)
        if self.accept("("):
            found = self.expression()
            if self.next.upper == ",":
                raise Refused("UnsupportedSqlStructure", "Lists of values are supported behind IN only.")
            self.expect(")", "ParseExpectedTokenType")
            return found
        if token.kind == "word":
            return self.word(token)
        if token.kind == "quoted":
            return self.path()
        if token.upper == "@":
            raise Refused("ParseMissingIdentAfterAt", "@ is not supported.")
        if token.kind == "symbol" and token.upper not in (",", ")", ";"):
            raise self.unexpected("ParseUnexpectedOperator", "expected an expression")
        raise self.unexpected("ParseExpectedExpression", "expected an expression")

    def word(self, token: Token) -> Expression:
        constants: dict[str, Any] = {"NULL": None, "TRUE": True, "FALSE": False, "MISSING": MISSING}
        if token.upper in constants:
            self.take()
            return Literal(constants[token.upper])
        if token.upper == "CASE":
            self.take()
            return self.case()
        if token.upper == "SELECT":
            raise Refused("UnsupportedSqlStructure", "Subqueries are not supported.")
        if token.upper == "CAST" or self.tokens[self.at + 1].upper == "(":
            return self.call(self.take().upper)
        if token.upper in RESERVED:
            raise self.unexpected("ParseUnexpectedKeyword", "expected an expression")
        return self.path()

    def path(self) -> Expression:
        first = self.name("ParseUnexpectedTerm")
        steps = self.steps()
        if self.next.upper == "." and self.tokens[self.at + 1].upper == "*":
            self.at += 2
            if steps:
                raise Refused(
                    "ParseInvalidContextForWildcardInSelectList", "Only the table's own .* is supported."
                )
            return Call("everything", ())
        if any(isinstance(step, Every) for step in steps[0 if first.text.upper() != "S3OBJECT" else 1 :]):
            raise Refused(
                "ParseCannotMixSqbAndWildcardInSelectList", "[*] is supported in the FROM clause only."
            )
        return Path((first, *steps))

    def steps(self) -> tuple[Step, ...]:
        """`.name`, `["name"]`, `[3]` and `[*]`, as many as there are."""
        found: list[Step] = []
        while self.next.upper in (".", "["):
            if self.next.upper == "." and self.tokens[self.at + 1].upper == "*":
                break
            if self.take().text == ".":
                found.append(self.member())
            else:
                found.append(self.index())
                self.expect("]", "ParseExpectedTokenType")
        return tuple(found)

    def member(self) -> Name:
        """Behind a dot any word is a name, also one that means something elsewhere."""
        if self.next.kind not in ("word", "quoted"):
            raise self.unexpected("ParseExpectedMember", "expected a name")
        token = self.take()
        return Name(token.text, exact=token.kind == "quoted")

    def index(self) -> Step:
        if self.accept("*"):
            return Every()
        if self.next.kind == "number" and self.next.text.isdigit():
            return int(self.take().text)
        if self.next.kind in ("string", "quoted"):
            return Name(self.take().text, exact=True)
        raise self.unexpected("ParseExpected2TokenTypes", "expected a number, a name or *")

    # --- functions

    def call(self, name: str) -> Expression:
        if name == "CAST":
            self.expect("(", "ParseExpectedLeftParenAfterCast")
            return self.cast()
        self.expect("(", "ParseExpectedLeftParenBuiltinFunctionCall")
        if name in AGGREGATES:
            return self.aggregate(name)
        if name in ("DATE_ADD", "DATE_DIFF", "EXTRACT", "SUBSTRING", "TRIM"):
            return Call(name.lower(), getattr(self, name.lower())())
        if name not in ARITIES:
            raise Refused("UnsupportedFunction", f"Encountered an unsupported SQL function: {name}.")
        if self.next.upper == "*":
            raise Refused("ParseUnsupportedCallWithStar", f"Only COUNT takes *, not {name}.")
        arguments = self.arguments()
        fewest, most = ARITIES[name]
        if not fewest <= len(arguments) <= most:
            raise Refused("EvaluatorInvalidArguments", f"{name} does not take {len(arguments)} arguments.")
        return Call("char_length" if name == "CHARACTER_LENGTH" else name.lower(), arguments)

    def arguments(self) -> tuple[Expression, ...]:
        """Expressions up to the closing parenthesis, which is behind us then."""
        if self.accept(")"):
            return ()
        found = [self.expression()]
        while self.accept(","):
            found.append(self.expression())
        self.close()
        return tuple(found)

    def close(self) -> None:
        self.expect(")", "ParseExpectedRightParenBuiltinFunctionCall")

    def aggregate(self, name: str) -> Expression:
        if self.aggregates is None:
            raise Refused("UnsupportedSqlStructure", f"{name} is supported in the select list only.")
        if self.next.upper == "*":
            if name != "COUNT":
                raise Refused("ParseUnsupportedCallWithStar", f"Only COUNT takes *, not {name}.")
            self.take()
            self.close()
            found = Aggregate(name.lower(), None)
        else:
            if self.next.upper in ("DISTINCT", "ALL"):
                raise Refused("UnsupportedSqlOperation", f"{name} ({self.next.text} ...) is not supported.")
            outer, self.aggregates = self.aggregates, None  # none within another
            arguments = self.arguments()
            self.aggregates = outer
            if len(arguments) != 1:
                raise Refused("ParseNonUnaryAgregateFunctionCall", f"{name} takes one argument.")
            found = Aggregate(name.lower(), arguments[0])
        self.aggregates.append(found)
        return found

    def cast(self) -> Expression:
        value = self.expression()
        if not self.accept("AS"):
            code = "ParseCastArity" if self.next.upper in (",", ")") else "ParseExpectedKeyword"
            raise self.unexpected(code, "expected AS")
        if self.next.kind != "word":
            raise self.unexpected("ParseExpectedTypeName", "expected the name of a type")
        kind = self.take().upper
        if kind not in casting.TYPES:
            raise Refused("ParseExpectedTypeName", f"{kind} is not the name of a type.")
        parameters = self.type_parameters() if self.accept("(") else ()
        self.expect(")", "ParseExpectedTokenType")
        return Call("cast", (casting.checked_type(kind, parameters), value))

    def type_parameters(self) -> tuple[int, ...]:
        found = []
        while True:
            if self.next.kind != "number" or not self.next.text.isdigit():
                raise self.unexpected("ParseExpectedNumber", "expected a whole number")
            found.append(int(self.take().text))
            if not self.accept(","):
                break
        self.expect(")", "ParseExpectedTokenType")
        return tuple(found)

    def case(self) -> Expression:
        operand = None if self.next.upper == "WHEN" else self.expression()
        branches: list[Expression] = []
        while self.accept("WHEN"):
            condition = self.expression()
            self.expect("THEN", "ParseExpectedKeyword")
            branches += [condition if operand is None else Call("=", (operand, condition)), self.expression()]
        if not branches:
            raise self.unexpected("ParseExpectedWhenClause", "expected WHEN")
        otherwise = self.expression() if self.accept("ELSE") else Literal(None)
        self.expect("END", "ParseExpectedKeyword")
        return Call("case", (*branches, otherwise))

    def part(self) -> str:
        if self.next.upper not in PARTS:
            raise self.unexpected("ParseExpectedDatePart", f"expected one of {', '.join(PARTS)}")
        return self.take().upper

    def comma(self) -> None:
        self.expect(",", "ParseExpectedArgumentDelimiter")

    def date_add(self) -> tuple[Any, ...]:
        return self.dated()

    def date_diff(self) -> tuple[Any, ...]:
        return self.dated()

    def dated(self) -> tuple[Any, ...]:
        part = self.part()
        self.comma()
        first = self.expression()
        self.comma()
        second = self.expression()
        self.close()
        if part.startswith("TIMEZONE"):
            raise Refused("ParseExpectedDatePart", f"{part} can only be extracted.")
        return part, first, second

    def extract(self) -> tuple[Any, ...]:
        part = self.part()
        self.expect("FROM", "ParseExpectedKeyword")
        value = self.expression()
        self.close()
        return part, value

    def substring(self) -> tuple[Any, ...]:
        text = self.expression()
        word = self.accept("FROM", ",")
        if not word:
            raise self.unexpected("ParseExpectedArgumentDelimiter", "expected FROM or a comma")
        found = [text, self.expression()]
        if self.accept("FOR" if word == "FROM" else ","):
            found.append(self.expression())
        self.close()
        return tuple(found)

    def trim(self) -> tuple[Any, ...]:
        """The side, the characters, the text."""
        side = self.accept("LEADING", "TRAILING", "BOTH")
        if side and self.accept("FROM"):
            first: Expression = Literal(" ")
            text = self.expression()
        else:
            first = self.expression()
            text = self.expression() if self.accept("FROM") else first
            first = Literal(" ") if text is first else first
        self.close()
        return side or "BOTH", first, text


def _negated(found: Expression, negated: bool) -> Expression:
    return Call("not", (found,)) if negated else found


def _number(text: str) -> int | float | Decimal:
    if "e" in text.lower():
        return float(text)
    if "." in text:
        return Decimal(text)
    return int(text)


def _check_items(items: list[Item], aggregates: list[Aggregate]) -> None:
    """Either all of the list comes of aggregates, or none."""
    if aggregates and any(_reads(item.expression) for item in items):
        raise Refused("UnsupportedSqlStructure", "Without GROUP BY, fields cannot stand beside aggregates.")


def _reads(expression: object) -> bool:
    """Whether a field is read outside of an aggregate."""
    if isinstance(expression, Path):
        return True
    return isinstance(expression, Call) and any(_reads(each) for each in expression.arguments)
