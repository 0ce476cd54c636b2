"""The environment of whatever runs as a role: its credentials, the way to Cumulet, its own Python."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

from cumulet import environment
from cumulet.authority import Authority
from cumulet.engines import run as engine
from cumulet.engines.run import environments
from cumulet.services.roles import HOUR
from cumulet.services.sagemaker.container import Container
from cumulet.services.sagemaker.images import Image
from cumulet.services.sagemaker.instances import Instances
from cumulet.services.sagemaker.roles import Roles

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
TOOLKIT = Path(__file__).parent / "toolkit"
INSTALL = TOOLKIT / "install.py"


class Surroundings(Roles):
    def _variables(
        self, role: str, python: Path, container: Container, seconds: float = HOUR, *, base: str = ""
    ) -> dict[str, str]:
        """With credentials of the role for so many seconds. The programs beside the Python that it stands on
        (`base`) can be called by name: torchrun and the like. Without mounts the program is told by
        SAGEMAKER_BASE_DIR where its /opt/ml lies."""
        found = [
            str(python.parent),
            str(Path(base).parent) if base else "",
            os.environ.get("PATH", os.defpath),
        ]
        programs = os.pathsep.join(filter(None, found))
        place = {} if engine.mounts_supported() else {"SAGEMAKER_BASE_DIR": str(container.ml)}
        variables = environment.variables(self.house.config, self._assumed(role, seconds), self.caller.region)
        return {**variables, "PATH": programs, **place}

    def _lasting_variables(self, role: str, python: Path, container: Container) -> dict[str, str]:
        """For what runs longer than any credentials do: they are asked of a file that is kept fresh.

        https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
        """
        self._refresh_credentials(role, container)
        asked = shlex.join(["cat", str(container.credentials)])
        container.profile.write_text(f"[default]\ncredential_process = {asked}\n")
        variables = self._variables(role, python, container)
        kept = {name: value for name, value in variables.items() if name not in KEYS}
        return {**kept, "AWS_CONFIG_FILE": str(container.profile)}

    def _refresh_credentials(self, role: str, container: Container) -> float:
        """Write new credentials for a role; in how many seconds to do so again."""
        granted = self._assumed(role)["Credentials"]
        expires = granted["Expiration"]
        written = container.credentials.with_suffix(".new")
        written.touch(mode=0o600)
        written.write_text(json.dumps({"Version": 1, **granted, "Expiration": expires.isoformat()}))
        written.rename(container.credentials)
        return float((expires.timestamp() - self._now()) / 2)

    def _share(self, kind: str, container: Container) -> dict[str, Any]:
        """What an instance of a type takes, and what it needs of this machine where it runs on another one."""
        size, authority = Instances(self.store.directory).size(kind), Authority(self.house.config.data_dir)
        ports = (self.house.config.port, self.house.config.proxy_port)
        return {
            "processors": size.processors,
            "memory": size.memory or None,
            "gpus": size.gpus,
            "home": container.folder,
            "carries": [
                TOOLKIT,
                TOOLKIT.with_name("algorithms"),
                Path(environments.__file__).parent,
                Path(environment.ON_PATH),
                self.house.config.data_dir / "client",
                authority.certificate_path,
                authority.bundle(),
            ],
            "keeps": [self._environments],
            "reaches": [f"{self.house.config.reachable_host}:{ports[0]}", f"127.0.0.1:{ports[1]}"],
        }

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
