"""A result given again: where a caller allows it, and the same question was answered not long ago.

The same question: text, parameters, catalog and database, work group, result configuration and caller (who
had access to the tables then). Like Athena, nobody looks whether the data has changed since.
https://docs.aws.amazon.com/athena/latest/ug/reusing-query-results.html
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from cumulet.services.athena.places import bucket_and_key

if TYPE_CHECKING:
    from cumulet.services.athena.running import Run

KIND, EXECUTIONS = "athena.reuse", "athena.execution"
AGE = 60  # minutes, where none are given


def question(run: Run, text: str, parameters: list[str] | None) -> str:
    body = run.body
    asked = [
        text,
        body["ExecutionParameters"] if parameters is None else parameters,
        body["QueryExecutionContext"].get("Catalog") or "AwsDataCatalog",
        run.database,
        body["WorkGroup"],
        {**body["ResultConfiguration"], "OutputLocation": body["Folder"]},
        run.service.caller.arn,
    ]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def remember(run: Run) -> None:
    """Its result is the last one of the question that it has answered."""
    if run.question:
        run.service.store.records.put(KIND, run.service.caller.scope, run.question, {"id": run.id})


def earlier(run: Run, asked: str) -> dict[str, Any] | None:
    """The execution whose result may stand for this one's."""
    wish = (run.body.get("ResultReuseConfiguration") or {}).get("ResultReuseByAgeConfiguration") or {}
    if not wish.get("Enabled"):
        return None
    records, scope = run.service.store.records, run.service.caller.scope
    last = records.get(KIND, scope, asked)
    found = records.get(EXECUTIONS, scope, last["id"]) if last else None
    if found is None or found["Status"]["State"] != "SUCCEEDED":
        return None
    age = run.service.house.clock() - found["Status"]["CompletionDateTime"]
    if age > 60 * wish.get("MaxAgeInMinutes", AGE) or not still_there(run, found):
        return None
    return dict(found)


def still_there(run: Run, found: dict[str, Any]) -> bool:
    """Whether both objects lie in S3 as that execution left them, and were not written over."""
    bucket, key = bucket_and_key(found["ResultConfiguration"]["OutputLocation"])
    files = {each.key: each for each in run.service.other("s3").files(Bucket=bucket, Prefix=key)}
    ended = found["Status"]["CompletionDateTime"]
    return all(name in files and files[name].modified <= ended for name in (key, f"{key}.metadata"))
