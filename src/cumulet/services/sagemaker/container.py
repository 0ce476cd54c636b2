"""The container contract without a container: a folder that the job sees as /opt/ml, and its environment.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cumulet.engines import run as engine
from cumulet.services.sagemaker.training_request import ROOT

FOLDERS = ("input/config", "input/data", "input/submit", "model", "output/data", "code")


class Container:
    """One job's folder: `ml` is the job's own, `process` belongs to the supervisor of its process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ml = folder / "ml"
        self.process = folder / "process"
        self.credentials = folder / "credentials.json"
        self.profile = folder / "aws"

    def lay_out(self) -> None:
        for name in FOLDERS:
            (self.ml / name).mkdir(parents=True, exist_ok=True)

    def configure(self, request: dict[str, Any], resources: dict[str, Any], channels: dict[str, Any]) -> None:
        """The files of input/config, as a job on AWS finds them."""
        self._write("hyperparameters.json", request.get("HyperParameters") or {})
        self._write("resourceconfig.json", resources)
        self._write("inputdataconfig.json", channels)
        for member in ("DebugHookConfig", "ProfilerConfig"):
            if member in request:
                self._write(f"{member.lower()}.json", request[member])

    @property
    def pipes(self) -> Path:
        """The plan of channels in Pipe mode, where there are any."""
        return self.folder / "pipes/plan.json"

    @property
    def hosts(self) -> Path:
        """What the job sees as /etc/hosts."""
        return self.folder / "hosts"

    @property
    def mounts(self) -> dict[str, Path]:
        return {ROOT: self.ml} if engine.mounts_supported() else {}

    @property
    def root(self) -> Path:
        """Where the job itself sees its folder."""
        return Path(ROOT) if engine.mounts_supported() else self.ml

    def place(self, path: str) -> Path:
        """Where a path that the job sees under /opt/ml lies on this machine."""
        return self.ml / path.removeprefix(f"{ROOT}/")

    @property
    def requirements(self) -> Path:
        """A model's requirements.txt: beside its script, wherever that lies."""
        found = [self.ml / place / "requirements.txt" for place in ("code", "model/code")]
        return next((path for path in found if path.is_file()), found[0])

    @staticmethod
    def submitted(request: dict[str, Any]) -> str:
        """The S3 URI of the code that the SDK uploaded; "" where the code comes another way."""
        given = request.get("HyperParameters", {}).get("sagemaker_submit_directory", "").strip('"')
        uri = given or request.get("Environment", {}).get("SAGEMAKER_SUBMIT_DIRECTORY", "")
        return uri if uri.startswith("s3://") else ""

    def _write(self, name: str, value: Any) -> None:
        (self.ml / "input/config" / name).write_text(json.dumps(value, indent=2) + "\n")

    @property
    def failure(self) -> str:
        """What the job says of its own failure; "" where it says nothing."""
        path = self.ml / "output/failure"
        return path.read_text(errors="replace").strip() if path.is_file() else ""
