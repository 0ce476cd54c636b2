"""The table of Athena's functions: each of Trino's reference, right with the example that proves it, or refused.

Part of `docs/generate.py`. Nothing is called right here that `tests/engines/sql/documented.py` has no value for.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from cumulet.engines.sql.trino.known import NAMES, NOTES, WHY
from cumulet.engines.sql.trino.written import WRITTEN

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = "tests/engines/sql/documented.py"
PLACE = ROOT / "docs" / "services" / "athena-functions.md"
REFERENCE = "https://trino.io/docs/current/functions"


def examples() -> dict[str, tuple[str, str | None]]:
    """The shortest example of each function."""
    held: dict[str, Any] = runpy.run_path(str(ROOT / EXAMPLES))
    cases = list(held["CASES"])
    for more in (ROOT / EXAMPLES).parent.glob("worked_*.py"):
        cases += runpy.run_path(str(more))["EXAMPLES"]
    found: dict[str, tuple[str, str | None]] = {}
    for expression, value in sorted(cases, key=lambda case: (len(case[0]), case[0])):
        for name in held["called"](expression):
            found.setdefault(name, (expression, value))
    return found


def code(text: str) -> str:
    return "`" + text.replace("|", "\\|").replace("`", "'") + "`"


def row(page: str, name: str, shown: dict[str, tuple[str, str | None]]) -> str:
    if name not in WRITTEN:
        return f"| {name} | refused | {WHY.get(name) or WHY.get(page) or 'not written yet'} |"
    expression, value = shown[name]
    note = f"; {NOTES[name]}" if name in NOTES else ""
    return f"| {name} | right | {code(expression)} is {code('NULL' if value is None else value)}{note} |"


def page() -> str:
    shown = examples()
    names = [name for names in NAMES.values() for name in names]
    right = sum(name in WRITTEN for name in names)
    parts = [
        "# Athena's functions",
        f"{right} of the {len(names)} functions of Trino's reference are right: each gives the value that the "
        f"reference or plain arithmetic says, in the examples of `{EXAMPLES}` and beside it, which the tests run "
        "(one of them stands in the row). The others are refused by name; none is guessed. An argument that a "
        "function that is right cannot take is refused too.",
    ]
    for title, held in NAMES.items():
        rows = "\n".join(row(title, name, shown) for name in held)
        parts.append(f"## [{title}]({REFERENCE}/{title}.html)\n\n| function | | |\n|---|---|---|\n{rows}")
    return "\n\n".join(parts) + "\n"
