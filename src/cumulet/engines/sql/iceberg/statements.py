"""The operations on Iceberg tables by name: what `Change.operation` may say. Each gives how many rows it touched."""

from __future__ import annotations

from collections.abc import Callable

from cumulet.engines.sql.iceberg import changing, definition, upkeep
from cumulet.engines.sql.iceberg.work import Work

OPERATIONS: dict[str, Callable[[Work], int]] = {
    "create": definition.create,
    "create as": definition.create_as,
    "alter": definition.alter,
    "insert": changing.insert,
    "change": changing.change,
    "optimize": upkeep.optimize,
    "vacuum": upkeep.vacuum,
    "expire": upkeep.expire,
    "orphans": upkeep.orphans,
}
