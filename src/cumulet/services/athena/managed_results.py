"""Results that a work group keeps itself, outside any bucket, for a day.

An execution of such a work group has an output location with a scheme of its own, which is never shown.
https://docs.aws.amazon.com/athena/latest/ug/managed-results.html
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cumulet.services.athena.engine import workspace
from cumulet.services.athena.refusals import invalid

if TYPE_CHECKING:
    from cumulet.house import House

FOLDER = "managed://results"
DAY = 86400.0
MEMBER = "ManagedQueryResultsConfiguration"


def managed(location: str) -> bool:
    return location.startswith(FOLDER)


def enabled(configuration: dict[str, Any]) -> bool:
    """Whether a work group keeps its results itself."""
    return bool((configuration.get(MEMBER) or {}).get("Enabled"))


def check_request(given: dict[str, Any]) -> None:
    """What a query in such a work group cannot ask for."""
    if given["ResultConfiguration"].get("OutputLocation"):
        raise invalid(
            f"WorkGroup {given['WorkGroup']} has managed query results: an OutputLocation cannot be given"
        )
    if (given["ResultReuseConfiguration"].get("ResultReuseByAgeConfiguration") or {}).get("Enabled"):
        raise invalid("Query result reuse is not supported with managed query results")


def check_configuration(configuration: dict[str, Any]) -> None:
    if enabled(configuration) and (configuration.get("ResultConfiguration") or {}).get("OutputLocation"):
        raise invalid("A work group has either an OutputLocation or managed query results, not both")


def keep(house: House, location: str, body: Path | bytes) -> None:
    """Keep a file (which is taken over) or bytes as a result; what is older than a day goes."""
    path = place(house, location)
    path.parent.mkdir(parents=True, exist_ok=True)
    discard_old(path.parent, house.clock() - DAY)
    if isinstance(body, Path):
        body.replace(path)
    else:
        path.write_bytes(body)
    with path.open("rb") as file:
        os.fsync(file.fileno())


def discard_old(folder: Path, before: float) -> None:
    for path in folder.iterdir():
        if path.stat().st_mtime < before:
            path.unlink(missing_ok=True)


def found(house: House, location: str, ended: float) -> Path:
    path = place(house, location)
    if house.clock() - ended > DAY or not path.exists():
        raise invalid("The query results have expired: managed query results are kept for 24 hours")
    return path


def place(house: House, location: str) -> Path:
    return workspace(house) / "results" / location.rpartition("/")[2]
