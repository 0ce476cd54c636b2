"""The parent: asks a child about file after file, and gets itself another child where one dies or dawdles."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from cumulet.engines.schema.base import Column, Hint, Schema

COMMAND = (sys.executable, "-m", "cumulet.engines.schema")
PATIENCE = 120.0  # seconds for one file


class Unreadable(Exception):
    """The child did not survive the file."""


class Reader:
    """`with Reader() as reader: reader.schema(path)`. The child ends with the block, or with this process:
    its questions stop coming."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self.patience = patience
        self.child: subprocess.Popen[str] | None = None

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None) -> None:
        self.close()

    def schema(self, path: Path, hints: Sequence[Hint] = ()) -> Schema:
        """What is in a file; `Unreadable` where asking cost a child its life."""
        answer = self._ask({"path": str(path), "hints": [written(hint) for hint in hints]})
        if not answer:
            self.close()
            raise Unreadable(f"{path.name}: the reader of schemas did not survive this file")
        body = json.loads(answer)
        body["columns"] = [Column(**column) for column in body["columns"]]
        return Schema(**body)

    def close(self) -> None:
        if self.child:
            self.child.kill()
            self.child.communicate()
            self.child = None

    def _ask(self, question: dict[str, Any]) -> str:
        child = self.child = self.child or subprocess.Popen(
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert child.stdin
        assert child.stdout
        alarm = threading.Timer(self.patience, child.kill)
        alarm.start()
        try:
            child.stdin.write(json.dumps(question) + "\n")
            child.stdin.flush()
            return child.stdout.readline()
        except BrokenPipeError:
            return ""
        finally:
            alarm.cancel()


def written(hint: Hint) -> dict[str, Any]:
    return {type(hint).__name__: asdict(hint)}
