"""The environment of whatever runs as a role: its credentials, the way to Cumulet, its own Python."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from cumulet import environment
from cumulet.engines import run as engine
from cumulet.engines.run import environments
from cumulet.services.sagemaker.container import Container
from cumulet.services.sagemaker.images import Image
from cumulet.services.sagemaker.roles import Roles

INSTALL = Path(__file__).parent / "toolkit/install.py"


class Surroundings(Roles):
    def _variables(self, role: str, python: Path, container: Container) -> dict[str, str]:
        """Without mounts the program is told by SAGEMAKER_BASE_DIR where its /opt/ml lies."""
        programs = os.pathsep.join([str(python.parent), os.environ.get("PATH", os.defpath)])
        place = {} if engine.mounts_supported() else {"SAGEMAKER_BASE_DIR": str(container.ml)}
        variables = environment.variables(self.house.config, self._assumed(role), self.caller.region)
        return {**variables, "PATH": programs, **place}

    def _own_python(self, image: Image, container: Container) -> Path:
        """An interpreter in which the job may install what it likes: it goes with the job."""
        return environments.private(container.folder / "python", Path(image.python))

    def _installer(self, image: Image, container: Container) -> str:
        """The command with which the toolkit installs a requirements.txt."""
        places = (
            Path(environments.__file__),
            self._environments,
            image.python,
            container.folder / "python-more",
        )
        return shlex.join([sys.executable, str(INSTALL), *map(str, places)])

    def _required_python(self, image: Image, requirements: Path, log: environments.Log) -> Path:
        """The interpreter that has what a model's requirements.txt asks for."""
        if not requirements.is_file():
            return Path(image.python)
        return environments.environment(requirements.read_text(), self._environments, Path(image.python), log)

    @property
    def _environments(self) -> Path:
        return self.store.directory / "environments"
