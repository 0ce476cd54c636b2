"""Which types can be cast to which, and the words of a cast that fails.

https://trino.io/docs/current/functions/conversion.html
"""

from cumulet.engines.sql.trino.casting import (
    from_json,  # noqa: F401 - registers its casts
    moments,  # noqa: F401
    nested,  # noqa: F401
    numbers,  # noqa: F401
    texts,  # noqa: F401
    to_json,  # noqa: F401
)
from cumulet.engines.sql.trino.casting.base import cast_sql, cast_value

__all__ = ["cast_sql", "cast_value"]
