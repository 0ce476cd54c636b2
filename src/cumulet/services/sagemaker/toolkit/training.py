"""Script mode: what the entry point of a SageMaker framework container does around the user's script.

Reads the container contract's files, unpacks the code, installs its requirements, sets the `SM_*`
variables, runs the script with its hyperparameters as arguments, and writes `output/failure` where it fails.

    python training.py PYTHON

Run by path inside the job, in a bare interpreter that starts quickly (so only the standard library is used
here); PYTHON is the job's own one, for the script.
https://github.com/aws/sagemaker-training-toolkit describes the variables and the arguments.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tarfile
import threading
from pathlib import Path
from typing import Any, BinaryIO

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml")
CODE = BASE / "code"
PRIVATE = ("sagemaker_", "_tuning_")  # hyperparameters that speak to the container, not to the script
TAIL = 8192  # bytes of the script's last words that go into the failure


class Failure(Exception):
    """Something ended the training; its text becomes the job's FailureReason."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def read_config(name: str) -> dict[str, Any]:
    path = BASE / "input/config" / name
    return json.loads(path.read_text()) if path.exists() else {}


def decoded(hyperparameters: dict[str, str]) -> dict[str, Any]:
    """The SDK writes each value as JSON; what is none is taken as it stands."""
    values: dict[str, Any] = {}
    for name, value in hyperparameters.items():
        try:
            values[name] = json.loads(value)
        except ValueError:
            values[name] = value
    return values


def arguments(hyperparameters: dict[str, Any]) -> list[str]:
    """`--name value` for each, in order of name (`-n value` where the name is one letter)."""
    found = []
    for name, value in sorted(hyperparameters.items()):
        if isinstance(value, dict):
            value = ",".join(f"{key}={one}" for key, one in sorted(value.items()))
        found += [f"--{name}" if len(name) > 1 else f"-{name}", "" if value is None else str(value)]
    return found


def as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))


def unpack(source: str) -> None:
    """Put the user's code into `code`: from the archive that the server laid down, or a folder of the job."""
    CODE.mkdir(parents=True, exist_ok=True)
    archive = BASE / "input/submit/sourcedir.tar.gz" if source.startswith("s3://") else Path(source)
    if archive.is_dir():
        os.chdir(archive)
        return
    # Python's filters came with 3.11.4; before that a script's own archive has to be taken as it is.
    filtered: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    with tarfile.open(archive) as tar:
        tar.extractall(CODE, **filtered)
    os.chdir(CODE)


def requirements_python(python: str) -> str:
    """The interpreter that has what requirements.txt asks for; pip's words go into the job's log."""
    if not Path("requirements.txt").exists():
        return python
    install = shlex.split(os.environ.get("CUMULET_INSTALL", ""))
    print(f"Installing requirements.txt for {python}", flush=True)
    done = subprocess.run([*install, "requirements.txt"], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise Failure(
            f'InstallRequirementsError:\nExitCode {done.returncode}\nCommand "{shlex.join(install)}"'
        )
    return done.stdout.strip().splitlines()[-1]


def command(python: str, program: str, user_arguments: list[str], torchrun: list[str]) -> list[str]:
    """A Python file, a package with a setup.py (run as a module), or anything else through the shell."""
    if torchrun:
        if not program.endswith(".py"):
            raise Failure(f"torch_distributed starts a Python file, which {program} is not.")
        return [python, *torchrun, program, *user_arguments]
    if program.endswith(".py"):
        return [python, program, *user_arguments]
    if Path("setup.py").exists():
        subprocess.run([python, "-m", "pip", "install", "."], check=True)
        return [python, "-m", program, *user_arguments]
    Path(program).chmod(0o755)
    return ["/bin/sh", "-c", f"./{shlex.quote(program)} {shlex.join(user_arguments)}"]


def variables(values: dict[str, Any], program: str, source: str) -> dict[str, str]:
    """Everything that a script may read of its surroundings, as SageMaker's containers name it."""
    resources, channels = read_config("resourceconfig.json"), read_config("inputdataconfig.json")
    public = {name: value for name, value in values.items() if not name.startswith(PRIVATE)}
    private = {name: value for name, value in values.items() if name.startswith(PRIVATE)}
    found = {
        **places(),
        **{f"CHANNEL_{name.upper()}": str(BASE / "input/data" / name) for name in channels},
        **{f"HP_{name.upper()}": value for name, value in public.items()},
        **cluster(resources),
        "HPS": public,
        "USER_ARGS": arguments(public),
        "FRAMEWORK_PARAMS": private,
        "CHANNELS": sorted(channels),
        "INPUT_DATA_CONFIG": channels,
        "RESOURCE_CONFIG": resources,
        "USER_ENTRY_POINT": program,
        "MODULE_NAME": program.removesuffix(".py"),
        "MODULE_DIR": source,
        "FRAMEWORK_MODULE": os.environ.get("SM_FRAMEWORK_MODULE", ""),
        "LOG_LEVEL": private.get("sagemaker_container_log_level", 20),
    }
    found["TRAINING_ENV"] = training_environment(found, private)
    return {f"SM_{name}": as_text(value) for name, value in found.items()}


def torchrun(found: dict[str, str]) -> list[str]:
    """The SDK's `distribution={"torch_distributed": {"enabled": True}}`: one process for each GPU, or one.

    https://docs.aws.amazon.com/sagemaker/latest/dg/data-parallel-use-api.html
    """
    if not json.loads(found["SM_FRAMEWORK_PARAMS"]).get("sagemaker_torch_distributed_enabled"):
        return []
    hosts = json.loads(found["SM_HOSTS"])
    line = ["-m", "torch.distributed.run", f"--nnodes={len(hosts)}"]
    line.append(f"--nproc_per_node={max(1, int(found['SM_NUM_GPUS']))}")
    if len(hosts) > 1:
        line.append(f"--node_rank={hosts.index(found['SM_CURRENT_HOST'])}")
    meeting = (os.environ.get("MASTER_ADDR", first(hosts)), os.environ.get("MASTER_PORT", "7777"))
    return [*line, f"--master_addr={meeting[0]}", f"--master_port={meeting[1]}"]


def places() -> dict[str, Any]:
    return {
        "MODEL_DIR": str(BASE / "model"),
        "INPUT_DIR": str(BASE / "input"),
        "INPUT_CONFIG_DIR": str(BASE / "input/config"),
        "OUTPUT_DIR": str(BASE / "output"),
        "OUTPUT_DATA_DIR": str(BASE / "output/data"),
        "OUTPUT_INTERMEDIATE_DIR": str(BASE / "output/intermediate"),
    }


def cluster(resources: dict[str, Any]) -> dict[str, Any]:
    group, groups = resources.get("current_group_name", ""), resources.get("instance_groups", [])
    named = {each["instance_group_name"]: each for each in groups}
    return {
        "CURRENT_HOST": resources.get("current_host", ""),
        "CURRENT_INSTANCE_TYPE": resources.get("current_instance_type", ""),
        "CURRENT_INSTANCE_GROUP": group,
        "CURRENT_INSTANCE_GROUP_HOSTS": named.get(group, {}).get("hosts", []),
        "HOSTS": resources.get("hosts", []),
        "NETWORK_INTERFACE_NAME": resources.get("network_interface_name", ""),
        "INSTANCE_GROUPS": list(named),
        "INSTANCE_GROUPS_DICT": named,
        "IS_HETERO": len(named) > 1,
        "NUM_CPUS": processors(),
        "NUM_GPUS": len(list(Path("/dev").glob("nvidia[0-9]*"))),
        "NUM_NEURONS": 0,
    }


def processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def training_environment(found: dict[str, Any], private: dict[str, Any]) -> dict[str, Any]:
    """SM_TRAINING_ENV: all of it once more, under the toolkit's own names."""
    named = {name.lower(): value for name, value in found.items() if not name.startswith(("HP_", "CHANNEL_"))}
    for name in ("hps", "user_args", "user_entry_point", "framework_params", "channels"):
        named.pop(name)
    return {
        **named,
        "additional_framework_parameters": private,
        "channel_input_dirs": {name: str(BASE / "input/data" / name) for name in found["CHANNELS"]},
        "hyperparameters": found["HPS"],
        "is_master": found["CURRENT_HOST"] == first(found["HOSTS"]),
        "job_name": os.environ.get("TRAINING_JOB_NAME", ""),
        "master_hostname": first(found["HOSTS"]),
    }


def first(hosts: list[str]) -> str:
    return hosts[0] if hosts else ""


def tee(source: BinaryIO, tail: bytearray) -> None:
    """Pass the script's stderr on as it comes, and keep its end."""
    while piece := os.read(source.fileno(), 65536):
        os.write(2, piece)
        tail += piece
        del tail[:-TAIL]


def run(line: list[str], environment: dict[str, str]) -> None:
    """The script itself. It has the grace period to save its model when it is asked to stop: SIGTERM goes to the
    process group, so the script has it already, and must not get it twice."""
    tail = bytearray()
    with subprocess.Popen(line, env=environment, stderr=subprocess.PIPE) as process:
        assert process.stderr
        signal.signal(signal.SIGTERM, lambda *_: None)
        watcher = threading.Thread(target=tee, args=(process.stderr, tail), daemon=True)
        watcher.start()
        code = process.wait()
        watcher.join(1)
    if code != 0:
        code = 128 - code if code < 0 else code
        message = last_words(tail.decode(errors="replace"))
        told = [f"ExitCode {code}", f'ErrorMessage "{message}"', f'Command "{shlex.join(line)}"']
        raise Failure("\n".join(["ExecuteUserScriptError:", *told]), code)


def last_words(text: str) -> str:
    """The last traceback where there is one, else the last lines."""
    start = text.rfind("Traceback (most recent call last)")
    return (text[start:] if start >= 0 else "\n".join(text.splitlines()[-10:])).strip()


def train(python: str) -> None:
    values = decoded(read_config("hyperparameters.json"))
    program = values.get("sagemaker_program") or os.environ.get("SAGEMAKER_PROGRAM", "")
    source = values.get("sagemaker_submit_directory") or os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY")
    source = source or str(CODE)
    unpack(source)
    if not Path(program).exists() and program.endswith(".py"):
        raise Failure(f"The entry point {program} is not in {source}.")
    found = variables(values, program, source)
    line = command(requirements_python(python), program, json.loads(found["SM_USER_ARGS"]), torchrun(found))
    path = os.pathsep.join(filter(None, [str(Path.cwd()), os.environ.get("PYTHONPATH", "")]))
    print(f"Invoking script with the following command:\n\n{shlex.join(line)}\n", flush=True)
    run(line, {**os.environ, **found, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"})


def main(python: str) -> int:
    try:
        train(python)
    except Failure as failure:
        (BASE / "output").mkdir(parents=True, exist_ok=True)
        (BASE / "output/failure").write_text(str(failure))
        print(failure, file=sys.stderr, flush=True)
        return failure.code
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
