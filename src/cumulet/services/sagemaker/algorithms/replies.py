"""Requests and answers of models whose records are vectors, in the formats that SageMaker's algorithms share.

https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from . import recordio, tables
from .errors import BadRequest, ClientError
from .tables import CSV, JSON, JSONLINES, LIBSVM, RECORDIO, Table

Headers = dict[str, str]
Answer = tuple[int, Headers, bytes]
Row = dict[str, Any]  # what is said of one record

ANY = ("", "*/*")


def answering(predict: Callable[[Table, Headers], list[Row]], top: str) -> Callable[[bytes, Headers], Answer]:
    """The handler of a model: `predict` says what is to be said of each record, `top` is what JSON calls all."""

    def answer(body: bytes, headers: Headers) -> Answer:
        try:
            table = parsed(body, headers.get("content-type", ""))
            kind = accepted(headers.get("accept", ""), JSON)
            return 200, {"content-type": kind}, encoded(predict(table, headers), kind, top)
        except ClientError as error:
            return refusal(BadRequest(400, str(error)))
        except BadRequest as error:
            return refusal(error)

    return answer


def refusal(error: BadRequest) -> Answer:
    return error.status, {"content-type": "text/plain"}, str(error).encode()


def accepted(accept: str, default: str, kinds: tuple[str, ...] = (JSON, JSONLINES, RECORDIO, CSV)) -> str:
    """The format of the answer: the first that is asked for, or the model's own."""
    for wanted in accept.split(","):
        kind, _ = tables.media(wanted)
        if kind in ANY:
            return tables.media(os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", default))[0]
        if kind in kinds:
            return kind
    raise BadRequest(406, f"Accept type {accept} is not supported: one of {', '.join(kinds)} is.")


def parsed(body: bytes, content_type: str) -> Table:
    kind, parameters = tables.media(content_type or CSV)
    readers: dict[str, Callable[[], Table]] = {
        CSV: lambda: tables.split(tables.csv_matrix(body), int(parameters.get("label_size", 0))),
        LIBSVM: lambda: tables.libsvm(body),
        RECORDIO: lambda: tables.recordio_table(body),
        JSON: lambda: _instances(_loaded(body)),
        JSONLINES: lambda: Table(
            tables.matrix_of([_features(_loaded(line)) for line in body.split(b"\n") if line])
        ),
    }
    if kind not in readers:
        known = ", ".join(readers)
        raise BadRequest(415, f"Content type {content_type} is not supported: this model reads {known}.")
    if not body.strip():
        raise BadRequest(400, "The request has no records.")
    return readers[kind]()


def _loaded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise BadRequest(400, f"The body is not JSON: {error}") from None


def _instances(given: Any) -> Table:
    if not isinstance(given, dict) or not isinstance(given.get("instances"), list):
        raise BadRequest(400, 'The JSON has to be {"instances": [{"features": [...]}, ...]}.')
    return Table(tables.matrix_of([_features(instance) for instance in given["instances"]]))


def _features(instance: Any) -> recordio.Tensor:
    """{"features": [...]} or {"data": {"features": {"values", "keys", "shape"}}}"""
    try:
        found = instance["data"]["features"] if "data" in instance else instance["features"]
        if isinstance(found, dict):
            keys, shape = found.get("keys"), found.get("shape")
            return recordio.Tensor(
                np.asarray(found["values"], np.float32),
                None if keys is None else np.asarray(keys, np.int64),
                None if shape is None else np.asarray(shape, np.int64),
            )
        return recordio.Tensor(np.asarray(found, np.float32))
    except (KeyError, TypeError, ValueError):
        raise BadRequest(
            400, f"An instance has no features that are numbers: {str(instance)[:100]}"
        ) from None


def encoded(rows: list[Row], kind: str, top: str) -> bytes:
    if kind == JSON:
        return json.dumps({top: rows}).encode()
    if kind == JSONLINES:
        return b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    if kind == CSV:
        return b"".join(",".join(map(str, _flat(row))).encode() + b"\n" for row in rows)
    return recordio.write(recordio.Record(label=_tensors(row)) for row in rows)


def _flat(row: Row) -> list[Any]:
    return [one for value in row.values() for one in (value if isinstance(value, list) else [value])]


def _tensors(row: Row) -> dict[str, recordio.Tensor]:
    return {
        name: recordio.Tensor(np.atleast_1d(np.asarray(value, np.float32))) for name, value in row.items()
    }
