"""What a statement asked the catalog, for who wants to know whether the answers are still the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cumulet.engines.sql.base import Lake, SqlError

QUESTIONS = ("databases", "tables", "table", "files", "partitions")  # which change nothing

Question = tuple[str, tuple[Any, ...]]
Asked = list[tuple[Question, Any]]


class Witness:
    """The catalog, and a record of what it answered; `sure` while nothing but questions went through it."""

    def __init__(self, catalog: Lake) -> None:
        self.catalog = catalog
        self.asked: Asked = []
        self.sure = True

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.catalog, name)

        def heard(*arguments: Any) -> Any:
            found = method(*arguments)
            self.asked.append(((name, arguments), found))
            self.sure = self.sure and name in QUESTIONS
            return found

        return heard

    def confirms(self, asked: Asked) -> bool:
        """Whether the catalog would answer the same today; an error is left to who asks in earnest."""
        questions, answers = [each for each, _ in asked], [found for _, found in asked]
        try:
            return not questions or self.catalog.several(questions) == answers
        except SqlError:
            return False
