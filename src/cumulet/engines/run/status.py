"""How a run ended, on disk for good. Standard library only: the supervisor writes it too."""
# pathlib takes longer to import than this whole program to start.
# ruff: noqa: PTH104, PTH123

from __future__ import annotations

import json
import os

TYPE_CHECKING = False  # `typing` would take too long to import
if TYPE_CHECKING:
    from typing import Any


def write(folder: str, status: dict[str, Any]) -> None:
    """Whole or not at all, and still there after a power cut."""
    new, final = f"{folder}/status.json.new", f"{folder}/status.json"
    with open(new, "w") as file:
        json.dump(status, file)
        file.flush()
        os.fsync(file.fileno())
    os.rename(new, final)
    directory = os.open(folder, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


def read(folder: str) -> dict[str, Any] | None:
    try:
        with open(f"{folder}/status.json") as file:
            return dict(json.load(file))
    except FileNotFoundError:
        return None
