"""What answers for a model where its framework says nothing else; the frameworks differ from it."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from . import formats


class Plain:
    """Any object with `predict`: scikit-learn's way, and that of an image nobody knows."""

    accept = formats.JSON
    pickles = (".joblib", ".pkl", ".pickle")

    def model_fn(self, model_dir: str) -> Any:
        files = sorted(path for path in Path(model_dir).rglob("*") if path.suffix in self.pickles)
        if len(files) != 1:
            raise NotImplementedError(
                "Please provide a model_fn implementation: a function model_fn(model_dir) that returns the model. "
                f"Without one, model.tar.gz has to hold exactly one file *.joblib or *.pkl; it has {len(files)}."
            )
        import joblib

        return joblib.load(files[0])

    def input_fn(self, given: Any, content_type: str) -> Any:
        return formats.read(given, content_type)

    def predict_fn(self, data: Any, model: Any) -> Any:
        return model.predict(data)

    def output_fn(self, prediction: Any, accept: str) -> tuple[bytes, str]:
        return formats.write(prediction, accept)

    def road(self, script: ModuleType | None) -> Any:
        """What answers a body and its headers without any of these functions, where the container has such a way."""
        return None

    def join(self, inputs: list[Any]) -> Any | None:
        """Inputs of several requests as one, where the model cannot tell the difference; else None."""
        first = inputs[0]
        if all(isinstance(given, list) for given in inputs):
            return [row for given in inputs for row in given]
        if not all(getattr(given, "ndim", 1) >= 2 and type(given) is type(first) for given in inputs):
            return None
        if any(given.shape[1:] != first.shape[1:] or given.dtype != first.dtype for given in inputs):
            return None
        import numpy

        return numpy.concatenate(inputs) if isinstance(first, numpy.ndarray) else None
