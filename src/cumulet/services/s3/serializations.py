"""What SelectObjectContent says of the records it reads and of those it wants, as the engine knows them.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_SelectObjectContent.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cumulet.engines.sql.picking.base import Form
from cumulet.wire.errors import AwsError

JSON_TYPES = {"LINES": "json lines", "DOCUMENT": "json document"}


def refused(code: str, message: str) -> AwsError:
    return AwsError(code, message, status=400)


def compression(told: Mapping[str, Any]) -> str:
    found = str(told.get("CompressionType") or "NONE").upper()
    if found not in ("NONE", "GZIP", "BZIP2") or (found != "NONE" and "Parquet" in told):
        message = "The file is not in a supported compression format. Only GZIP and BZIP2 are supported."
        raise refused("InvalidCompressionFormat", message)
    return found


def source(told: Mapping[str, Any]) -> Form:
    kind = _one(told, ("CSV", "JSON", "Parquet"), "InputSerialization")
    if kind == "Parquet":
        return Form("parquet")
    if kind == "JSON":
        name = _choice(told["JSON"], "Type", [*JSON_TYPES], "", "InvalidJsonType")
        return Form(JSON_TYPES[name])
    csv = told["CSV"]
    return Form(
        "csv",
        **_characters(csv),
        comment=_character(csv, "Comments", "#"),
        header=_choice(csv, "FileHeaderInfo", ["NONE", "USE", "IGNORE"], "NONE", "InvalidFileHeaderInfo"),
        quoted_records=bool(csv.get("AllowQuotedRecordDelimiter")),
    )


def answer(told: Mapping[str, Any]) -> Form:
    if _one(told, ("CSV", "JSON"), "OutputSerialization") == "JSON":
        return Form("json", record=_character(told["JSON"], "RecordDelimiter", "\n", longest=2))
    csv = told["CSV"]
    quoted = _choice(csv, "QuoteFields", ["ASNEEDED", "ALWAYS"], "ASNEEDED", "InvalidQuoteFields")
    return Form("csv", **_characters(csv), always_quote=quoted == "ALWAYS")


def span(told: Mapping[str, Any] | None, size: int, packed: str, form: Form) -> tuple[int, int] | None:
    """The first and the last byte between which a record may begin; an end alone counts from behind."""
    if not told:
        return None
    start, end = told.get("Start"), told.get("End")
    if start is None and end is not None:
        start, end = max(0, size - end), size - 1
    start, end = start or 0, size - 1 if end is None else end
    if not 0 <= start <= end or (start >= size and size):
        raise refused("InvalidScanRange", "The value of a parameter in ScanRange is not valid.")
    if packed != "NONE" or form.kind == "json document" or form.quoted_records:
        supported = "uncompressed CSV without quoted record delimiters, JSON LINES and Parquet"
        message = f"ScanRange is supported for {supported}."
        raise refused("UnsupportedScanRangeInput", message)
    return start, end


def _one(told: Mapping[str, Any], names: tuple[str, ...], where: str) -> str:
    found = [name for name in names if told.get(name) is not None]
    if not found:
        message = f"The SelectRequest entity is missing a required parameter: {where} names no format."
        raise refused("MissingRequiredParameter", message)
    if len(found) > 1:
        raise refused("ObjectSerializationConflict", f"{where} names more than one format.")
    return found[0]


def _choice(told: Mapping[str, Any], name: str, choices: list[str], default: str, code: str) -> str:
    found = str(told.get(name) or default).upper()
    if found not in choices:
        raise refused(code, f"The {name} is invalid. Only {', '.join(choices)} are supported.")
    return found


def _characters(csv: Mapping[str, Any]) -> dict[str, Any]:
    quote = _character(csv, "QuoteCharacter", '"')
    return {
        "record": _character(csv, "RecordDelimiter", "\n", longest=2),
        "delimiter": _character(csv, "FieldDelimiter", ","),
        "quote": quote,
        "escape": _character(csv, "QuoteEscapeCharacter", quote),
    }


def _character(told: Mapping[str, Any], name: str, default: str, longest: int = 1) -> str:
    found = str(told.get(name) or default)
    if len(found) > longest:
        raise refused(
            "InvalidRequestParameter", f"The value of {name} is longer than {longest} character(s)."
        )
    return found
