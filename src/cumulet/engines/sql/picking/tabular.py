"""Records that are rows: how a path finds its field by name or by number."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from cumulet.engines.sql.picking.base import Names, Refused
from cumulet.engines.sql.picking.statement import Every, Name, Path, Statement, Step
from cumulet.engines.sql.picking.values import MISSING

NUMBERED = re.compile(r"_(\d+)")
COLUMNS = 10_000


def check_source(steps: tuple[Step, ...]) -> None:
    if not all(isinstance(step, Every) for step in steps) or len(steps) > 1:
        raise Refused("InvalidDataSource", "Rows hold no paths: the data source is S3Object.")


def column(path: Path, statement: Statement, names: Names) -> int:
    """Which field is meant, from 0 on."""
    name = field_name(path, statement)
    found = [number for number, each in enumerate(names.fields) if name.finds(each)]
    if len(found) > 1:
        exact = [number for number in found if names.fields[number] == name.text]
        if len(exact) != 1:
            raise Refused(
                "AmbiguousFieldName", f"The field name {name.text} matches several fields of the file."
            )
        return exact[0]
    if found:
        return found[0]
    numbered = NUMBERED.fullmatch(name.text)
    if numbered is None:
        message = f"Some headers in the query are missing from the file ({name.text}). Check the file and try again."
        raise Refused("MissingHeaders", message)
    if not 0 < int(numbered[1]) <= COLUMNS:
        raise Refused("InvalidColumnIndex", f"The column index {name.text} is invalid.")
    return int(numbered[1]) - 1


def field_name(path: Path, statement: Statement) -> Name:
    """A path's one name, behind that of the table."""
    steps = [step for step in path.steps if not isinstance(step, Every)]
    if len(steps) > 1 and isinstance(steps[0], Name) and statement.alias.finds(steps[0].text):
        steps = steps[1:]
    if len(steps) != 1 or not isinstance(steps[0], Name):
        raise Refused("InvalidKeyPath", "Rows hold no paths: name one field.")
    return steps[0]


def picked(number: int, make: Callable[[Any], Any] | None = None) -> Callable[[Any], Any]:
    """The field of a row; a row may be shorter than others."""
    if make is None:
        return lambda row: row[number] if number < len(row) else MISSING
    return lambda row: make(row[number]) if number < len(row) else MISSING


def labelled(names: Names, row: Any) -> list[str]:
    """What the fields of a row are called."""
    return [*names.fields[: len(row)], *(f"_{number + 1}" for number in range(len(names.fields), len(row)))]
