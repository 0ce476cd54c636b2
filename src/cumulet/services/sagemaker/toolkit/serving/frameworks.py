"""What SageMaker's framework containers do for models without a script: how one is loaded, asked and answered.

CUMULET_FRAMEWORK says which container this is. Loading follows what each framework's own container expects to
find in model.tar.gz.

https://docs.aws.amazon.com/sagemaker/latest/dg/frameworks.html
"""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

from . import formats
from .plain import Plain
from .refusals import Refused
from .tensorflow_models import Tensorflow


class Sklearn(Plain):
    def input_fn(self, given: Any, content_type: str) -> Any:
        """Texts stay texts: a pipeline that begins with a vectorizer takes a list of them."""
        if formats.media(content_type) == formats.JSON:
            values = _json(given, content_type)
            if isinstance(values, list) and values and all(isinstance(value, str) for value in values):
                return values
        return formats.read(given, content_type)


class Xgboost(Plain):
    """https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html: rows in, one line of numbers out."""

    accept = formats.CSV
    names = ("xgboost-model", "model.json", "model.ubj", "model.bst", "model.xgb", "model.bin")

    def model_fn(self, model_dir: str) -> Any:
        import xgboost

        folder = Path(model_dir)
        found = next((folder / name for name in self.names if (folder / name).is_file()), None)
        if found is None:
            return super().model_fn(model_dir)
        booster = xgboost.Booster()
        try:
            booster.load_model(found)
        except xgboost.core.XGBoostError:
            import pickle

            with found.open("rb") as file:
                return pickle.load(file)
        return booster

    def input_fn(self, given: Any, content_type: str) -> Any:
        rows = formats.read(given, content_type)
        return rows if rows.ndim > 1 else rows.reshape(1, -1)

    def predict_fn(self, data: Any, model: Any) -> Any:
        import xgboost

        return model.predict(xgboost.DMatrix(data) if isinstance(model, xgboost.Booster) else data)

    def output_fn(self, prediction: Any, accept: str) -> tuple[bytes, str]:
        """As CSV the predictions stand in one line; as JSON each is named."""
        kind = formats.media(formats.accepted(accept, self.accept)[0])
        if kind == formats.CSV and getattr(prediction, "ndim", 2) == 1:
            return ",".join(str(value) for value in prediction.tolist()).encode(), accept
        if kind == formats.JSON:
            named = {"predictions": [{"score": value} for value in prediction.tolist()]}
            return json.dumps(named).encode(), accept
        return formats.write(prediction, accept)


class Pytorch(Plain):
    """https://sagemaker.readthedocs.io/en/stable/frameworks/pytorch/using_pytorch.html: a TorchScript model.pt."""

    def model_fn(self, model_dir: str) -> Any:
        import torch

        found = [path for path in sorted(Path(model_dir).glob("*")) if path.suffix in (".pt", ".pth")]
        if not found:
            raise NotImplementedError(
                "Please provide a model_fn implementation: model.tar.gz has no TorchScript model (model.pth)."
            )
        return torch.jit.load(found[0], map_location="cpu").eval()

    def input_fn(self, given: Any, content_type: str) -> Any:
        import torch

        return torch.from_numpy(formats.read(given, content_type))

    def predict_fn(self, data: Any, model: Any) -> Any:
        import torch

        with torch.no_grad():
            return model(data)

    def join(self, inputs: list[Any]) -> Any | None:
        return None  # a module may look at the whole of its input (batch statistics, padding)


class Huggingface(Plain):
    """https://huggingface.co/docs/sagemaker/inference: a pipeline of the folder, asked by `inputs`."""

    def model_fn(self, model_dir: str) -> Any:
        from transformers import pipeline

        return pipeline(os.environ.get("HF_TASK") or None, model=model_dir, tokenizer=model_dir, device=-1)

    def input_fn(self, given: Any, content_type: str) -> Any:
        if formats.media(content_type) in (formats.CSV, formats.PLAIN):
            return {"inputs": _texts(given if isinstance(given, str) else given.decode())}
        if formats.media(content_type) != formats.JSON:
            raise Refused(415, f"Content type {content_type} is not supported by this toolkit.")
        return _json(given, content_type)

    def predict_fn(self, data: Any, model: Any) -> Any:
        asked = data if isinstance(data, dict) else {"inputs": data}
        if "inputs" not in asked:
            raise Refused(400, 'The body needs "inputs".')
        inputs = asked["inputs"]
        named = isinstance(inputs, dict)
        return model(**inputs) if named else model(inputs, **(asked.get("parameters") or {}))

    def join(self, inputs: list[Any]) -> Any | None:
        return None  # padding to the longest may change the shorter ones


def _json(given: Any, content_type: str) -> Any:
    try:
        return json.loads(given)
    except ValueError as error:
        raise Refused(400, f"The body is not the {content_type} that it says it is: {error}") from None


def _texts(text: str) -> list[Any]:
    """The column `inputs` of a CSV with a header, questions with their contexts, or simply lines."""
    rows = csv.DictReader(io.StringIO(text))
    if "inputs" in (rows.fieldnames or ()):
        return [row["inputs"] for row in rows]
    if {"question", "context"} <= {*(rows.fieldnames or ())}:
        return list(rows)
    return [line for line in text.splitlines() if line.strip()]


FRAMEWORKS: dict[str, type[Plain]] = {
    "scikit-learn": Sklearn,
    "xgboost": Xgboost,
    "pytorch": Pytorch,
    "tensorflow": Tensorflow,
    "huggingface": Huggingface,
}


def own() -> Plain:
    """The framework of the container that this process stands for."""
    return FRAMEWORKS.get(os.environ.get("CUMULET_FRAMEWORK", ""), Plain)()
