"""Multi-model endpoints: which of many models is asked, laid out from S3 when it is first wanted.

https://docs.aws.amazon.com/sagemaker/latest/dg/invoke-multi-model-endpoint.html
https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html#cloudwatch-metrics-multimodel-endpoints
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from cumulet.engines.serve import Answered, Question
from cumulet.services.sagemaker import lake
from cumulet.services.sagemaker.asking import Ask
from cumulet.services.sagemaker.container import Container
from cumulet.services.sagemaker.models import model_data
from cumulet.services.sagemaker.tally import CACHE_HIT
from cumulet.wire.errors import AwsError

if TYPE_CHECKING:
    from cumulet.services import Service
    from cumulet.services.sagemaker.fleet import Taken

FOLDER = "x-cumulet-model"  # the header by which the process is told the model's folder
FETCHED = "x-cumulet-fetched"  # the seconds that its files took to come, where they were not there
FIGURES = "x-cumulet-figures"  # the header of its answer that says what it took to load the model


class _Turn:
    """Held while one model is being laid out, by whoever wants it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


_turns: WeakValueDictionary[Path, _Turn] = WeakValueDictionary()
_making = threading.Lock()


def question(service: Service, ask: Ask, taken: Taken) -> Question:
    """What the process of many models is asked; the model's files are there then."""
    variant, instance = taken
    if not variant.multi_model:
        raise AwsError("ValidationError", f"Endpoint {ask.endpoint} is not a multi-model endpoint.")
    if not ask.model:
        raise AwsError(
            "ValidationError", f"TargetModel is required: {ask.endpoint} is a multi-model endpoint."
        )
    definition = next(c for c in variant.definition["containers"] if c.get("Mode") == "MultiModel")
    name = hashlib.sha256(ask.model.encode()).hexdigest()[:24]
    folder = Container(instance.worker.program.folder).ml.resolve() / "models" / name
    headers = {**ask.headers, FOLDER: name}
    if not (folder / ".complete").exists():
        began = time.monotonic()
        _lay_out(service, definition, ask.model, folder)
        headers[FETCHED] = str(time.monotonic() - began)
    return Question(ask.body, headers)


def count(taken: Taken, question: Question, answered: Answered) -> None:
    """What CloudWatch is told of the models, in microseconds; nothing where the process has said nothing."""
    told = json.loads(answered.headers.get(FIGURES, "{}"))
    if not told:
        return
    variant, instance = taken
    variant.tally.loaded[instance.name] = told.pop("models")
    times = {name: seconds * 1e6 for name, seconds in told.items()}
    if fetched := question.headers.get(FETCHED):
        times["ModelDownloadingTime"] = float(fetched) * 1e6
    if times:
        times["ModelLoadingWaitTime"] = sum(times.values())
    variant.tally.found_model({**times, CACHE_HIT: float("ModelLoadingTime" not in told)})


def _lay_out(service: Service, definition: dict[str, object], model: str, folder: Path) -> None:
    uri = f"{model_data(definition)[0].rstrip('/')}/{model.lstrip('/')}"
    with _making:
        turn = _turns.setdefault(folder, _Turn())
    with turn.lock:
        if (folder / ".complete").exists():
            return
        archive = folder.with_suffix(".tar.gz")
        try:
            lake.stage_object(service.other("s3"), uri, archive)
            lake.unpack(archive, folder)
        except lake.CannotStage:
            raise AwsError(
                "ValidationError",
                f"Failed to download model data(bucket: {uri}). Please ensure that there is an "
                "object located at the URL and that the role passed to CreateModel has permissions to download it.",
            ) from None
        finally:
            archive.unlink(missing_ok=True)
        (folder / ".complete").touch()
