"""Search over the tables of all databases.

https://docs.aws.amazon.com/glue/latest/webapi/API_SearchTables.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from cumulet.services.glue import paging
from cumulet.services.glue.catalog import TABLE, Catalog
from cumulet.services.glue.refusals import invalid

PAGE = 100
WORDS = re.compile(r'"([^"]*)"|(\S+)')
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "EQUALS": lambda a, b: a == b,
    "GREATER_THAN": lambda a, b: a > b,
    "LESS_THAN": lambda a, b: a < b,
    "GREATER_THAN_EQUALS": lambda a, b: a >= b,
    "LESS_THAN_EQUALS": lambda a, b: a <= b,
}
SORTED_BY = ("Name", "DatabaseName", "CreateTime", "UpdateTime", "LastAccessTime")


class Search(Catalog):
    def search_tables(
        self,
        *,
        CatalogId: str | None = None,
        NextToken: str | None = None,
        Filters: list[dict[str, str]] | None = None,
        SearchText: str | None = None,
        SortCriteria: list[dict[str, str]] | None = None,
        MaxResults: int = PAGE,
        ResourceShareType: str | None = None,
    ) -> dict[str, Any]:
        """Tables in which every word of the text occurs somewhere (a word in quotes: as a name, whole) and
        that pass every filter. Nothing is shared by others, so FOREIGN finds nothing."""
        self._own(CatalogId)
        if ResourceShareType in ("FOREIGN", "FEDERATED"):
            return {"TableList": []}
        found = self.store.records.list(TABLE, self.caller.scope)
        found = [
            one for one in found if has(one[1], SearchText or "") and all(map(passing(one[1]), Filters or []))
        ]
        for said in reversed(SortCriteria or []):
            found.sort(key=by(said), reverse=said.get("Sort") == "DESC")
        start = offset(NextToken)
        numbered = list(enumerate(found, start=1))[start:]
        return paging.page(
            numbered,
            MaxResults,
            "TableList",
            lambda one: str(one[0]),
            lambda one: self._shown_table(one[1][1]),
        )


def offset(token: str | None) -> int:
    """How many tables came before: sorted as they may be, a name does not say where a page ends."""
    text = paging.after(token) or "0"
    if not (text.isascii() and text.isdigit()):
        raise invalid("NextToken is not one that this operation returned.")
    return int(text)


def has(table: dict[str, Any], text: str) -> bool:
    names = texts(table)
    for exact, word in WORDS.findall(text.lower()):
        if (exact and exact not in names) or (word and not any(word in name for name in names)):
            return False
    return True


def texts(table: dict[str, Any]) -> set[str]:
    """Where words are looked for: names, descriptions, columns with their comments, and parameters."""
    columns = [*table.get("StorageDescriptor", {}).get("Columns", []), *table.get("PartitionKeys", [])]
    said = [table["Name"], table["DatabaseName"], table.get("Description"), table.get("Owner")]
    said += [column.get(member) for column in columns for member in ("Name", "Comment")]
    said += [part for pair in table.get("Parameters", {}).items() for part in pair]
    return {text.lower() for text in said if text}


def passing(table: dict[str, Any]) -> Callable[[dict[str, str]], bool]:
    """A test of one filter: by a member of the table's, or by one of its parameters."""

    def passes(said: dict[str, str]) -> bool:
        key, wanted = said.get("Key", ""), said.get("Value", "")
        value = table.get("Parameters", {}).get(key, table.get(member(key)))
        compare = COMPARE.get(said.get("Comparator", "EQUALS"))
        if compare is None:
            raise invalid(f"Comparator {said['Comparator']} is not known.")
        if isinstance(value, (int, float)):
            return number(wanted) is not None and compare(value, number(wanted))
        return isinstance(value, str) and compare(value.lower(), wanted.lower())

    return passes


def member(key: str) -> str:
    """A table's member, however its first letter is written: `name` is `Name`."""
    return key[:1].upper() + key[1:]


def number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def by(said: dict[str, str]) -> Callable[[tuple[str, dict[str, Any]]], Any]:
    field = said.get("FieldName", "")
    if field not in SORTED_BY:
        raise invalid(f"Tables cannot be sorted by {field!r}, only by {', '.join(SORTED_BY)}.")
    return lambda one: one[1].get(field, 0 if field.endswith("Time") else "")
