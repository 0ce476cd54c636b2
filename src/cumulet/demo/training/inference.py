"""Serving for SageMaker's scikit-learn containers: JSON texts in, labels and their probabilities out."""

import json
from pathlib import Path

import joblib


def model_fn(model_dir):
    return joblib.load(Path(model_dir) / "model.joblib")


def input_fn(body, content_type):
    if content_type != "application/json":
        raise ValueError(f"Send application/json, not {content_type}")
    texts = json.loads(body)
    return [texts] if isinstance(texts, str) else texts


def predict_fn(texts, model):
    return [
        {"label": str(model.classes_[chances.argmax()]), "probability": round(float(chances.max()), 4)}
        for chances in model.predict_proba(texts)
    ]


def output_fn(predictions, accept):
    return json.dumps(predictions), "application/json"
