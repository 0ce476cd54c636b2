"""format(): Java's format strings, for the kinds of values that Trino hands to them.

https://trino.io/docs/current/functions/conversion.html#format
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import NamedTuple

from cumulet.engines.sql.dating import EPOCH, MYSQL
from cumulet.engines.sql.dating import Piece as Field
from cumulet.engines.sql.dating import formatted as by_pattern

PIECE = re.compile(r"%(?:(\d+)\$)?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?([tT][a-zA-Z]|[a-zA-Z%])")
MOMENTS = {  # Java's letters for dates and times, in MySQL's
    **{letter: letter for letter in "YymdebHkjTrpal"}, "B": "M", "h": "b", "A": "W", "I": "h", "M": "i", "S": "s",
    "F": "Y-m-d", "D": "m/d/y", "R": "H:i",
}  # fmt: skip
WHOLE, EXACT, DOUBLE, BOOLEAN, TEXT, MOMENT = "integer", "decimal", "double", "boolean", "varchar", "moment"
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
    if letter[0] == "t" and text is not None:
        if kind != MOMENT:
            raise wrong(pattern, f"IllegalFormatConversion: {piece.letter[1]} != {kind}")
        found = moment(piece.letter[1], text)
    elif letter in "sb" or text is None:
        found = text_of(letter, text, kind)[: piece.digits]
    elif letter in "doxX" and kind == WHOLE:
        found = whole(piece, int(text))
    elif letter in "fe" and kind in (EXACT, DOUBLE):
        found = number(piece, text)
    elif letter == "g" and kind in (EXACT, DOUBLE):
        found = general(piece, text)
    elif letter == "c" and kind == TEXT and len(text) == 1:
        found = text
    elif letter in "doxfegc":
        raise wrong(pattern, f"IllegalFormatConversion: {piece.letter} != {kind}")
    else:
        raise ValueError(
            f"trino:NOT_SUPPORTED:format with %{piece.letter} is not supported by Cumulet yet:trino"
        )
    found = found.upper() if piece.letter[0].isupper() else found
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


def general(piece: Piece, text: str) -> str:
    """%g: so many digits in all, six if none are told; with a power of ten below 10^-4 and from 10^digits on."""
    if text.lstrip("-") in ("NaN", "Infinity"):
        return text
    digits = 6 if piece.digits is None else piece.digits or 1
    with localcontext(prec=digits, rounding=ROUND_HALF_UP):
        rounded = abs(+Decimal(text))
    if rounded and not Decimal("0.0001") <= rounded < Decimal(10) ** digits:
        return number(piece._replace(letter="e", digits=digits - 1), text)
    places = digits - 1 - rounded.adjusted() if rounded else digits - 1
    return number(piece._replace(letter="f", digits=max(places, 0)), text)


def moment(letter: str, text: str) -> str:
    """%tY and its kin, of dates and timestamps as they are printed."""
    pieces = [each for mark in MOMENTS.get(letter, "") for each in MYSQL.get(mark, [Field("", text=mark)])]
    if not pieces:
        raise ValueError(f"trino:NOT_SUPPORTED:format with %t{letter} is not supported by Cumulet yet:trino")
    micros = (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)
    return by_pattern(pieces, micros, "UTC")


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
