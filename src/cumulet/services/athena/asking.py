"""Questions of other services of this house, answered at once: no query execution is kept of them."""

from __future__ import annotations

import csv
import shutil
import uuid

from cumulet.engines.sql.base import Cancelled, Output, Query, SqlError
from cumulet.services import Service
from cumulet.services.athena.engine import engine, workspace
from cumulet.services.athena.lake import Lake
from cumulet.services.athena.runs import explained
from cumulet.wire.errors import AwsError


class Asking(Service):
    def rows(self, Database: str, Text: str, Key: str) -> list[list[str]]:
        """The rows of a query as Athena prints them, NULL as an empty text. It can be cut off by its key:
        then it ends in `TimeoutError`."""
        folder = workspace(self.house) / "runs" / f"asked-{uuid.uuid4()}"
        folder.mkdir(parents=True)
        query = Query(Text, Database, Output(folder), now=self.house.clock())
        try:
            engine(self.house).run(query, Lake(self), Key)
            with (folder / "result.csv").open(newline="") as file:
                return list(csv.reader(file))[1:]
        except SqlError as error:
            raise AwsError("InvalidRequestException", explained(error)[0]) from None
        except Cancelled:
            raise TimeoutError(f"The question {Key} was cut off.") from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def cut_off(self, Key: str) -> None:
        """End what runs, or waits, under a key."""
        engine(self.house).cancel(Key)
