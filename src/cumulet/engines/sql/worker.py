"""The child process: `python -m cumulet.engines.sql.worker FOLDER MEMORY THREADS`, spoken to over its pipes.

It imports the heavy libraries, so the server need not. When the server goes, its pipe closes and the
worker ends at once, whatever it is doing.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from cumulet.engines.sql import frames
from cumulet.engines.sql.base import Cancelled, Change, Column, File, Output, Query, SqlError, Table
from cumulet.engines.sql.execution import Session


class Asking:
    """The catalog, as the server answers for it."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def databases(self) -> list[str]:
        return list(self.worker.ask("databases"))

    def tables(self, database: str) -> list[Table]:
        return tables_of(self.worker.ask("tables", database))

    def table(self, database: str, name: str) -> Table | None:
        return table_of(self.worker.ask("table", database, name))

    def files(self, database: str, name: str, predicate: list[dict[str, Any]]) -> list[File]:
        return files_of(self.worker.ask("files", database, name, predicate))

    def partitions(self, database: str, name: str, predicate: list[dict[str, Any]]) -> list[list[str]]:
        return list(self.worker.ask("partitions", database, name, predicate))

    def several(self, questions: list[tuple[str, tuple[Any, ...]]]) -> list[Any]:
        answers = self.worker.ask("several", questions)
        return [READ.get(what, list)(found) for (what, _), found in zip(questions, answers, strict=True)]

    def open(self, location: str) -> str | None:
        found: str | None = self.worker.ask("open", location)
        return found

    def keep(self, location: str, path: str) -> None:
        self.worker.ask("keep", location, path)

    def discard(self, locations: list[str]) -> None:
        if locations:
            self.worker.ask("discard", locations)

    def under(self, location: str) -> list[tuple[str, float]]:
        return [(name, modified) for name, modified in self.worker.ask("under", location)]

    def metadata_location(self, database: str, name: str) -> str | None:
        found: str | None = self.worker.ask("metadata_location", database, name)
        return found

    def commit(self, database: str, name: str, before: str, after: str, shown: dict[str, Any]) -> None:
        self.worker.ask("commit", database, name, before, after, shown)


def table_of(given: dict[str, Any] | None) -> Table | None:
    if given is None:
        return None
    columns, keys = ([Column(**c) for c in given[part]] for part in ("columns", "keys"))
    return Table(**{**given, "columns": columns, "keys": keys})


def tables_of(given: list[dict[str, Any]]) -> list[Table]:
    return [found for each in given if (found := table_of(each))]


def files_of(given: list[dict[str, Any]]) -> list[File]:
    return [File(**each) for each in given]


READ: dict[str, Callable[[Any], Any]] = {"table": table_of, "tables": tables_of, "files": files_of}


class Worker:
    """The loop: one request at a time; a request to cancel is heard in between."""

    def __init__(self, session: Session, memory: str, threads: int) -> None:
        self.session = session
        self.limits = memory, threads
        self.columns: duckdb.DuckDBPyConnection | None = None  # for questions about one file
        self.input, self.output = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)  # whatever a library prints must not get between the frames
        self.messages: queue.SimpleQueue[frames.Message] = queue.SimpleQueue()
        self.cancelled = threading.Event()
        self.asking = threading.Lock()  # pyiceberg writes manifests in threads of its own

    def listen(self) -> None:
        while (message := frames.read(self.input)) is not None:
            if message.get("do") == "cancel":
                self.cancelled.set()
                self.session.interrupt()
            else:
                self.messages.put(message)
        os._exit(0)

    def serve(self) -> None:
        threading.Thread(target=self.listen, daemon=True).start()
        while True:
            message = self.messages.get()
            frames.write(self.output, self._answer(message))

    def ask(self, what: str, *arguments: Any) -> Any:
        if self.cancelled.is_set():
            raise Cancelled
        with self.asking:
            frames.write(self.output, {"ask": what, "arguments": arguments})
            answer = self.messages.get()
        if "error" in answer:
            raise SqlError(**answer["error"])
        return answer["answer"]

    def _answer(self, message: frames.Message) -> frames.Message:
        self.cancelled.clear()
        try:
            return {"done": self._do(message)}
        except Cancelled:
            return {"cancelled": True}
        except SqlError as error:
            return {"error": {"name": error.name, "message": error.message, "kind": error.kind}}
        except Exception as error:
            sys.excepthook(type(error), error, error.__traceback__)
            return {
                "error": {
                    "name": "GENERIC_INTERNAL_ERROR",
                    "message": f"{type(error).__name__}: {error}",
                    "kind": "system",
                }
            }

    def _do(self, message: frames.Message) -> Any:
        if message["do"] == "check":
            return self.session.check(message["text"], change=message["change"])
        self.session.limit(message["memory"])
        if message["do"] == "change":
            given = message["change"]
            change = Change(**{**given, "folder": Path(given["folder"])})
            return asdict(self.session.change(change, Asking(self)))
        if message["do"] == "pick":
            return self._picked(message["question"])
        given = message["query"]
        output = Output(
            Path(given["output"]["folder"]), given["output"]["format"], given["output"]["options"]
        )
        query = Query(**{**given, "output": output})
        outcome = self.session.run(query, Asking(self))
        return asdict(outcome)

    def _picked(self, given: dict[str, Any]) -> dict[str, int]:
        """The answer to a question about one file: how much was read for it and written, also on the way."""
        from cumulet.engines.sql.picking.base import Question, Refused, Tally
        from cumulet.engines.sql.picking.columns import connected
        from cumulet.engines.sql.picking.running import answer

        def tell(tally: Tally) -> None:
            if self.cancelled.is_set():
                raise Cancelled
            frames.write(self.output, {"told": asdict(tally)})

        self.columns = self.columns or connected(*self.limits)
        try:
            return asdict(answer(Question.of(given), self.columns, tell))
        except Refused as error:
            raise SqlError(error.code, error.message, "question") from None


def main() -> None:
    folder, memory, threads = sys.argv[1:]
    Worker(Session(Path(folder), memory, int(threads)), memory, int(threads)).serve()


if __name__ == "__main__":
    main()
