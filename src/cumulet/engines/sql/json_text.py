"""JSON's text where DuckDB loses it: the order of keys, and digits as they were written.

Vectors of strings in, vectors of strings out, by Python: slow beside DuckDB, so called for nothing else.
"""

from __future__ import annotations

import json
import re
from typing import Any


class Written(float):
    """A number that remembers how it was written."""

    text: str

    def __new__(cls, text: str) -> Written:
        made = super().__new__(cls, text)
        made.text = text
        return made


def canonical(texts: Any) -> Any:
    """json_parse: no blanks, keys in order, numbers as Java prints them."""
    import pyarrow as pa

    return pa.array([None if t is None else spelt(json.loads(t)) for t in texts.to_pylist()], pa.string())


def spelt(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{spelt(key)}:{spelt(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spelt, value)) + "]"
    if isinstance(value, float):
        return java_double(value)
    return json.dumps(value, ensure_ascii=False)


def java_double(value: float) -> str:
    """Double.toString: plain between 1e-3 and 1e7, else with an exponent."""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value) if "e" not in repr(value) else format(value, "f")
    mantissa, _, exponent = format(
        value, f".{max(len(repr(abs(value)).split('e')[0].replace('.', '').strip('0')) - 1, 1)}e"
    ).partition("e")
    mantissa = mantissa.rstrip("0")
    return f"{mantissa}{'0' if mantissa.endswith('.') else ''}E{int(exponent)}"


def number(texts: Any, paths: Any) -> Any:
    """json_extract_scalar of a fraction: 1.50 stays 1.50. A path is a JSON pointer."""
    found = []
    for text, path in zip(texts.to_pylist(), paths.to_pylist(), strict=True):
        found.append(None if text is None else written(json.loads(text, parse_float=Written), path))
    import pyarrow as pa

    return pa.array(found, pa.string())


def written(value: Any, path: str) -> str | None:
    for step in path.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value.text if isinstance(value, Written) else None


STEP = re.compile(r"""\.([\w:\-]+)|\[([\w\-]+)\]|\["((?:[^"\\]|\\["\\])*)"\]""")


def pointer(path: str) -> str:
    """`$.a["b c"][0]` as a JSON pointer, which like Trino takes a number for an array's place or a key."""
    at, out = 1, ""
    while at < max(len(path), 2 * (path != "$")):
        found = STEP.match(path, at) if path.startswith("$") else None
        if found is None:
            raise ValueError(f"trino:INVALID_FUNCTION_ARGUMENT:Invalid JSON path: '{path}':trino")
        out += "/" + pointed(found)
        at = found.end()
    return out


def pointed(step: re.Match[str]) -> str:
    name = step[1] or step[2] or re.sub(r"\\(.)", r"\1", step[3])
    if not name or name == "-" or re.fullmatch(r"0\d+", name):
        raise ValueError(f"trino:NOT_SUPPORTED:the step {step[0]} of a JSON path:trino")
    return name.replace("~", "~0").replace("/", "~1")


def register(connection: Any) -> None:
    connection.create_function("cumulet_json", canonical, ["VARCHAR"], "VARCHAR", type="arrow")
    connection.create_function("cumulet_json_number", number, ["VARCHAR", "VARCHAR"], "VARCHAR", type="arrow")
