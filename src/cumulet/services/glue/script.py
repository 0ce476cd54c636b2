"""A python-shell script made ready to run: its folder, its arguments, its environment; and why it failed.

https://docs.aws.amazon.com/glue/latest/dg/add-job-python.html
"""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path
from typing import Any

from cumulet import environment
from cumulet.engines import run as engine
from cumulet.engines.run import environments
from cumulet.services.glue.places import place
from cumulet.services.glue.refusals import invalid
from cumulet.services.glue.roles import Roles
from cumulet.services.roles import HOUR

AWSGLUE = Path(__file__).parent / "python_shell"
MODULES = "--additional-python-modules"
FILES = "--extra-py-files"
CONSUMED = (MODULES, FILES, "--library-set", "library-set")  # for Glue, not for the script
TAIL = 64 << 10  # bytes of the errors that are searched for a traceback
TRACEBACK = "Traceback (most recent call last):"


class Script(Roles):
    def _task(self, run: dict[str, Any], job: dict[str, Any], folder: Path, grace: float) -> engine.Task:
        """Everything of a run laid out in its folder; what is missing on S3 is the run's failure."""
        arguments = {
            **job.get("DefaultArguments", {}),
            **run["Arguments"],
            **job.get("NonOverridableArguments", {}),
        }
        work, library = folder / "work", folder / "library"
        for made in (work, library, folder / "tmp"):
            made.mkdir(parents=True)
        script = self._fetch(run["Command"]["ScriptLocation"], "Command.ScriptLocation", work)
        python = self._python(arguments)
        path = self._library(arguments, library)
        return engine.Task(
            folder=folder / "process",
            command=[str(python), "-u", str(script), *command_line(arguments)],
            environment=self._environment(run, python, path, folder / "tmp"),
            cwd=work,
            seconds=run["Timeout"] * 60.0,
            grace=grace,
            outlives=True,
            separate_errors=True,
        )

    def _environment(
        self, run: dict[str, Any], python: Path, path: list[Path], temporary: Path
    ) -> dict[str, str]:
        """The script's credentials last for as long as it may run."""
        granted = self._assumed(run["Role"], run["Timeout"] * 60 + HOUR)
        programs = os.pathsep.join([str(python.parent), os.environ.get("PATH", os.defpath)])
        return {
            **environment.variables(self.house.config, granted, self.caller.region),
            "PATH": programs,
            "PYTHONPATH": os.pathsep.join(str(one) for one in [*path, AWSGLUE, environment.ON_PATH]),
            "TMPDIR": str(temporary),
        }

    def _fetch(self, uri: str, member: str, folder: Path) -> Path:
        """An object copied into a folder under its own name."""
        bucket, key = place(uri, member)
        path = folder / key.rpartition("/")[2]
        shutil.copyfile(self._object(uri, member, bucket, key).path, path)
        return path

    def _object(self, uri: str, member: str, bucket: str, key: str) -> Any:
        found = [one for one in self.other("s3").files(Bucket=bucket, Prefix=key) if one.key == key]
        if not found:
            raise invalid(f"{member} {uri} does not exist.")
        return found[0]

    def _library(self, arguments: dict[str, str], folder: Path) -> list[Path]:
        """What `--extra-py-files` puts on the script's path as it is: modules, zips and eggs."""
        path = [folder]
        for uri in listed(arguments, FILES):
            if uri.endswith((".zip", ".egg")):
                path.append(self._fetch(uri, FILES, folder))
            elif uri.endswith(".py"):
                self._fetch(uri, FILES, folder)
            elif not uri.endswith(".whl"):
                raise invalid(f"{FILES} {uri} is none of .py, .zip, .egg and .whl.")
        return path

    def _python(self, arguments: dict[str, str]) -> Path:
        """The interpreter: Cumulet's own, or that of a (shared, kept) environment with what is asked for:
        the wheels of `--extra-py-files`, and the requirements and wheels of `--additional-python-modules`."""
        wheels = [uri for uri in listed(arguments, FILES) if uri.endswith(".whl")]
        wanted = [*wheels, *listed(arguments, MODULES)]
        lines = [str(self._wheel(one)) if "://" in one else one for one in wanted]
        return environments.environment("\n".join(lines), self.store.directory / "environments")

    def _wheel(self, uri: str) -> Path:
        """A wheel copied to where its content says, so that the same one makes the same environment."""
        bucket, key = place(uri, MODULES)
        found = self._object(uri, MODULES, bucket, key)
        folder = self.store.directory / "glue/wheels" / found.etag.strip('"')
        path: Path = folder / key.rpartition("/")[2]
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            partial = folder / uuid.uuid4().hex
            shutil.copyfile(found.path, partial)
            partial.rename(path)
        return path


def listed(arguments: dict[str, str], name: str) -> list[str]:
    return [one.strip() for one in arguments.get(name, "").split(",") if one.strip()]


def command_line(arguments: dict[str, str]) -> list[str]:
    """The arguments as the script finds them in sys.argv: each name, then its value."""
    return [word for name, value in arguments.items() if name not in CONSUMED for word in (name, value)]


def failure(outcome: engine.Outcome, errors: Path) -> str:
    """Why a script failed: its exception, or how it ended; "" where it did not."""
    if outcome.reason == "lost":
        return "The machine went down while the job ran."
    if outcome.reason == "memory":
        return "Command failed: out of memory."
    if outcome.exit_code == 0:
        return ""
    return exception(errors) or f"Command failed with exit code {outcome.exit_code}"


def exception(errors: Path) -> str:
    """The last exception that Python wrote of: the line that ends its traceback."""
    if not errors.exists():
        return ""
    with errors.open("rb") as file:
        file.seek(max(0, errors.stat().st_size - TAIL))
        text = file.read().decode(errors="replace")
    if TRACEBACK not in text:
        return ""
    lines = text.rpartition(TRACEBACK)[2].splitlines()
    return next((line for line in lines if line and not line.startswith((" ", "\t"))), "")
