"""Records of JSON: values of any kind, and the rows that the path in the FROM clause makes of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from cumulet.engines.sql.picking.base import Doubt, Question, Refused, Tally
from cumulet.engines.sql.picking.blocks import blocks, everything
from cumulet.engines.sql.picking.statement import Every, Name, Path, Statement, Step
from cumulet.engines.sql.picking.terms import Term, Untold
from cumulet.engines.sql.picking.values import MISSING

if TYPE_CHECKING:
    from pyarrow import Table


def refuse(text: str) -> NoReturn:
    raise Refused(
        "JSONParsingError",
        f"Encountered an error parsing the JSON file: {text}. Check the file and try again.",
    )


DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=refuse)


class JsonReader:
    def __init__(self, question: Question, statement: Statement, tally: Tally) -> None:
        self.question = question
        self.tally = tally
        steps = statement.source
        # The first [*] stands for the file's own records.
        self.steps = steps[1:] if steps and isinstance(steps[0], Every) else steps
        self.alias = statement.alias

    def portions(self) -> Iterator[Portion]:
        if self.question.source.kind == "json lines":
            for block in blocks(self.question, "\n", self.tally):
                yield Portion(self, block)
        else:
            yield Portion(self)

    def resolve(self, path: Path) -> Callable[[Any], Any]:
        first, *rest = path.steps
        assert isinstance(first, Name)
        if self.alias.finds(first.text) or first.text == "_1":
            steps = tuple(rest[1:] if rest and isinstance(rest[0], Every) else rest)
        else:
            steps = path.steps
        return lambda row: walked(row, steps)

    def fields(self, row: Any) -> list[tuple[str, Any]]:
        return list(row.items()) if isinstance(row, dict) else [("_1", row)]

    def column(self, path: Path) -> Term:
        raise Untold

    def columns(self) -> list[tuple[str, Term]]:
        raise Untold

    def documents(self) -> Iterator[Any]:
        """Documents that follow one another, whatever white space is between them."""
        text = everything(self.question, self.tally)
        at = _solid(text, 0)
        while at < len(text):
            try:
                value, at = DECODER.raw_decode(text, at)
            except (ValueError, RecursionError) as error:
                refuse(str(error))
            yield value
            at = _solid(text, at)


class Portion:
    """A block of lines, or all documents."""

    plain = False

    def __init__(self, reader: JsonReader, text: str | None = None) -> None:
        self.reader = reader
        self.text = text

    def records(self) -> Iterator[Any]:
        for value in self.reader.documents() if self.text is None else self._lines(self.text):
            yield from rows(value, self.reader.steps)

    def _lines(self, text: str) -> Iterator[Any]:
        for line in text.split("\n"):
            if line and not line.isspace():
                yield decoded(line)

    def table(self) -> Table:
        raise Doubt


def decoded(line: str) -> Any:
    try:
        return DECODER.decode(line)
    except (ValueError, RecursionError) as error:
        return refuse(str(error))


def _solid(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def rows(value: Any, steps: tuple[Step, ...]) -> Iterator[Any]:
    """What a path in the FROM clause leads to: one MISSING where it leads nowhere."""
    for number, step in enumerate(steps):
        if not isinstance(step, Every):
            value = stepped(value, step)
        elif isinstance(value, list):
            for each in value:
                yield from rows(each, steps[number + 1 :])
            return
        else:
            value = MISSING
    yield value


def walked(value: Any, steps: tuple[Step, ...]) -> Any:
    for step in steps:
        if value is MISSING:
            return MISSING
        value = stepped(value, step)
    return value


def stepped(value: Any, step: Step) -> Any:
    if isinstance(step, int):
        return value[step] if isinstance(value, list) and step < len(value) else MISSING
    if not isinstance(step, Name) or not isinstance(value, dict):
        return MISSING
    if step.text in value or step.exact:
        return value.get(step.text, MISSING)
    found = [each for name, each in value.items() if step.finds(name)]
    if len(found) > 1:
        raise Refused("AmbiguousFieldName", f"The field name {step.text} matches several fields of a record.")
    return found[0] if found else MISSING
