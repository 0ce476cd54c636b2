"""A translation that is kept is only as good as what the catalog answers today."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from cumulet.engines.sql.base import Query, SqlError
from cumulet.engines.sql.execution import Session
from cumulet.engines.sql.translations import KEPT

Rows = Callable[..., list[list[str | None]]]


@pytest.fixture
def translated(session: Session, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were translated, not taken up again."""
    from cumulet.engines.sql import execution

    found: list[str] = []

    def translate(query: Query, *given: Any, **more: Any) -> Any:
        found.append(query.text)
        return plain(query, *given, **more)

    plain = execution.translate
    monkeypatch.setattr(execution, "translate", translate)
    return found


def test_a_text_is_translated_once(rows: Rows, lake: Any, translated: list[str]) -> None:
    lake.add("t", "a int", "text", "1\n2\n")
    text = f"SELECT sum(a) AS s{uuid4().hex} FROM t"
    assert [rows(text) for _ in range(3)] == [[["3"]]] * 3
    assert translated == [text]


def test_new_files_are_seen(rows: Rows, lake: Any, translated: list[str]) -> None:
    text = f"SELECT sum(a) AS s{uuid4().hex} FROM t"
    lake.add("t", "a int", "text", "1\n2\n")
    assert rows(text) == [["3"]]
    lake.add("t", "a int", "text", "1\n2\n", "10\n")
    assert rows(text) == [["13"]]
    assert len(translated) == 2


def test_a_column_of_another_type_is_seen(rows: Rows, lake: Any) -> None:
    text = f"SELECT a / 2 AS s{uuid4().hex} FROM t"
    lake.add("t", "a int", "text", "3\n")
    assert rows(text) == [["1"]]
    lake.add("t", "a double", "text", "3\n")
    assert rows(text) == [["1.5"]]


def test_a_table_that_has_gone_is_missed(ask: Any, rows: Rows, lake: Any) -> None:
    text = f"SELECT count(*) AS s{uuid4().hex} FROM t"
    lake.add("t", "a int", "text", "3\n")
    assert rows(text) == [["1"]]
    del lake.known["t"]
    with pytest.raises(SqlError, match="does not exist"):
        ask(text)


def test_what_depends_on_the_moment_is_not_kept(rows: Rows, translated: list[str]) -> None:
    text = f"SELECT current_date AS s{uuid4().hex}"
    assert [rows(text) for _ in range(2)] == [[["2023-11-14"]]] * 2
    assert translated == [text, text]


def test_parameters_are_part_of_the_question(rows: Rows, translated: list[str]) -> None:
    text = f"SELECT ? + 1 AS s{uuid4().hex}"
    assert [rows(text, each) for each in ("1", "2", "1")] == [[["2"]], [["3"]], [["2"]]]
    assert len(translated) == 2


def test_those_used_last_are_kept(ask: Callable[..., Any], session: Session, tmp_path: Path) -> None:
    mark = uuid4().hex
    for number in range(3):
        ask(f"SELECT {number} AS s{mark}")
    assert len(session.translations.kept) <= KEPT
    assert next(reversed(session.translations.kept))[0] == f"SELECT 2 AS s{mark}"
