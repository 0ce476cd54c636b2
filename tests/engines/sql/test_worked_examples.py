"""Queries and mistakes as people write them, with the answers that Trino's documentation leads to.

The lone expressions among them are tried with the documented ones (`test_functions.py`).
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cumulet.engines.sql.base import SqlError

from . import worked_edges, worked_examples, worked_moments, worked_shapes

FAILURES = worked_edges.FAILURES + worked_examples.FAILURES + worked_moments.FAILURES + worked_shapes.FAILURES
QUERIES = worked_examples.QUERIES + worked_moments.QUERIES + worked_shapes.QUERIES


@pytest.mark.parametrize(("text", "expected"), FAILURES)
def test_a_mistake_is_named_in_trinos_words(
    rows: Callable[..., list[list[str | None]]], text: str, expected: str
) -> None:
    query = text if text.split()[0].upper() in ("SELECT", "WITH", "VALUES", "TABLE") else f"SELECT {text}"
    with pytest.raises(SqlError) as raised:
        rows(query)
    assert f"{raised.value.name}: {raised.value.message}".startswith(expected)


@pytest.mark.parametrize(("query", "parameters", "expected"), QUERIES)
def test_a_query_gives_what_trino_gives(
    rows: Callable[..., list[list[str | None]]],
    query: str,
    parameters: list[str],
    expected: list[list[str | None]],
) -> None:
    assert rows(query, *parameters) == expected
