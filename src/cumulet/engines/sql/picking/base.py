"""What is asked, and how it is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class Refused(Exception):
    """A question that has no answer: a code (those of S3 Select, who has the most exact ones) and why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Form:
    """How records are written in a file that is read, or are to be written in the answer."""

    kind: str  # "csv", "json lines", "json document", "parquet"; of an answer "csv" or "json"
    record: str = "\n"
    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    comment: str = ""
    header: str = "NONE"  # "USE", "IGNORE"
    quoted_records: bool = False  # whether a quoted field may hold the record delimiter
    always_quote: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A statement about one file. `span`: only the records that begin between these bytes (both included)."""

    text: str
    path: str
    source: Form
    answer: Form
    compression: str = "NONE"  # "GZIP", "BZIP2"
    span: tuple[int, int] | None = None
    target: str = ""  # the file that the answer goes to
    now: float = 0.0

    @classmethod
    def of(cls, told: dict[str, Any]) -> Question:
        span = told["span"] and (told["span"][0], told["span"][1])
        forms = {name: Form(**told[name]) for name in ("source", "answer")}
        return cls(**{**told, **forms, "span": span})


@dataclass(slots=True)
class Tally:
    """How many bytes were read of the file, came out of it unpacked, and were answered."""

    scanned: int = 0
    processed: int = 0
    returned: int = 0


class Doubt(Exception):
    """Records whose answer by columns might not be the one that they have record by record."""


@dataclass(frozen=True, slots=True)
class Names:
    """The fields that every record has, where the file tells them: of CSV with a header, of Parquet."""

    fields: list[str] = field(default_factory=list)
    known: bool = False
