"""How the model is loaded and asked: text lines in, a sentiment for each out."""

import json
from pathlib import Path

import joblib


def model_fn(model_dir):
    return joblib.load(Path(model_dir) / "model.joblib")


def input_fn(body, content_type):
    if content_type == "application/json":
        return json.loads(body)
    if content_type == "text/csv":
        text = body if isinstance(body, str) else body.decode()
        return [line.strip('"') for line in text.splitlines()]
    raise ValueError(f"unsupported content type {content_type}")


def predict_fn(texts, model):
    return [int(value) for value in model.predict(texts)]


def output_fn(prediction, accept):
    return json.dumps(prediction), "application/json"
