"""The page of SageMaker's built-in algorithms: what each reads, answers and leaves, and its hyperparameters.

Part of `docs/generate.py`; all of it is read off the code that trains and serves them.
"""

from __future__ import annotations

from pathlib import Path

from cumulet.services.sagemaker.algorithms.catalogue import ALGORITHMS, REFUSED, Algorithm
from cumulet.services.sagemaker.algorithms.schema import Hyperparameter

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "docs" / "services" / "sagemaker-algorithms.md"

AUTOGLUON = """AutoGluon-Tabular is a library that pins the versions of what it stands on (numpy, pandas, scikit-learn,
torch and a dozen models): beside Cumulet it would hold back all of them. A script of your own with `autogluon.tabular`
in its `requirements.txt` runs it in an environment of its own."""

OPENING = """# SageMaker's built-in algorithms

A training job, a model or a transform job whose image is that of a built-in algorithm, in any account, region and
version, runs the program described here. They train for real, on this machine's processors, and read and write
SageMaker's own formats. What they stand on comes with `pip install 'cumulet[algorithms]'`
(DeepAR: `'cumulet[deepar]'`), or is in a Python of yours: `cumulet image map URI --python /path/to/python`.

```python
from sagemaker import image_uris
from sagemaker.estimator import Estimator

image = image_uris.retrieve("xgboost", "us-east-1", version="1.7-1")
estimator = Estimator(image, role, instance_count=1, instance_type="ml.m5.large")
estimator.set_hyperparameters(objective="reg:squarederror", num_round=50)
estimator.fit({"train": TrainingInput("s3://bucket/train/", content_type="text/csv")})
```

Every hyperparameter that is listed is obeyed, unless its row says that it is refused: any other value than the
default then fails the job with a `ClientError` that names it, and so does a hyperparameter that is not listed. CSV has
no header, and the label in its first column unless the content type says `text/csv;label_size=0`. A job has one
instance. Models answer in JSON, JSON Lines, CSV and RecordIO-protobuf unless a section says otherwise."""


def row(parameter: Hyperparameter) -> str:
    default = (
        "required" if parameter.required else "" if parameter.default is None else f"`{parameter.default}`"
    )
    said = f"**refused** otherwise: {parameter.refused}" if parameter.refused else parameter.note
    valid = parameter.valid.replace("|", "\\|")
    return f"| `{parameter.name}` | {valid} | {default} | {said} |"


def section(algorithm: Algorithm) -> str:
    images = ", ".join(f"`{name}`" for name in (algorithm.name, *algorithm.repositories))
    facts = {
        "Images": images,
        "Stands on": algorithm.library,
        "Reads": algorithm.reads,
        "Answers": algorithm.answers,
        "Leaves": algorithm.leaves,
        "Metrics": ", ".join(f"`{metric.name}`" for metric in algorithm.metrics) or "none",
    }
    schema = algorithm.schema
    aliases = "; ".join(f"`{alias}` is `{name}`" for alias, name in schema.aliases.items())
    table = "\n".join(row(parameter) for parameter in schema.parameters)
    parts = [
        f"## {algorithm.title}",
        "\n".join(f"- {name}: {fact}" for name, fact in facts.items()),
        f"| hyperparameter | values | default | |\n|---|---|---|---|\n{table}",
        f"Other names: {aliases}." if aliases else "",
    ]
    return "\n\n".join(part for part in parts if part)


def page() -> str:
    refused = ", ".join(f"{title} (`{name}`)" for name, title in sorted(REFUSED.items()))
    answered = "A call that names one of these images is answered with 501."
    closing = f"## Refused by name\n\n{refused}. {answered}\n\n{AUTOGLUON}"
    return "\n\n".join([OPENING, *map(section, ALGORITHMS), closing]) + "\n"
