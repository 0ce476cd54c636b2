"""Geospatial functions, which run in Python (`engines/sql/geometry.py`).

https://trino.io/docs/current/functions/geospatial.html
"""

from __future__ import annotations

from cumulet.engines.sql.geometry import AGGREGATED, GEOMETRY
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.functions.aggregates import Aggregation, aggregate, entries
from cumulet.engines.sql.trino.functions.registry import define
from cumulet.engines.sql.trino.typed import Typed

for _name, _forms in GEOMETRY.items():
    for _number, (_, _parameters, _result) in enumerate(_forms):
        _places = ", ".join(f"{{{place}}}" for place in range(len(_parameters)))
        _call = f"cumulet_{_name}_{_number}({_places})"
        if _result == "tinyint":
            _call = f"CAST({_call} AS TINYINT)"
        define(_name, f"{', '.join(_parameters)} -> {_result}", _call)


@aggregate(*AGGREGATED)
def aggregated(of: Aggregation) -> Typed:
    value = of.one()
    if value.type != t.GEOMETRY:
        raise of.call.unexpected([value])
    return Typed(f"cumulet_{of.call.name}({entries(of, value.sql, f'{value.sql} IS NOT NULL')})", t.GEOMETRY)
