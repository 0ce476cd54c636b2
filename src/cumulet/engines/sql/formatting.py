"""format(): Java's format strings, for the kinds of values that Trino hands to them.

https://trino.io/docs/current/functions/conversion.html#format
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import NamedTuple

PIECE = re.compile(r"%(?:(\d+)\$)?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])")
WHOLE, EXACT, DOUBLE, BOOLEAN, TEXT = "integer", "decimal", "double", "boolean", "varchar"
TWOS = 1 << 64


class Piece(NamedTuple):
    """One conversion: %-8.2f has the flag "-", eight characters, two digits."""

    flags: str
    width: int
    digits: int | None
    letter: str


def formatted(pattern: str, texts: list[str | None], kinds: str) -> str:
    """`texts` are the values as Trino prints them, `kinds` what they are, with commas between."""
    known, place, done, found = kinds.split(","), 0, 0, []
    for match in PIECE.finditer(pattern):
        found.append(plain(pattern[done : match.start()]))
        done = match.end()
        piece = Piece(match[2], int(match[3] or 0), int(match[4]) if match[4] else None, match[5])
        if piece.letter in "%n":
            found.append("%" if piece.letter == "%" else "\n")
            continue
        place += not match[1]
        at = int(match[1] or place) - 1
        if at >= len(texts):
            raise wrong(pattern, f"Format specifier '{match[0]}'")
        found.append(shown(pattern, piece, texts[at], known[at]))
    return "".join([*found, plain(pattern[done:])])


def plain(text: str) -> str:
    if "%" in text:
        raise wrong(text, "UnknownFormatConversionException")
    return text


def wrong(pattern: str, why: str) -> ValueError:
    return ValueError(f"trino:INVALID_FUNCTION_ARGUMENT:Invalid format string: {pattern} ({why}):trino")


def shown(pattern: str, piece: Piece, text: str | None, kind: str) -> str:
    letter = piece.letter.lower()
    if letter in "sb" or text is None:
        found = text_of(letter, text, kind)[: piece.digits]
    elif letter in "doxX" and kind == WHOLE:
        found = whole(piece, int(text))
    elif letter in "fe" and kind in (EXACT, DOUBLE):
        found = number(piece, text)
    elif letter in "doxfe":
        raise wrong(pattern, f"IllegalFormatConversion: {piece.letter} != {kind}")
    else:
        raise ValueError(
            f"trino:NOT_SUPPORTED:format with %{piece.letter} is not supported by Cumulet yet:trino"
        )
    found = found.upper() if piece.letter.isupper() else found
    return found.ljust(piece.width) if "-" in piece.flags else found.rjust(piece.width)


def text_of(letter: str, text: str | None, kind: str) -> str:
    if letter == "b":
        return str(text == "true" if kind == BOOLEAN else text is not None).lower()
    return "null" if text is None else text


def whole(piece: Piece, value: int) -> str:
    if piece.letter.lower() != "d":
        return format(value % TWOS, piece.letter.lower())
    return signed(piece, value < 0, format(abs(value), "," if "," in piece.flags else ""))


def number(piece: Piece, text: str) -> str:
    if text.lstrip("-") in ("NaN", "Infinity"):
        return text
    value, digits = Decimal(text), 6 if piece.digits is None else piece.digits
    if piece.letter.lower() == "e":
        with localcontext(rounding=ROUND_HALF_UP):
            mantissa, _, power = format(value, f".{digits}e").partition("e")
        body = f"{mantissa.lstrip('-')}e{power[0]}{power[1:].zfill(2)}"
    else:
        rounded = value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
        body = format(abs(rounded), ",f" if "," in piece.flags else "f")
    return signed(piece, text.startswith("-"), body)


def signed(piece: Piece, negative: bool, body: str) -> str:
    """With its sign in front, or in brackets, and zeros between the sign and the digits."""
    brackets = negative and "(" in piece.flags
    sign = (
        "("
        if brackets
        else "-"
        if negative
        else "+"
        if "+" in piece.flags
        else " "
        if " " in piece.flags
        else ""
    )
    tail = ")" if brackets else ""
    zeros = piece.width - len(sign) - len(tail) if "0" in piece.flags else 0
    return sign + body.rjust(zeros, "0") + tail
