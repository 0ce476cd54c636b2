"""The Condition element of a policy: operators over the keys that a request brings.

Values within one operator and key are alternatives; several keys and operators must all hold. A key that the
request lacks fails the condition, except with `...IfExists`, negated operators, `Null` and `ForAllValues`.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache

Context = Mapping[str, Sequence[str]]  # lower-case keys, each with the values that the request has for it
Compare = Callable[[str, str], bool]

# What came out of a variable is no wildcard: its * and ? travel as characters of private use.
LITERAL = str.maketrans("*?", "\ue000\ue001")
PLAIN = str.maketrans("\ue000\ue001", "*?")


@lru_cache(maxsize=8192)
def pattern(text: str, *, fold: bool = False) -> re.Pattern[str]:
    """`*` is any text, `?` any character, everything else itself."""
    parts = (
        {"*": ".*", "?": "."}.get(character) or re.escape(character.translate(PLAIN)) for character in text
    )
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if fold else 0))


def matches(text: str, wanted: str, *, fold: bool = False) -> bool:
    return pattern(wanted, fold=fold).fullmatch(text) is not None


def _number(compare: Callable[[float, float], bool]) -> Compare:
    def apply(value: str, wanted: str) -> bool:
        try:
            return compare(float(value), float(wanted))
        except ValueError:
            return False

    return apply


def _date(compare: Callable[[float, float], bool]) -> Compare:
    def apply(value: str, wanted: str) -> bool:
        try:
            return compare(_moment(value), _moment(wanted))
        except ValueError:
            return False

    return apply


def _moment(text: str) -> float:
    """Epoch seconds, or ISO 8601 in which a time without a zone is UTC."""
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _address(value: str, wanted: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


def _arn(value: str, wanted: str) -> bool:
    """Each of an ARN's six parts for itself: a `*` does not reach over a colon."""
    have, want = value.split(":", 5), wanted.split(":", 5)
    return len(have) == len(want) == 6 and all(map(matches, have, want))


def _binary(value: str, wanted: str) -> bool:
    try:
        return base64.b64decode(value, validate=True) == base64.b64decode(wanted, validate=True)
    except binascii.Error:
        return False


OPERATORS: dict[str, Compare] = {
    "stringequals": lambda value, wanted: value == wanted,
    "stringequalsignorecase": lambda value, wanted: value.lower() == wanted.lower(),
    "stringlike": lambda value, wanted: matches(value, wanted),
    "numericequals": _number(lambda a, b: a == b),
    "numericlessthan": _number(lambda a, b: a < b),
    "numericlessthanequals": _number(lambda a, b: a <= b),
    "numericgreaterthan": _number(lambda a, b: a > b),
    "numericgreaterthanequals": _number(lambda a, b: a >= b),
    "dateequals": _date(lambda a, b: a == b),
    "datelessthan": _date(lambda a, b: a < b),
    "datelessthanequals": _date(lambda a, b: a <= b),
    "dategreaterthan": _date(lambda a, b: a > b),
    "dategreaterthanequals": _date(lambda a, b: a >= b),
    "bool": lambda value, wanted: value.lower() == wanted.lower(),
    "binaryequals": _binary,
    "ipaddress": _address,
    "arnequals": _arn,
    "arnlike": _arn,
}
BY_PATTERN = (OPERATORS["stringlike"], _arn)
NEGATED = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
    "notipaddress": "ipaddress",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
}


def known(operator: str) -> bool:
    name = _plain(operator)[0]
    return name == "null" or name in OPERATORS or name in NEGATED


def _plain(operator: str) -> tuple[str, str, bool]:
    """The operator itself, its set quantifier ("" for none), and whether it says IfExists."""
    quantifier, colon, name = operator.lower().rpartition(":")
    quantifier = quantifier if colon else ""
    if quantifier not in ("", "forallvalues", "foranyvalue"):
        return "", quantifier, False
    return name.removesuffix("ifexists"), quantifier, name.endswith("ifexists")


def holds(operator: str, wanted: Sequence[str], values: Sequence[str] | None) -> bool:
    """One line of a condition: does a key with these values (None: the request lacks it) satisfy it?"""
    name, quantifier, if_exists = _plain(operator)
    if name == "null":
        return any((values is None) == (text.lower() == "true") for text in wanted)
    negated = name in NEGATED
    if values is None:
        return if_exists or quantifier == "forallvalues" or (negated and quantifier != "foranyvalue")
    compare = OPERATORS[NEGATED.get(name, name)]
    if compare not in BY_PATTERN:
        wanted = [text.translate(PLAIN) for text in wanted]
    found = (any(compare(value, text) for text in wanted) != negated for value in values)
    return all(found) if quantifier == "forallvalues" or (negated and not quantifier) else any(found)
