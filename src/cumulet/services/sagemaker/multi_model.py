"""Multi-model endpoints: which of many models is asked, laid out from S3 when it is first wanted.

https://docs.aws.amazon.com/sagemaker/latest/dg/invoke-multi-model-endpoint.html
"""

from __future__ import annotations

import hashlib
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from cumulet.engines.serve import Question
from cumulet.services.sagemaker import lake
from cumulet.services.sagemaker.asking import Ask
from cumulet.services.sagemaker.container import Container
from cumulet.services.sagemaker.models import model_data
from cumulet.wire.errors import AwsError

if TYPE_CHECKING:
    from cumulet.services import Service
    from cumulet.services.sagemaker.fleet import Taken

FOLDER = "x-cumulet-model"  # the header by which the process is told the model's folder


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
    began = time.monotonic()
    there = (folder / ".complete").exists()
    if not there:
        _lay_out(service, definition, ask.model, folder)
    variant.tally.found_model(None if there else time.monotonic() - began)
    return Question(ask.body, {**ask.headers, FOLDER: name})


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
