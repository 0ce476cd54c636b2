"""The names of all functions that are written: plain ones, aggregates and windows."""

from __future__ import annotations

from cumulet.engines.sql.trino import calls, sql_json
from cumulet.engines.sql.trino.functions.aggregates import AGGREGATES
from cumulet.engines.sql.trino.functions.registry import FUNCTIONS
from cumulet.engines.sql.trino.windows import RANKINGS

assert calls  # importing it has filled the tables
# With a grammar of their own.
SPELT = {"grouping", "listagg", *(name.lower() for name in sql_json.PARSERS)}
WRITTEN = frozenset(FUNCTIONS) | frozenset(AGGREGATES) | RANKINGS | SPELT
