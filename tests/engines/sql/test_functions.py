"""Functions, held against the worked examples of Trino's own documentation; and that none is forgotten."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.execution import Session
from cumulet.engines.sql.trino.known import ELSEWHERE, KNOWN, NAMES, NOTES, UNPAGED, WHY
from cumulet.engines.sql.trino.written import WRITTEN

from . import worked_edges, worked_examples, worked_moments, worked_shapes
from .documented import CASES as DOCUMENTED
from .documented import called

CASES = (
    DOCUMENTED
    + worked_examples.EXAMPLES
    + worked_edges.EXAMPLES
    + worked_moments.EXAMPLES
    + worked_shapes.EXAMPLES
)


@pytest.mark.parametrize(("expression", "expected"), CASES)
def test_a_function_gives_what_trino_documents(
    value: Callable[[str], str | None], expression: str, expected: str | None
) -> None:
    assert value(expression) == expected


def test_every_function_that_is_written_has_an_example() -> None:
    shown = {name for expression, _ in CASES for name in called(expression)}
    assert WRITTEN - shown - UNPAGED == set()


def test_every_function_that_is_written_is_on_a_page_of_the_reference() -> None:
    assert WRITTEN - UNPAGED - {name for names in NAMES.values() for name in names} == set()
    assert not ELSEWHERE & WRITTEN


def test_a_reason_is_told_of_functions_that_are_refused_and_a_remark_of_those_that_are_right() -> None:
    assert {name for name in WHY if name not in NAMES} <= KNOWN - WRITTEN
    assert set(NOTES) <= WRITTEN


@pytest.mark.parametrize("name", sorted(KNOWN - WRITTEN))
def test_a_function_that_is_not_written_is_refused_by_name(
    value: Callable[[str], str | None], session: Session, name: str
) -> None:
    with pytest.raises(NotSupported, match=name):
        value(f"{name}(1)")
