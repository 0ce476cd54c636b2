"""One model and the functions that serve it: the user's own, and the framework's where there are none."""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from . import formats, frameworks
from .refusals import Refused

Headers = dict[str, str]
Answer = tuple[int, Headers, Any]
Question = tuple[bytes, Headers]

CUSTOM = "x-amzn-sagemaker-custom-attributes"
numbers = itertools.count(1)


class Served:
    """A loaded model. Called with a body and headers; `many` takes several questions where that can be done."""

    def __init__(self, model_dir: Path, code: Path) -> None:
        self.framework = frameworks.own()
        self.script = user_script(model_dir, code)
        self.accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or self.framework.accept
        self.model = self._function("model_fn")(str(model_dir))
        self.transform = getattr(self.script, "transform_fn", None)
        self.road = self.framework.road(self.script)
        self.read, self.predict = self._function("input_fn"), self._function("predict_fn")
        self.write = self._function("output_fn")
        own_predict = self.script is not None and hasattr(self.script, "predict_fn")
        self.together = None if own_predict else self.framework.join
        if not (self.road or self.transform) and (self.together or hasattr(self.script, "predict_batch_fn")):
            self.many = self._many

    def _function(self, name: str) -> Any:
        return getattr(self.script, name, None) or getattr(self.framework, name)

    def __call__(self, body: bytes, headers: Headers) -> Answer:
        try:
            content_type, accept = self._types(headers)
            if self.road:
                return as_answer(self.road(self.model, body, headers), accept)
            given = formats.as_given(body, content_type)
            if self.transform:
                return as_answer(self.transform(self.model, given, content_type, accept), accept)
            return self._answer(self.predict(self.read(given, content_type), self.model), accept)
        except Refused as refused:
            return no(refused)

    def _types(self, headers: Headers) -> tuple[str, str]:
        accept = headers.get("accept", "")
        return headers.get("content-type") or formats.JSON, self.accept if accept in formats.ANY else accept

    def _answer(self, prediction: Any, accept: str) -> Answer:
        return as_answer(self.write(prediction, accept), accept)

    def _many(self, questions: list[Question]) -> list[Answer] | None:
        """The answers of several questions from one prediction; None where they do not go together."""
        types = [self._types(headers) for _, headers in questions]
        inputs = []
        for (body, _), (content_type, _) in zip(questions, types, strict=True):
            inputs.append(self.read(formats.as_given(body, content_type), content_type))
        predictions = self._predict_all(inputs)
        if predictions is None:
            return None
        return [
            self._answer(prediction, accept)
            for prediction, (_, accept) in zip(predictions, types, strict=True)
        ]

    def _predict_all(self, inputs: list[Any]) -> list[Any] | None:
        if own := getattr(self.script, "predict_batch_fn", None):
            return list(own(inputs, self.model))
        assert self.together
        joined = self.together(inputs)
        if joined is None:
            return None
        found = self.predict(joined, self.model)
        lengths = [len(given) for given in inputs]
        if len(found) != sum(lengths):
            return None
        ends = itertools.accumulate(lengths)
        return [found[end - length : end] for end, length in zip(ends, lengths, strict=True)]


def user_script(model_dir: Path, code: Path) -> ModuleType | None:
    """The script that SAGEMAKER_PROGRAM names, or code/inference.py of the model's archive; None without."""
    named = os.environ.get("SAGEMAKER_PROGRAM")
    program = named or "inference.py"
    found = next((place for place in (code, model_dir / "code") if (place / program).is_file()), None)
    if found is None:
        if named:
            raise FileNotFoundError(
                f"There is no {program} in the model's code: the entry_point of the model, or code/{program} "
                "in model.tar.gz, has to define model_fn(model_dir), which loads the model."
            )
        return None
    os.chdir(found)
    if str(model_dir).endswith("/model"):
        sys.path.insert(0, str(found))
        return importlib.import_module(program.removesuffix(".py").replace("/", "."))
    return apart(found, program)


def apart(folder: Path, program: str) -> ModuleType:
    """The script of one of many models: each has its own, under a name of its own."""
    spec = importlib.util.spec_from_file_location(f"inference_{next(numbers)}", folder / program)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(folder))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    return module


def as_answer(result: Any, accept: str) -> Answer:
    """What a script may return: bytes or text, those with their type, an object that holds both, or an
    iterator of pieces. What is an answer already stays as it is."""
    content_type = accept
    if isinstance(result, tuple) and len(result) == 3:
        return result
    if isinstance(result, tuple) and len(result) == 2:
        result, content_type = result
    elif hasattr(result, "response") and hasattr(result, "mimetype"):
        result, content_type = result.response, result.mimetype
    headers = {"content-type": content_type}
    if isinstance(result, Iterator):
        return 200, headers, (as_bytes(piece) for piece in result)
    return 200, headers, as_bytes(result)


def as_bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    import json

    return json.dumps(value, default=formats.as_list).encode()


def no(refused: Refused) -> Answer:
    return refused.status, {"content-type": "text/plain"}, str(refused).encode()
