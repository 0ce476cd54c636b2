"""Results by page: read from the very file that lies in S3.

https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html
"""

from __future__ import annotations

import re
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from cumulet.services import Service
from cumulet.services.athena import managed_results, paging
from cumulet.services.athena.places import bucket_and_key
from cumulet.services.athena.refusals import invalid
from cumulet.wire.json_values import AsItIs, Spelt

UNEASY = re.compile(rb'""|[\\\x00-\x09\x0b-\x1f]')  # in values that JSON spells otherwise
VALUE = re.compile(rb'(?:(")([^"]*(?:""[^"]*)*)")?[,\n]')
MOST = 1000


class Results(Service):
    """A token is the place in the file behind the last row of a page."""

    def get_query_results(
        self,
        *,
        QueryExecutionId: str,
        NextToken: str | None = None,
        MaxResults: int = MOST,
        QueryResultType: str = "DATA_ROWS",
    ) -> dict[str, Any]:
        if QueryResultType != "DATA_ROWS":
            raise invalid(f"QueryResultType {QueryResultType} is not supported by Cumulet")
        look: Any = self
        body = look.execution(QueryExecutionId)
        state = body["Status"]["State"]
        if state in ("QUEUED", "RUNNING"):
            raise invalid(f"Query has not yet finished. Current state: {state}")
        if state != "SUCCEEDED":
            raise invalid(f"Query did not finish successfully. Final query state: {state}")
        return self._results(body, NextToken, MaxResults)

    def _results(self, body: dict[str, Any], token: str | None, most: int) -> dict[str, Any]:
        columns = body.get("Columns") or []
        location = body["ResultConfiguration"]["OutputLocation"]
        if not location.endswith((".csv", ".txt")):
            return {
                "UpdateCount": body.get("RowCount", 0),
                "ResultSet": {"Rows": [], "ResultSetMetadata": {"ColumnInfo": columns}},
            }
        path = self._result_file(location, body["Status"]["CompletionDateTime"])
        offset = int(paging.opened(token)) if token else 0
        with path.open("rb") as file:
            file.seek(offset)
            rows = (
                read_page(file, most, len(columns)) if location.endswith(".csv") else read_lines(file, most)
            )
            end, more = file.tell(), bool(file.read(1))
        return {
            "UpdateCount": 0,
            "ResultSet": {
                "Rows": rows,
                "ResultSetMetadata": {"ColumnInfo": columns},
            },
            "NextToken": paging.closed(str(end)) if more else None,
        }

    def _result_file(self, location: str, ended: float) -> Path:
        if managed_results.managed(location):
            return managed_results.found(self.house, location, ended)
        bucket, key = bucket_and_key(location)
        found = [each for each in self.other("s3").files(Bucket=bucket, Prefix=key) if each.key == key]
        if not found:
            raise invalid(f"Could not find results: the object {location} is not there any more")
        return Path(found[0].path)


def read_lines(file: BinaryIO, most: int) -> AsItIs:
    lines = islice(iter(file.readline, b""), most)
    return AsItIs({"Data": [{"VarCharValue": line.decode().rstrip("\n")}]} for line in lines)


def read_page(file: BinaryIO, most: int, width: int) -> AsItIs | Spelt:
    """The next records of a result of so many columns; most pages need no look at their values."""
    begin = file.tell()
    lines = b"".join(islice(file, most))
    if (found := spelt(lines, width)) is not None:
        return found
    file.seek(begin)
    return AsItIs({"Data": each} for each in read_rows(file, most))


def spelt(lines: bytes, width: int) -> Spelt | None:
    """Records as JSON, by exchanging what stands between their values; None where that would not do.

    Without a doubled quote, every quote begins or ends a value. So where there are two for each column of each line,
    no value is NULL, and none has an end of line in it.
    """
    if not (lines and width) or UNEASY.search(lines) or lines.count(b'"') != 2 * width * lines.count(b"\n"):
        return None
    inside = lines[1:-2].replace(b'","', b'"},{"VarCharValue":"')
    inside = inside.replace(b'"\n"', b'"}]},{"Data":[{"VarCharValue":"')
    return Spelt(b'[{"Data":[{"VarCharValue":"' + inside + b'"}]}]')


def read_rows(file: BinaryIO, most: int) -> list[list[dict[str, str]]]:
    """The next records of a result: what is quoted is a value, what is not is NULL."""
    return [row(record) for record in islice(iter(partial(read_record, file), b""), most)]


def read_record(file: BinaryIO) -> bytes:
    """A line, and the following ones while a quote is open."""
    record = file.readline()
    while record.count(b'"') % 2:
        record += file.readline()
    return record


def row(record: bytes) -> list[dict[str, str]]:
    return [
        {"VarCharValue": text.replace(b'""', b'"').decode()} if quote else {}
        for quote, text in VALUE.findall(record)
    ]
