"""Filter patterns: which events FilterLogEvents gives.

Words and "quoted phrases" must all occur, `-word` must not, of `?words` one must (they count only among
themselves, as AWS warns); comparisons are case-sensitive. `{ $.a.b = "x*" && $.n > 1 }` looks into events
that are JSON. Regular expressions (%...%) and space-delimited patterns ([a, b]) are refused.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import translate
from typing import Any

from cumulet.wire.errors import AwsError, NotImplementedByCumulet

WORD = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))')
TOKEN = re.compile(
    r'\s*(&&|\|\||[()]|!=|>=|<=|=|<|>|"(?:[^"\\]|\\.)*"|\$(?:\.[\w*-]+|\["[^"]+"\]|\[\d+\])*|[^\s()=<>!&|"]+)'
)
STEP = re.compile(r'\.([\w*-]+)|\["([^"]+)"\]|\[(\d+)\]')
MISSING = object()
Test = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Pattern:
    matches: Callable[[str], bool]

    @classmethod
    def read(cls, text: str) -> Pattern:
        text = text.strip()
        if text.startswith("{"):
            return cls(_json_pattern(text))
        if text.startswith("["):
            raise NotImplementedByCumulet("logs filter patterns for space-delimited events")
        return cls(_text_pattern(text))


def invalid(text: str) -> AwsError:
    return AwsError("InvalidParameterException", f"Invalid filter pattern: {text}")


def _text_pattern(text: str) -> Callable[[str], bool]:
    all_of: list[str] = []
    none_of: list[str] = []
    one_of: list[str] = []
    position = 0
    while position < len(text):
        if (match := WORD.match(text, position)) is None:
            raise invalid(text)
        sign, quoted, bare = match.groups()
        if bare and bare.startswith("%"):
            raise NotImplementedByCumulet("logs filter patterns with regular expressions")
        word = bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        {"": all_of, "-": none_of, "?": one_of}[sign].append(word)
        position = match.end()
    if all_of or none_of:
        return lambda line: all(w in line for w in all_of) and not any(w in line for w in none_of)
    return lambda line: not one_of or any(w in line for w in one_of)


def _json_pattern(text: str) -> Callable[[str], bool]:
    if not text.endswith("}"):
        raise invalid(text)
    test = _Expression(text).read()

    def matches(line: str) -> bool:
        try:
            document = json.loads(line)
        except ValueError:
            return False
        return isinstance(document, dict) and test(document)

    return matches


class _Expression:
    """`||` binds less than `&&`, parentheses most."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words: list[str] = []
        inner, position = text[1:-1].rstrip(), 0
        while position < len(inner):
            if (match := TOKEN.match(inner, position)) is None:
                raise invalid(text)
            self.words.append(match[1])
            position = match.end()
        self.at = 0

    def read(self) -> Test:
        test = self._either()
        if self.at < len(self.words):
            raise invalid(self.text)
        return test

    def _next(self) -> str:
        self.at += 1
        if self.at > len(self.words):
            raise invalid(self.text)
        return self.words[self.at - 1]

    def _comes(self, word: str) -> bool:
        if self.words[self.at : self.at + 1] == [word]:
            self.at += 1
            return True
        return False

    def _either(self) -> Test:
        tests = [self._both()]
        while self._comes("||"):
            tests.append(self._both())
        return lambda value: any(test(value) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._comes("&&"):
            tests.append(self._one())
        return lambda value: all(test(value) for test in tests)

    def _one(self) -> Test:
        if self._comes("("):
            test = self._either()
            if not self._comes(")"):
                raise invalid(self.text)
            return test
        path, sign = self._next(), self._next()
        if not path.startswith("$"):
            raise invalid(self.text)
        test = self._state(sign) if sign in ("IS", "NOT") else _comparison(sign, self._next(), self.text)
        return lambda document: test(_at(document, path))

    def _state(self, sign: str) -> Test:
        states: dict[tuple[str, str], Test] = {
            ("IS", "NULL"): lambda value: value is None,
            ("IS", "TRUE"): lambda value: value is True,
            ("IS", "FALSE"): lambda value: value is False,
            ("NOT", "EXISTS"): lambda value: value is MISSING,
        }
        if (test := states.get((sign, self._next()))) is None:
            raise invalid(self.text)
        return test


def _comparison(sign: str, word: str, text: str) -> Test:
    if word.startswith("%"):
        raise NotImplementedByCumulet("logs filter patterns with regular expressions")
    number = _number(word)
    if number is not None:
        return _numeric(sign, number, text)
    wanted = re.sub(r"\\(.)", r"\1", word[1:-1]) if word.startswith('"') else word
    pattern = re.compile(translate(wanted.replace("[", "[[]").replace("?", "[?]")))
    if sign == "=":
        return lambda value: isinstance(value, str) and pattern.match(value) is not None
    if sign == "!=":
        return lambda value: isinstance(value, str) and pattern.match(value) is None
    raise invalid(text)


def _numeric(sign: str, number: float, text: str) -> Test:
    compare: dict[str, Callable[[float], bool]] = {
        "=": lambda value: value == number,
        "!=": lambda value: value != number,
        "<": lambda value: value < number,
        "<=": lambda value: value <= number,
        ">": lambda value: value > number,
        ">=": lambda value: value >= number,
    }
    if sign not in compare:
        raise invalid(text)
    return lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and compare[sign](value)
    )


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


def _at(document: Any, path: str) -> Any:
    """What lies at a path; `MISSING` where nothing does."""
    value = document
    for name, quoted, index in STEP.findall(path):
        if index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        elif isinstance(value, dict) and (name or quoted) in value:
            value = value[name or quoted]
        else:
            return MISSING
    return value
