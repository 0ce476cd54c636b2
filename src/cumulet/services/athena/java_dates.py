"""Java's date patterns (`yyyy/MM/dd-HH`), as far as partition projection has a use for them.

https://docs.oracle.com/javase/8/docs/api/java/time/format/DateTimeFormatter.html
"""

from __future__ import annotations

import re
from datetime import datetime

from cumulet.engines.sql.base import NotSupported

MARKS = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")
# A letter and its length: the part of strftime, how many digits are read, and the step that it stands for.
LETTERS = {
    "yyyy": ("%Y", r"(?P<Y>\d{4})", "YEARS"),
    "uuuu": ("%Y", r"(?P<Y>\d{4})", "YEARS"),
    "MM": ("%m", r"(?P<m>\d{2})", "MONTHS"),
    "dd": ("%d", r"(?P<d>\d{2})", "DAYS"),
    "HH": ("%H", r"(?P<H>\d{2})", "HOURS"),
    "mm": ("%M", r"(?P<M>\d{2})", "MINUTES"),
    "ss": ("%S", r"(?P<S>\d{2})", "SECONDS"),
    "M": ("%-m", r"(?P<m>\d{1,2})", "MONTHS"),
    "d": ("%-d", r"(?P<d>\d{1,2})", "DAYS"),
    "H": ("%-H", r"(?P<H>\d{1,2})", "HOURS"),
    "MMM": ("%b", r"(?P<b>[A-Za-z]{3})", "MONTHS"),
}
ORDER = ("YEARS", "MONTHS", "DAYS", "HOURS", "MINUTES", "SECONDS")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class Pattern:
    """One pattern. `unit` is the smallest step that its texts can tell apart."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._format, self._reader, self.unit = "", "", "YEARS"
        for found in MARKS.finditer(text):
            self._take(found)

    def printed(self, at: datetime) -> str:
        return at.strftime(self._format)

    def read(self, text: str) -> datetime:
        """The moment that a text names; ValueError where it does not fit."""
        found = re.fullmatch(self._reader, text)
        if found is None:
            raise ValueError(text)
        parts = found.groupdict()
        if "b" in parts:
            parts["m"] = str(MONTHS.index(parts["b"].lower()) + 1)
        fields = [
            int(parts.get(key) or least) for key, least in zip("YmdHMS", (1970, 1, 1, 0, 0, 0), strict=True)
        ]
        return datetime(*fields)  # type: ignore[arg-type]

    def _take(self, found: re.Match[str]) -> None:
        letters = found[0]
        if found[2] is None:
            literal = letters[1:-1].replace("''", "'") or "'" if letters[0] == "'" else letters
            self._format += literal.replace("%", "%%")
            self._reader += re.escape(literal)
            return
        if letters not in LETTERS:
            raise NotSupported(f"'{letters}' in the date format '{self.text}'")
        printed, read, unit = LETTERS[letters]
        self._format += printed
        self._reader += read
        self.unit = max(self.unit, unit, key=ORDER.index)
