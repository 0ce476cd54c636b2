"""A training job's folder without a server: what the algorithms' programs read and write, to look at closely."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cumulet

PROGRAM = Path(cumulet.__file__).parent / "services/sagemaker/toolkit/algorithm.py"
DATA = Path(os.environ.get("CUMULET_TEST_DATA") or Path(__file__).parents[5] / "shared/data")


def program() -> Any:
    """The program that jobs run, as a module."""
    if "algorithm" not in LOADED:
        spec = importlib.util.spec_from_file_location("algorithm", PROGRAM)
        assert spec
        assert spec.loader
        LOADED["algorithm"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(LOADED["algorithm"])
    return LOADED["algorithm"]


def module(name: str) -> Any:
    """A module of the algorithms, loaded as jobs load it."""
    return program().package(name)


LOADED: dict[str, Any] = {}


@dataclass
class Trained:
    """How a job ended."""

    code: int
    log: str
    failure: str
    model: Path
    algorithm: str

    def figures(self, metric: str) -> list[float]:
        """What the algorithm's own regex for a metric catches in the log."""
        name = self.algorithm.partition(":")[0]
        (regex,) = [m.regex for m in module("catalogue").named(name).metrics if m.name == metric]
        return [float(found) for found in re.findall(regex, self.log)]

    def loaded(self) -> Callable[..., Any]:
        """The model's handler: `ask(body, content_type, accept)` gives the answer's body, or status and text."""
        name, _, version = self.algorithm.partition(":")
        handler = module("catalogue").named(name).code.load(self.model, version)

        def ask(body: bytes, content_type: str, accept: str = "") -> Any:
            status, headers, answer = handler(body, {"content-type": content_type, "accept": accept})
            if status != 200:
                return status, answer.decode()
            return json.loads(answer) if headers["content-type"] == "application/json" else answer

        return ask


def train(
    folder: Path,
    algorithm: str,
    channels: dict[str, tuple[str, bytes]],
    hyperparameters: dict[str, Any],
) -> Trained:
    """Run an algorithm's program, in this process, on channels of one file each: name -> (content type, bytes)."""
    config = folder / "input/config"
    config.mkdir(parents=True)
    described = {}
    for name, (content_type, data) in channels.items():
        place = folder / "input/data" / name
        place.mkdir(parents=True, exist_ok=True)
        (place / "data-0").write_bytes(data)
        described[name] = {"TrainingInputMode": "File", "ContentType": content_type}
    given = {name: str(value) for name, value in hyperparameters.items()}
    (config / "inputdataconfig.json").write_text(json.dumps(described))
    (config / "hyperparameters.json").write_text(json.dumps(given))
    (config / "resourceconfig.json").write_text('{"current_host": "algo-1", "hosts": ["algo-1"]}')
    log, running = io.StringIO(), program()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(log):
        patch.setenv("CUMULET_ALGORITHM", algorithm)
        patch.setattr(running, "BASE", folder)
        with contextlib.redirect_stderr(log):
            code = running.main()
    failure = folder / "output/failure"
    said = failure.read_text() if failure.exists() else ""
    return Trained(code, log.getvalue(), said, folder / "model", algorithm)


def csv(*columns: Any) -> bytes:
    """Columns (or matrices) side by side, as text/csv without a header."""
    text = io.StringIO()
    np.savetxt(text, np.column_stack(columns), delimiter=",", fmt="%.8g")
    return text.getvalue().encode()
