"""The words of a statement, with their places: enough to tell what it is, and to read Hive's DDL."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cumulet.services.athena.refusals import malformed
from cumulet.wire.errors import AwsError

TOKENS = r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
      | (?P<string>'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`)
      | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)
      | (?P<word>[A-Za-z_$@][\w$@]*)
      | (?P<symbol><>|!=|<=|>=|\|\||->|=>|.)"""
TRINO = re.compile(TOKENS, re.VERBOSE | re.DOTALL)
# In Hive a backslash takes the meaning of the quote behind it.
HIVE = re.compile(
    TOKENS.replace("(?:[^']|'')", r"(?:[^'\\]|\\.|'')").replace('(?:[^"]|"")', r'(?:[^"\\]|\\.|"")'),
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Word:
    """One token: its kind ("word", "quoted", "string", "number", "symbol"), its text and where it starts."""

    kind: str
    text: str
    start: int

    @property
    def upper(self) -> str:
        return self.text.upper() if self.kind in ("word", "symbol") else ""

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def words(text: str, pattern: re.Pattern[str] = TRINO) -> list[Word]:
    return [
        Word(str(found.lastgroup), found[0], found.start())
        for found in pattern.finditer(text)
        if found.lastgroup != "space"
    ]


def place(text: str, start: int) -> str:
    before = text[:start]
    return f"{before.count(chr(10)) + 1}:{start - (before.rfind(chr(10)) + 1) + 1}"


class Words:
    """A reader over the words of a statement."""

    pattern = TRINO

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = words(text, self.pattern)
        while self.words and self.words[-1].text == ";":
            self.words.pop()
        self.at = 0

    @property
    def left(self) -> bool:
        return self.at < len(self.words)

    def peek(self, ahead: int = 0) -> Word:
        at = self.at + ahead
        return self.words[at] if at < len(self.words) else Word("end", "<EOF>", len(self.text))

    def next(self) -> Word:
        found = self.peek()
        if found.kind == "end":
            raise self.unexpected()
        self.at += 1
        return found

    def take(self, *wanted: str) -> bool:
        """Step over these words if they come next."""
        if all(self.peek(i).upper == each for i, each in enumerate(wanted)):
            self.at += len(wanted)
            return True
        return False

    def expect(self, *wanted: str) -> None:
        for each in wanted:
            if not self.take(each):
                raise self.unexpected(f"'{each}'")

    def end(self) -> None:
        if self.left:
            raise self.unexpected("<EOF>")

    def unexpected(self, expected: str = "") -> AwsError:
        found = self.peek()
        tail = f" expecting {expected}" if expected else ""
        return malformed(f"line {place(self.text, found.start)}: mismatched input '{found.text}'{tail}")

    def name(self) -> str:
        """An identifier, quoted in any of the ways of Hive and Trino, in lower case."""
        found = self.peek()
        if found.kind not in ("word", "quoted"):
            raise self.unexpected("an identifier")
        self.at += 1
        mark = found.text[0]
        return (
            found.text[1:-1].replace(mark * 2, mark).lower() if found.kind == "quoted" else found.text.lower()
        )

    def dotted(self) -> list[str]:
        found = [self.name()]
        while self.take("."):
            found.append(self.name())
        return found

    def string(self) -> str:
        """A text in quotes, single or double."""
        found = self.peek()
        if found.kind not in ("string", "quoted") or found.text[0] == "`":
            raise self.unexpected("a string")
        self.at += 1
        mark = found.text[0]
        return found.text[1:-1].replace(mark * 2, mark)

    def bracket(self) -> str:
        """The text between the bracket that comes next and its partner."""
        self.expect("(")
        start, depth = self.peek().start, 1
        while depth:
            found = self.next()
            depth += {"(": 1, ")": -1}.get(found.upper, 0)
        return self.text[start : found.start]
