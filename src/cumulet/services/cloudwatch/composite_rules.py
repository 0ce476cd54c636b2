"""The rule of a composite alarm: `ALARM("a") AND NOT (OK(b) OR TRUE)`.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cumulet.services.cloudwatch.refusals import unfit

TOKEN = re.compile(
    r"""\s*(?:(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^")]+?))\s*\)
    |(?P<word>AND|OR|NOT|TRUE|FALSE)\b|(?P<sign>[()]))""",
    re.VERBOSE,
)
MOST = 100  # alarms that one rule may look at
DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Is:
    """An alarm is in a state."""

    alarm: str
    state: str


@dataclass(frozen=True, slots=True)
class Not:
    rule: Rule


@dataclass(frozen=True, slots=True)
class Both:
    left: Rule
    right: Rule


@dataclass(frozen=True, slots=True)
class Either:
    left: Rule
    right: Rule


Rule = Is | Not | Both | Either | bool


def parse(text: str) -> Rule:
    reader = Reader(_tokens(text))
    rule = reader.either()
    if reader.left:
        raise unfit(f"Invalid AlarmRule: {reader.left[0]!r} is not expected there.")
    if len(alarms_of(rule)) > MOST:
        raise unfit(f"AlarmRule must not name more than {MOST} alarms.")
    return rule


def alarms_of(rule: Rule) -> set[str]:
    """The names of the alarms that a rule looks at."""
    match rule:
        case Is(alarm, _):
            return {alarm}
        case Not(inner):
            return alarms_of(inner)
        case Both(left, right) | Either(left, right):
            return alarms_of(left) | alarms_of(right)
    return set()


def holds(rule: Rule, states: Mapping[str, str]) -> bool:
    """Whether a rule is true of the alarms' states; an alarm that is not there is in none."""
    match rule:
        case Is(alarm, state):
            return states.get(alarm) == state
        case Not(inner):
            return not holds(inner, states)
        case Both(left, right):
            return holds(left, states) and holds(right, states)
        case Either(left, right):
            return holds(left, states) or holds(right, states)
    return rule


def _tokens(text: str) -> list[Is | str]:
    tokens: list[Is | str] = []
    place = 0
    while text[place:].strip():
        found = TOKEN.match(text, place)
        if not found:
            raise unfit(f"Invalid AlarmRule: it cannot be read from {text[place:].strip()[:40]!r} on.")
        if state := found["state"]:
            tokens.append(Is(_named(found["quoted"] or found["bare"] or ""), state))
        else:
            tokens.append(found["word"] or found["sign"])
        place = found.end()
    return tokens


def _named(told: str) -> str:
    """An alarm's name: said itself, or at the end of its ARN."""
    plain = re.sub(r"\\(.)", r"\1", told)
    return plain.split(":alarm:", 1)[1] if plain.startswith("arn:") and ":alarm:" in plain else plain


class Reader:
    """NOT binds closest, then AND, then OR."""

    def __init__(self, tokens: list[Is | str]) -> None:
        self.left = tokens
        self.depth = 0

    def either(self) -> Rule:
        rule = self.both()
        while self.left[:1] == ["OR"]:
            self.left.pop(0)
            rule = Either(rule, self.both())
        return rule

    def both(self) -> Rule:
        rule = self.single()
        while self.left[:1] == ["AND"]:
            self.left.pop(0)
            rule = Both(rule, self.single())
        return rule

    def single(self) -> Rule:
        token = self.left.pop(0) if self.left else ""
        if isinstance(token, Is):
            return token
        if token in ("TRUE", "FALSE"):
            return token == "TRUE"
        if token not in ("NOT", "("):
            raise unfit("Invalid AlarmRule: a state such as ALARM(name), TRUE or FALSE is expected.")
        self.depth += 1
        if self.depth > DEEPEST:
            raise unfit(f"Invalid AlarmRule: it is nested more than {DEEPEST} deep.")
        rule = Not(self.single()) if token == "NOT" else self._closed(self.either())
        self.depth -= 1
        return rule

    def _closed(self, rule: Rule) -> Rule:
        if self.left[:1] != [")"]:
            raise unfit("Invalid AlarmRule: a ')' is missing.")
        self.left.pop(0)
        return rule
