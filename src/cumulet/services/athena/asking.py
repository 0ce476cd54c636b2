"""Questions and wishes of other services of this house, done at once: no query execution is kept of them."""

from __future__ import annotations

import csv
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cumulet.engines.sql.base import Cancelled, Change, Output, Query, SqlError
from cumulet.services import Service
from cumulet.services.athena.engine import engine, workspace
from cumulet.services.athena.lake import Lake
from cumulet.services.athena.runs import explained
from cumulet.wire.errors import AwsError


class Asking(Service):
    """What runs can be cut off by its key: then it ends in `TimeoutError`."""

    def rows(self, Database: str, Text: str, Key: str) -> list[list[str]]:
        """The rows of a query as Athena prints them, NULL as an empty text."""
        with self._asked(Key) as folder:
            query = Query(Text, Database, Output(folder), now=self.house.clock())
            engine(self.house).run(query, Lake(self), Key)
            with (folder / "result.csv").open(newline="") as file:
                return list(csv.reader(file))[1:]

    def tend(
        self, Database: str, Table: str, Operation: str, Arguments: dict[str, Any], Key: str
    ) -> dict[str, int]:
        """Let the engine make an Iceberg table or look after one; what became of files, by their kind."""
        with self._asked(Key) as folder:
            now = self.house.clock()
            change = Change(
                Operation, Database, Table, folder, session=Database, arguments=Arguments, now=now
            )
            return engine(self.house).change(change, Lake(self), Key).counts

    def cut_off(self, Key: str) -> None:
        """End what runs, or waits, under a key."""
        engine(self.house).cancel(Key)

    @contextmanager
    def _asked(self, key: str) -> Iterator[Path]:
        folder = workspace(self.house) / "runs" / f"asked-{uuid.uuid4()}"
        folder.mkdir(parents=True)
        try:
            yield folder
        except SqlError as error:
            raise AwsError("InvalidRequestException", explained(error)[0]) from None
        except Cancelled:
            raise TimeoutError(f"The question {key} was cut off.") from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)
