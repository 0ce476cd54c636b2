"""DataProcessing: which part of a record the model gets, and what of it goes beside the model's answer.

https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html
"""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cumulet.services.sagemaker.transform_paths import NotThere, Path, parse

CSV = "text/csv"
FORMATS = (CSV, "application/json", "application/jsonlines")
OUTPUT, INPUT = "SageMakerOutput", "SageMakerInput"
ID, TIME = "SageMakerInferenceId", "SageMakerInferenceTime"


class CannotJoin(Exception):
    """A record, or the model's answer to it, is not of a kind that can be filtered or joined."""


@dataclass(frozen=True, slots=True)
class Joining:
    """What a request asks for; `plain` where that is nothing."""

    content_type: str
    accept: str
    input_filter: Path
    output_filter: Path
    join: bool
    identify: bool
    clock: Callable[[], float]

    @classmethod
    def of(cls, request: dict[str, Any], clock: Callable[[], float]) -> Joining:
        asked, given = request.get("DataProcessing", {}), request["TransformInput"]
        content_type = media(given.get("ContentType", ""))
        return cls(
            content_type=content_type,
            accept=media(request["TransformOutput"].get("Accept", "")) or content_type,
            input_filter=parse(asked.get("InputFilter") or "$"),
            output_filter=parse(asked.get("OutputFilter") or "$"),
            join=asked.get("JoinSource") == "Input",
            identify=bool(request.get("DataCaptureConfig", {}).get("GenerateInferenceId")),
            clock=clock,
        )

    @property
    def plain(self) -> bool:
        """Whether answers are stored as they come."""
        return self.output_filter.whole and not self.join and not self.identify

    def sent(self, record: bytes) -> bytes:
        """What of a record goes to the model."""
        if self.input_filter.whole:
            return record
        return _written(self._picked(self.input_filter, _read(record, self.content_type)), self.content_type)

    def stored(self, records: Sequence[bytes], answer: bytes) -> list[bytes]:
        """The lines that go into the output for a request's records and the model's answer to them."""
        answers = answer.splitlines() if len(records) > 1 else [answer.strip()]
        if len(answers) != len(records):
            raise CannotJoin(
                f"the model gave {len(answers)} lines for {len(records)} records, so they cannot be told apart: "
                f"ask for one line each ({CSV} or {FORMATS[2]} in Accept), or send one record at a time"
            )
        return [self._stored(record, one) for record, one in zip(records, answers, strict=True)]

    def _stored(self, record: bytes, answer: bytes) -> bytes:
        result = _read(answer, self.accept)
        if self.join:
            result = self._joined(_read(record, self.content_type), result)
        if self.identify:
            result = self._identified(result)
        return _written(self._picked(self.output_filter, result), self.accept)

    def _joined(self, given: Any, result: Any) -> Any:
        if self.accept == CSV:
            return [*given, *result]
        return {**given, OUTPUT: result} if isinstance(given, dict) else {INPUT: given, OUTPUT: result}

    def _identified(self, result: Any) -> Any:
        now = datetime.fromtimestamp(self.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if isinstance(result, list) and self.accept == CSV:
            return [*result, str(uuid.uuid4()), now]
        told = result if isinstance(result, dict) else {OUTPUT: result}
        return {**told, ID: str(uuid.uuid4()), TIME: now}

    def _picked(self, path: Path, record: Any) -> Any:
        try:
            return path.of(record)
        except NotThere as error:
            raise CannotJoin(f"a filter does not fit: {error}") from None


def media(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _read(record: bytes, content_type: str) -> Any:
    """A CSV row as a list of its fields, JSON as it is."""
    try:
        text = record.decode()
        return next(csv.reader([text]), []) if content_type == CSV else json.loads(text)
    except (ValueError, csv.Error) as error:
        raise CannotJoin(f"{record[:80]!r} is not {content_type}: {error}") from None


def _written(value: Any, content_type: str) -> bytes:
    if content_type != CSV:
        return json.dumps(value, ensure_ascii=False).encode()
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(value if isinstance(value, list) else [value])
    return text.getvalue().encode()
