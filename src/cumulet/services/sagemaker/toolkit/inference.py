"""A model behind an endpoint: the user's model_fn, input_fn, predict_fn, output_fn or transform_fn.

What the user's script does not define is done as SageMaker's scikit-learn container does it: arrays in and
out as CSV, JSON or NPY. This file is the handler that the model's process loads (`load`), by path, in the
model's own Python: numpy and the framework are imported only where they are needed.

https://sagemaker.readthedocs.io/en/stable/frameworks/sklearn/using_sklearn.html#serve-a-model
"""

from __future__ import annotations

import importlib
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml")
MODEL = BASE / "model"
JSON, CSV, NPY = "application/json", "text/csv", "application/x-npy"
TEXT = (JSON, CSV)  # types whose body reaches input_fn as str
ANY = ("", "*/*")

Headers = dict[str, str]
Answer = tuple[int, Headers, bytes]


class Refused(Exception):
    """The request itself is at fault: an HTTP status below 500 and the reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def load() -> Callable[[bytes, Headers], Answer]:
    """Load the user's script and, with it, the model."""
    script = user_script()
    model = getattr(script, "model_fn", missing_model_fn)(str(MODEL))
    transform = getattr(script, "transform_fn", None) or steps(script)

    def answer(body: bytes, headers: Headers) -> Answer:
        content_type = headers.get("content-type") or JSON
        accept = headers.get("accept", "")
        accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", JSON) if accept in ANY else accept
        try:
            given = as_given(body, content_type)
            return 200, *as_answer(transform(model, given, content_type, accept), accept)
        except Refused as refused:
            return refused.status, {"content-type": "text/plain"}, str(refused).encode()

    return answer


def user_script() -> ModuleType:
    """The script that SAGEMAKER_PROGRAM names, or code/inference.py of the model's archive."""
    program = os.environ.get("SAGEMAKER_PROGRAM") or "inference.py"
    places = [BASE / "code", MODEL / "code"]
    found = next((place for place in places if (place / program).is_file()), None)
    if found is None:
        raise FileNotFoundError(
            f"There is no {program} in the model's code: the entry_point of the model, or code/inference.py "
            "in model.tar.gz, has to define model_fn(model_dir), which loads the model."
        )
    sys.path.insert(0, str(found))
    os.chdir(found)
    return importlib.import_module(program.removesuffix(".py").replace("/", "."))


def missing_model_fn(model_dir: str) -> Any:
    raise NotImplementedError(
        "Please provide a model_fn implementation: a function model_fn(model_dir) that returns the model."
    )


def steps(script: ModuleType) -> Callable[[Any, Any, str, str], Any]:
    """input_fn, predict_fn and output_fn in a row, each the user's own or the default."""
    read = getattr(script, "input_fn", default_input)
    predict = getattr(script, "predict_fn", default_predict)
    write = getattr(script, "output_fn", default_output)

    def transform(model: Any, given: Any, content_type: str, accept: str) -> Any:
        return write(predict(read(given, content_type), model), accept)

    return transform


def as_given(body: bytes, content_type: str) -> Any:
    if media(content_type) not in TEXT:
        return body
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Refused(400, f"The body is not UTF-8 text, as {content_type} is: {error}") from None


def as_answer(result: Any, accept: str) -> tuple[Headers, bytes]:
    """What a script may return: bytes or text, those with their type, or an object that holds both."""
    content_type = accept
    if isinstance(result, tuple) and len(result) == 2:
        result, content_type = result
    elif hasattr(result, "response") and hasattr(result, "mimetype"):
        result, content_type = result.response, result.mimetype
    if isinstance(result, str):
        result = result.encode()
    if not isinstance(result, bytes | bytearray):
        result = json.dumps(result, default=as_list).encode()
    return {"content-type": content_type}, bytes(result)


def default_input(given: Any, content_type: str) -> Any:
    """An array of the body's values: 32-bit floats where it came as text."""
    import numpy

    readers: dict[str, Callable[[], Any]] = {
        JSON: lambda: numpy.array(json.loads(given)).astype(numpy.float32),
        CSV: lambda: numpy.genfromtxt(io.StringIO(given), delimiter=",").astype(numpy.float32),
        NPY: lambda: numpy.load(io.BytesIO(given), allow_pickle=False),
    }
    if (read := readers.get(media(content_type))) is None:
        known = ", ".join(readers)
        raise Refused(415, f"Content type {content_type} is not supported by this model: it reads {known}.")
    try:
        return read()
    except (ValueError, TypeError) as error:
        raise Refused(400, f"The body is not the {content_type} that it says it is: {error}") from error


def default_predict(data: Any, model: Any) -> Any:
    return model.predict(data)


def default_output(prediction: Any, accept: str) -> tuple[bytes, str]:
    import numpy

    buffer = io.BytesIO()
    wanted = media(accept)
    if wanted == JSON:
        buffer.write(json.dumps(prediction, default=as_list).encode())
    elif wanted == CSV:
        numpy.savetxt(buffer, numpy.asarray(prediction), delimiter=",", fmt="%s")
    elif wanted == NPY:
        numpy.save(buffer, numpy.asarray(prediction))
    else:
        raise Refused(406, f"This model does not answer in {accept}: it can give {JSON}, {CSV} or {NPY}.")
    return buffer.getvalue(), accept


def as_list(value: Any) -> Any:
    """What JSON cannot say itself: arrays and numpy's numbers."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def media(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
