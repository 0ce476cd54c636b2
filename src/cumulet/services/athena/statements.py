"""What a statement is: a query, a query that writes, DDL or a utility; and the query inside it.

The engine is given queries only. The text before a query is blanked, not cut, so that the places in error
messages are those of the whole statement.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cumulet.services.athena.lexer import Words
from cumulet.services.athena.refusals import malformed

QUERIES = ("SELECT", "WITH", "VALUES", "TABLE", "(")
DDL = ("CREATE", "DROP", "ALTER", "MSCK", "SHOW", "DESCRIBE", "DESC")
EXPECTED = (
    "{'(', 'SELECT', 'DESC', 'WITH', 'VALUES', 'CREATE', 'INSERT', 'DELETE', "
    "'DESCRIBE', 'EXPLAIN', 'EXECUTE', 'SHOW', "
)
EXPECTED += (
    "'MERGE', 'DROP', 'ALTER', 'MSCK', 'PREPARE', 'DEALLOCATE', 'UNLOAD', "
    "'OPTIMIZE', 'VACUUM', 'UPDATE', 'TABLE'}"
)


@dataclass(frozen=True, slots=True)
class Statement:
    """`kind` is Athena's SubstatementType, `type` its StatementType. `query` is the engine's part, if any."""

    kind: str
    type: str
    query: str = ""
    target: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    properties: dict[str, Any] = field(default_factory=dict)
    location: str = ""
    flag: bool = False  # OR REPLACE, IF NOT EXISTS, WITH NO DATA: whichever the kind has


def read(text: str) -> Statement:
    """Take a statement apart; refused where no statement begins like this."""
    words = Words(text)
    first = words.peek().upper
    if first in QUERIES:
        return Statement("SELECT", "DML", text)
    readers = {
        "INSERT": insert,
        "CREATE": create,
        "UNLOAD": unload,
        "EXPLAIN": explain,
        "PREPARE": prepare,
        "EXECUTE": execute,
        "DEALLOCATE": deallocate,
        "USING": using,
        "UPDATE": update,
        "DELETE": delete,
        "MERGE": merge,
        "OPTIMIZE": optimize,
        "VACUUM": vacuum,
    }
    if first in readers:
        return readers[first](words)
    if first in DDL:
        return Statement(kind_of(words), "UTILITY" if first in ("SHOW", "DESCRIBE", "DESC") else "DDL")
    raise words.unexpected(EXPECTED)


def kind_of(words: Words) -> str:
    """SHOW_TABLES, DROP_TABLE, ALTER_TABLE ...: the first two words, less what lies between."""
    first, rest = words.peek(0).upper, [words.peek(i).upper for i in range(1, 4)]
    if first in ("DESCRIBE", "DESC"):
        return "DESCRIBE_TABLE"
    if first == "MSCK":
        return "MSCK_REPAIR_TABLE"
    known = [
        each
        for each in rest
        if each
        in (
            "DATABASE",
            "SCHEMA",
            "TABLE",
            "VIEW",
            "TABLES",
            "DATABASES",
            "SCHEMAS",
            "COLUMNS",
            "PARTITIONS",
            "VIEWS",
            "TBLPROPERTIES",
        )
    ]
    word = {"SCHEMA": "DATABASE", "SCHEMAS": "DATABASES"}.get(known[0], known[0]) if known else ""
    if first == "SHOW" and rest[0] == "CREATE":
        return f"SHOW_CREATE_{word}"
    return f"{first}_{word}".rstrip("_")


def blanked(words: Words, start: int, end: int | None = None) -> str:
    """The part of the text from a place on, at its own place."""
    before = "".join(c if c == "\n" else " " for c in words.text[:start])
    return before + words.text[start : len(words.text) if end is None else end]


def insert(words: Words) -> Statement:
    words.expect("INSERT", "INTO")
    target = words.dotted()
    columns: list[str] = []
    if words.peek().text == "(" and words.peek(1).upper not in QUERIES:
        words.expect("(")
        columns = [words.name()]
        while words.take(","):
            columns.append(words.name())
        words.expect(")")
    if words.peek().upper not in QUERIES:
        raise words.unexpected("'SELECT', 'VALUES', 'WITH'")
    return Statement("INSERT", "DML", blanked(words, words.peek().start), target, columns)


def create(words: Words) -> Statement:
    """CREATE TABLE ... AS and CREATE VIEW hold a query; the rest is DDL."""
    at = words.at
    words.expect("CREATE")
    replace = words.take("OR", "REPLACE")
    if words.take("VIEW"):
        target = words.dotted()
        columns = view_columns(words)
        words.expect("AS")
        return Statement(
            "CREATE_VIEW", "DDL", blanked(words, words.peek().start), target, columns, flag=replace
        )
    words.at = at
    return created_table(words) or Statement(kind_of(words), "DDL")


def view_columns(words: Words) -> list[str]:
    if words.peek().text != "(":
        return []
    words.expect("(")
    found = [words.name()]
    while words.take(","):
        found.append(words.name())
    words.expect(")")
    return found


def created_table(words: Words) -> Statement | None:
    """CREATE TABLE [IF NOT EXISTS] name [WITH (...)] AS query [WITH [NO] DATA]."""
    at = words.at
    words.expect("CREATE")
    if words.take("TABLE"):
        exists = words.take("IF", "NOT", "EXISTS")
        target = words.dotted()
        properties = assignments(words) if words.take("WITH") else {}
        if words.take("AS"):
            start = words.peek().start
            end, without = no_data(words)
            properties["if_not_exists"] = exists
            return Statement(
                "CREATE_TABLE_AS_SELECT",
                "DDL",
                blanked(words, start, end),
                target,
                [],
                properties,
                flag=without,
            )
        if properties:
            raise words.unexpected("'AS'")
    words.at = at
    return None


def no_data(words: Words) -> tuple[int, bool]:
    """Where the query ends, and whether it shall not be run."""
    tail = [each.upper for each in words.words[-3:]]
    if tail == ["WITH", "NO", "DATA"]:
        return words.words[-3].start, True
    if tail[-2:] == ["WITH", "DATA"]:
        return words.words[-2].start, False
    return words.words[-1].end, False


def assignments(words: Words) -> dict[str, Any]:
    """(name = 'text', name = ARRAY['a', 'b'], name = 3)."""
    words.expect("(")
    found: dict[str, Any] = {}
    while True:
        name = words.name()
        words.expect("=")
        found[name] = literal(words)
        if not words.take(","):
            break
    words.expect(")")
    return found


def literal(words: Words) -> Any:
    if words.take("ARRAY"):
        words.expect("[")
        items = [words.string()] if words.peek().text != "]" else []
        while words.take(","):
            items.append(words.string())
        words.expect("]")
        return items
    if words.peek().kind == "number":
        return int(words.next().text)
    if words.peek().upper in ("TRUE", "FALSE"):
        return words.next().upper == "TRUE"
    return words.string()


def unload(words: Words) -> Statement:
    words.expect("UNLOAD")
    start = words.peek().end
    words.bracket()
    end = words.words[words.at - 1].start
    words.expect("TO")
    location = words.string()
    properties = assignments(words) if words.take("WITH") else {}
    words.end()
    return Statement("UNLOAD", "DML", blanked(words, start, end), properties=properties, location=location)


def explain(words: Words) -> Statement:
    words.expect("EXPLAIN")
    analyze = words.take("ANALYZE")
    options = (
        words.bracket() if words.peek().text == "(" and words.peek(1).upper in ("FORMAT", "TYPE") else ""
    )
    if words.peek().upper not in QUERIES:
        raise words.unexpected("'SELECT'")
    return Statement(
        "EXPLAIN",
        "UTILITY",
        blanked(words, words.peek().start),
        properties={"options": options},
        flag=analyze,
    )


def prepare(words: Words) -> Statement:
    words.expect("PREPARE")
    name = words.name()
    words.expect("FROM")
    return Statement("PREPARE", "UTILITY", words.text[words.peek().start :], [name])


def execute(words: Words) -> Statement:
    """EXECUTE name [USING value, ...]: `columns` are the values' texts."""
    words.expect("EXECUTE")
    name = words.name()
    values: list[str] = []
    if words.take("USING"):
        values = listed(words)
    words.end()
    return Statement("EXECUTE", "DML", "", [name], values)


def listed(words: Words) -> list[str]:
    """The texts between the commas outside brackets, to the end."""
    found, depth, start = [], 0, words.peek().start
    while words.left:
        each = words.next()
        depth += {"(": 1, ")": -1, "[": 1, "]": -1}.get(each.text, 0)
        if each.text == "," and not depth:
            found.append(words.text[start : each.start].strip())
            start = each.end
    return [*found, words.text[start : words.words[-1].end].strip()]


def deallocate(words: Words) -> Statement:
    words.expect("DEALLOCATE", "PREPARE")
    name = words.name()
    words.end()
    return Statement("DEALLOCATE", "UTILITY", "", [name])


def update(words: Words) -> Statement:
    words.expect("UPDATE")
    return Statement("UPDATE", "DML", words.text, words.dotted())


def delete(words: Words) -> Statement:
    words.expect("DELETE", "FROM")
    return Statement("DELETE", "DML", words.text, words.dotted())


def merge(words: Words) -> Statement:
    words.expect("MERGE", "INTO")
    return Statement("MERGE", "DML", words.text, words.dotted())


def optimize(words: Words) -> Statement:
    """OPTIMIZE table REWRITE DATA USING BIN_PACK [WHERE condition]."""
    words.expect("OPTIMIZE")
    target = words.dotted()
    words.expect("REWRITE", "DATA", "USING", "BIN_PACK")
    where = ""
    if words.left:
        words.expect("WHERE")
        where = words.text[words.peek().start : words.words[-1].end]
    return Statement("OPTIMIZE", "DDL", target=target, properties={"where": where})


def vacuum(words: Words) -> Statement:
    words.expect("VACUUM")
    target = words.dotted()
    words.end()
    return Statement("VACUUM", "DDL", target=target)


def using(words: Words) -> Statement:
    raise malformed(
        "line 1:1: 'USING EXTERNAL FUNCTION' is not supported by Cumulet: user defined functions need Lambda"
    )
