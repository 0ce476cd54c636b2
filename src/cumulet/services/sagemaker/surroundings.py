"""The environment variables of whatever runs as a role: its credentials, the way to Cumulet, its Python."""

from __future__ import annotations

import os
from pathlib import Path

from cumulet import environment
from cumulet.engines import run as engine
from cumulet.services.sagemaker.images import Image
from cumulet.services.sagemaker.roles import Roles


class Surroundings(Roles):
    def _variables(self, role: str, image: Image, base: Path) -> dict[str, str]:
        """Without mounts the program is told by SAGEMAKER_BASE_DIR where its /opt/ml lies."""
        granted = self._assumed(role)
        programs = os.pathsep.join([str(Path(image.python).parent), os.environ.get("PATH", os.defpath)])
        place = {} if engine.mounts_supported() else {"SAGEMAKER_BASE_DIR": str(base)}
        variables = environment.variables(self.house.config, granted, self.caller.region)
        return {**variables, "PATH": programs, **place}
