"""Expressions, by how closely their operators bind: from OR down to one term."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cumulet.engines.sql.picking.base import Refused
from cumulet.engines.sql.picking.calls import Calls
from cumulet.engines.sql.picking.lexer import Token
from cumulet.engines.sql.picking.statement import Call, Expression, Literal
from cumulet.engines.sql.picking.values import MISSING
from cumulet.engines.sql.picking.words import RESERVED

COMPARISONS = {"=", "<>", "!=", "<", "<=", ">", ">="}


class Expressions(Calls):
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


def _negated(found: Expression, negated: bool) -> Expression:
    return Call("not", (found,)) if negated else found


def _number(text: str) -> int | float | Decimal:
    if "e" in text.lower():
        return float(text)
    if "." in text:
        return Decimal(text)
    return int(text)
