"""The child: a line of JSON in for each file, a line of JSON out."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cumulet.engines.schema.base import HINTS, Hint
from cumulet.engines.schema.detect import schema


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        found = schema(Path(asked["path"]), [as_hint(hint) for hint in asked["hints"]])
        sys.stdout.write(json.dumps(asdict(found)) + "\n")
        sys.stdout.flush()


def as_hint(hint: dict[str, dict[str, Any]]) -> Hint:
    ((kind, said),) = hint.items()
    found: Hint = HINTS[kind](**said)
    return found


if __name__ == "__main__":
    main()
