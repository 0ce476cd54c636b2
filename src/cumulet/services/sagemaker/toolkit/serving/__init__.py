"""A model behind an endpoint: the handler that a model's process loads (`load`), in the model's own Python.

The user's model_fn, input_fn, predict_fn, output_fn or transform_fn do the work (`script.py`); what the script
leaves out, and models without any script, are done as SageMaker's own containers do it (`frameworks.py`,
`formats.py`). numpy and the framework are imported only where they are needed.

https://sagemaker.readthedocs.io/en/stable/frameworks/sklearn/using_sklearn.html#serve-a-model
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .models import MultiModel
from .script import Served

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml")


def load() -> Any:
    """What answers: one model, or as many as are asked for by name."""
    if os.environ.get("SAGEMAKER_MULTI_MODEL") == "true":
        return MultiModel(BASE)
    return Served(BASE / "model", BASE / "code")
