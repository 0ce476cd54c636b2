"""The functions that run in Python (`engines/sql/scalars.py`): digests, encodings, URLs and spellings.

https://trino.io/docs/current/functions/binary.html https://trino.io/docs/current/functions/url.html
"""

from __future__ import annotations

from cumulet.engines.sql.scalars import SCALARS
from cumulet.engines.sql.trino.functions.registry import define

FROM_DUCK = {
    "VARCHAR": "varchar",
    "BLOB": "varbinary",
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "DOUBLE": "double",
    "FLOAT": "real",
    "BOOLEAN": "boolean",
}
TYPED = {
    "parse_duration": ("interval day to second", "to_milliseconds(cumulet_parse_duration({0}))"),
    "parse_data_size": ("decimal(38,0)", "CAST(cumulet_parse_data_size({0}) AS DECIMAL(38,0))"),
    "parse_presto_data_size": ("decimal(38,0)", "CAST(cumulet_parse_presto_data_size({0}) AS DECIMAL(38,0))"),
}

for _name, (_, _parameters, _result) in SCALARS.items():
    _places = ", ".join(f"{{{place}}}" for place in range(len(_parameters)))
    _kind, _template = TYPED.get(_name, (FROM_DUCK[_result], f"cumulet_{_name}({_places})"))
    define(_name, f"{', '.join(FROM_DUCK[each] for each in _parameters)} -> {_kind}", _template)
