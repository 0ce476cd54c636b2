"""A query that needs more memory than it may have spills to disk, or fails by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cumulet.engines.sql.base import SqlError
from cumulet.engines.sql.execution import Session

ROWS = 300_000
NUMBERS = f"UNNEST(sequence(1, {ROWS})) AS t (x)"
WIDE = "lpad(CAST(x * 7919 % 1000003 AS varchar), 100, 'z')"  # 30 MB of texts, each another, in no order


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A worker's DuckDB with little memory."""
    made = Session(tmp_path_factory.mktemp("small") / "worker", "40MB", 2)
    yield made
    made.connection.close()


def test_what_can_spill_is_answered_and_nothing_is_left(
    session: Session, rows: Callable[..., list[list[str | None]]]
) -> None:
    found = rows(
        f"SELECT count(*), sum(n) FROM (SELECT {WIDE} AS y, count(*) AS n FROM {NUMBERS} GROUP BY 1)"
    )
    assert found == [[str(ROWS)] * 2]
    assert not [each for each in (session.folder / "spill").rglob("*") if each.is_file()]


def test_what_cannot_fails_by_itself(ask: Any, rows: Callable[..., list[list[str | None]]]) -> None:
    with pytest.raises(SqlError, match="Query exhausted resources") as raised:
        ask(f"SELECT cardinality(array_agg({WIDE})) FROM {NUMBERS}")
    assert (raised.value.name, raised.value.kind) == ("EXCEEDED_LOCAL_MEMORY_LIMIT", "system")
    assert rows(f"SELECT count(*) FROM {NUMBERS}") == [[str(ROWS)]]
