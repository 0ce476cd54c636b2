"""Which local environment stands for a container image: by the repository's name, in any registry's region.

AWS publishes one image per framework, version and region under accounts of its own
(`683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3`). What runs here is
the Python that Cumulet itself runs on, with the versions installed there; a script that needs others says
so in its requirements.txt. An image of one's own is mapped by a record (`map_image`). The images of built-in
algorithms stand for the programs in `algorithms`; XGBoost's is both, as it runs a script where there is one.

https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cumulet.services.sagemaker.algorithms import catalogue
from cumulet.services.sagemaker.refusals import invalid
from cumulet.store import Store
from cumulet.wire.errors import NotImplementedByCumulet

MAPPED = "image"  # the kind of record that maps an image; global, named by the image's URI

URI = re.compile(
    r"^(?:(?P<registry>[\w.:-]+\.[\w.:-]+|localhost(?::\d+)?)/)?(?P<repository>[\w./-]+?)"
    r"(?::(?P<tag>[\w.-]+))?(?:@sha256:[0-9a-f]{64})?$"
)


@dataclass(frozen=True, slots=True)
class Framework:
    """What a framework's containers run, and what has to be importable here for them."""

    name: str
    module: str
    package: str
    container: str  # SM_FRAMEWORK_MODULE, by which scripts tell where they are


@dataclass(frozen=True, slots=True)
class Image:
    """An image that Cumulet can stand for."""

    uri: str
    framework: Framework
    python: str
    algorithm: str = ""  # the built-in one that runs where no script is given: "xgboost:1.7-1"
    command: tuple[str, ...] = ()  # of an image of one's own: what its entry point is here


SKLEARN = Framework("scikit-learn", "sklearn", "scikit-learn", "sagemaker_sklearn_container.training:main")
XGBOOST = Framework("xgboost", "xgboost", "xgboost", "sagemaker_xgboost_container.training:main")
PYTORCH = Framework("pytorch", "torch", "torch", "sagemaker_pytorch_container.training:main")
TENSORFLOW = Framework(
    "tensorflow", "tensorflow", "tensorflow", "sagemaker_tensorflow_container.training:main"
)
HUGGINGFACE = Framework("huggingface", "transformers", "transformers", PYTORCH.container)
SPARK = Framework("spark", "pyspark", "'cumulet[spark]'", "")
PLAIN = Framework("python", "sys", "python", "")

FRAMEWORKS = {
    "sagemaker-scikit-learn": SKLEARN,
    "sagemaker-xgboost": XGBOOST,
    "pytorch-training": PYTORCH,
    "pytorch-inference": PYTORCH,
    "tensorflow-training": TENSORFLOW,
    "tensorflow-inference": TENSORFLOW,
    "sagemaker-tensorflow-scriptmode": TENSORFLOW,  # the names of older versions' images
    "sagemaker-tensorflow-serving": TENSORFLOW,
    "huggingface-pytorch-training": HUGGINGFACE,
    "huggingface-pytorch-inference": HUGGINGFACE,
    "sagemaker-spark-processing": SPARK,
    "sagemaker-base-python": PLAIN,
    "sagemaker-base-python-38": PLAIN,
    "sagemaker-base-python-310": PLAIN,
}


def find(uri: str, store: Store) -> Image:
    """The environment of an image; the way out where there is none."""
    if mapped := store.records.get(MAPPED, "", uri):
        return _mapped(uri, mapped)
    repository = _repository(uri)
    if title := catalogue.REFUSED.get(repository):
        raise NotImplementedByCumulet(f"the built-in algorithm {repository} ({title}; the image {uri})")
    if algorithm := catalogue.find(repository):
        return _built_in(uri, algorithm)
    if (framework := FRAMEWORKS.get(repository)) is None:
        raise invalid(
            f"Cumulet has no environment for the image {uri}. It knows these images, in any account, region "
            f"and version: {', '.join(FRAMEWORKS)}. `cumulet image map URI` lets another image run in the "
            "Python environment that Cumulet runs in, or in the one given by --python; or be the command that "
            "follows `--`, which is run with `train` or `serve` as its entry point would be."
        )
    _check_installed(uri, framework)
    return Image(uri, framework, sys.executable)


def _mapped(uri: str, mapped: dict[str, Any]) -> Image:
    """A Python of the user's runs a built-in algorithm where the image is that of one."""
    known = FRAMEWORKS.get(mapped["framework"] or _repository(uri), PLAIN)
    command, algorithm = tuple(mapped.get("command", ())), catalogue.find(_repository(uri))
    named = f"{algorithm.name}:{_tag(uri)}" if algorithm and not command else ""
    return Image(uri, known, mapped["python"], named, command)


def _check_installed(uri: str, framework: Framework) -> None:
    if importlib.util.find_spec(framework.module) is None:
        raise invalid(
            f"The image {uri} needs {framework.name}, which is not installed beside Cumulet: "
            f"{sys.executable} -m pip install {framework.package}. "
            "Or `cumulet image map URI --python PYTHON` names another Python that has it."
        )


def _built_in(uri: str, algorithm: catalogue.Algorithm) -> Image:
    framework = FRAMEWORKS.get(_repository(uri), PLAIN)
    _check_installed(uri, framework)
    if missing := algorithm.missing:
        raise invalid(
            f"The image {uri} needs {', '.join(missing)}, which is not installed beside Cumulet: "
            f"{sys.executable} -m pip install 'cumulet[{algorithm.extra}]'"
        )
    return Image(uri, framework, sys.executable, f"{algorithm.name}:{_tag(uri)}")


def map_image(
    store: Store, uri: str, python: str = sys.executable, framework: str = "", command: Sequence[str] = ()
) -> None:
    """Let jobs and models of an image run on a Python interpreter of one's own, or a command under the container
    contract."""
    body = {"python": python, "framework": framework, "command": list(command)}
    store.records.put(MAPPED, "", uri, body)


def algorithm_of(uri: str) -> catalogue.Algorithm | None:
    """The built-in algorithm that an image names; None where it names none."""
    return catalogue.find(_repository(uri))


def _repository(uri: str) -> str:
    found = URI.match(uri)
    return found["repository"] if found else ""


def _tag(uri: str) -> str:
    found = URI.match(uri)
    return (found["tag"] if found else "") or "latest"
