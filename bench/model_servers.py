"""The servers that a model is served by, each in a process of its own, with one worker and its defaults.

Their packages live in an environment of their own (`make bench-serving` makes it). What is not installed is left
out. Every one loads the same file and answers the same JSON: a list of texts in, a list of labels out.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import servers

PREDICT = """
import joblib, json, os
model = joblib.load(os.environ["MODEL"])
def predict(texts):
    return model.predict(texts).tolist()
"""

BARE = (
    PREDICT
    + """
async def application(scope, receive, send):
    if scope["type"] != "http":
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    answer = json.dumps(await answered(json.loads(body))).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
"""
)
PLAIN = """
async def answered(texts):
    return predict(texts)
"""
BATCHING = """
import asyncio
waiting = []
async def answered(texts):
    future = asyncio.get_running_loop().create_future()
    if not waiting:
        asyncio.get_running_loop().call_soon(lambda: asyncio.get_running_loop().call_soon(together))
    waiting.append((texts, future))
    return await future
def together():
    batch, waiting[:] = waiting[:], []
    labels = predict([text for texts, _ in batch for text in texts])
    for texts, future in batch:
        future.set_result(labels[: len(texts)])
        labels = labels[len(texts):]
"""
UVICORN = """
import uvicorn
uvicorn.run(application, port=int(os.environ["PORT"]), log_level="critical", access_log=False)
"""
LITSERVE = (
    PREDICT
    + """
import litserve
class Texts(litserve.LitAPI):
    def setup(self, device):
        self.model = joblib.load(os.environ["MODEL"])
    def decode_request(self, request):
        return request
    def predict(self, texts):
        return self.model.predict(texts).tolist()
    def encode_response(self, labels):
        return labels
if __name__ == "__main__":
    litserve.LitServer(Texts(), accelerator="cpu").run(
        port=int(os.environ["PORT"]), host="127.0.0.1", log_level="critical", generate_client_file=False)
"""
)
BENTOML = (
    PREDICT
    + """
import bentoml
@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Texts:
    @bentoml.api(route="/predict")
    def predict(self, texts: list[str]) -> list[int]:
        return predict(texts)
"""
)
MLFLOW = """
import joblib, mlflow, os, shutil
shutil.rmtree(os.environ["FOLDER"], ignore_errors=True)
class Texts(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        self.model = joblib.load(context.artifacts["model"])
    def predict(self, context, model_input, params=None):
        return self.model.predict(list(model_input)).tolist()
mlflow.pyfunc.save_model(os.environ["FOLDER"], python_model=Texts(), artifacts={"model": os.environ["MODEL"]})
"""
RAY = (
    PREDICT
    + """
import time
from ray import serve
import ray
ray.init(num_cpus=2, include_dashboard=False, configure_logging=False)
serve.start(http_options={"host": "127.0.0.1", "port": int(os.environ["PORT"])})
@serve.deployment(ray_actor_options={"num_cpus": 0.1}, logging_config={"enable_access_log": False})
class Texts:
    def __init__(self):
        self.model = joblib.load(os.environ["MODEL"])
    async def __call__(self, request):
        return self.model.predict(await request.json()).tolist()
serve.run(Texts.bind(), route_prefix="/predict")
while True:
    time.sleep(60)
"""
)


@dataclass(frozen=True)
class Rival:
    """A server under measurement: where it is asked, and in which words."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    path: str
    wrapped: str  # the JSON around the list of texts; %s is the list
    start_seconds: float

    def body(self, texts: str) -> bytes:
        return (self.wrapped % texts).encode()

    def cpu(self) -> float:
        return sum(servers.used(pid) for pid in servers.family(self.process.pid))

    def memory(self) -> int:
        return sum(servers.resident(pid) for pid in servers.family(self.process.pid))


@contextlib.contextmanager
def _script(
    name: str, python: Path, folder: Path, model: Path, text: str, path: str = "/", wrapped: str = "%s"
) -> Iterator[Rival]:
    file = folder / f"{name.replace(' ', '_')}.py"
    file.write_text(textwrap.dedent(text))
    with _command(name, [str(python), str(file)], model, path, wrapped) as rival:
        yield rival


@contextlib.contextmanager
def _command(
    name: str, command: list[str], model: Path, path: str, wrapped: str, port: int | None = None
) -> Iterator[Rival]:
    port = port or servers.free_port()
    environment = {
        "MODEL": str(model),
        "PORT": str(port),
        "DO_NOT_TRACK": "1",
        "BENTOML_DO_NOT_TRACK": "true",
    }
    command = [word.replace("PORT", str(port)) for word in command]
    with servers.started(name, command, port, environment) as (process, seconds):
        yield Rival(name, process, port, path, wrapped, seconds)


@contextlib.contextmanager
def _mlflow(python: Path, folder: Path, model: Path) -> Iterator[Rival]:
    saved = folder / "mlflow_model"
    environment = os.environ | {"MODEL": str(model), "FOLDER": str(saved)}
    subprocess.run([str(python), "-c", MLFLOW], check=True, capture_output=True, env=environment)
    program = str(python.with_name("mlflow"))
    serve = [program, "models", "serve", "-m", str(saved), "--env-manager", "local", "-h", "127.0.0.1"]
    os.environ["PATH"] = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    with _command("MLflow", [*serve, "-p", "PORT"], model, "/invocations", '{"inputs": %s}') as rival:
        yield rival


@contextlib.contextmanager
def _bentoml(python: Path, folder: Path, model: Path) -> Iterator[Rival]:
    (folder / "texts_service.py").write_text(BENTOML)
    program = str(python.with_name("bentoml"))
    serve = [program, "serve", "texts_service:Texts", "--working-dir", str(folder), "--port", "PORT"]
    with _command("BentoML", serve, model, "/predict", '{"texts": %s}') as rival:
        yield rival


def all_of(python: Path | None, folder: Path, model: Path) -> list[contextlib.AbstractContextManager[Rival]]:
    """Every server that can be started here, not started yet."""
    own = Path(sys.executable)
    found = [
        _script("uvicorn alone", own, folder, model, BARE + PLAIN + UVICORN),
        _script("uvicorn in batches", own, folder, model, BARE + BATCHING + UVICORN),
    ]
    if python is None:
        return found
    packages = {
        "litserve": lambda: _script("LitServe", python, folder, model, LITSERVE, "/predict"),
        "bentoml": lambda: _bentoml(python, folder, model),
        "mlflow": lambda: _mlflow(python, folder, model),
        "ray": lambda: _script("Ray Serve", python, folder, model, RAY, "/predict"),
    }
    for package, make in packages.items():
        if list(python.parent.parent.glob(f"lib/python*/site-packages/{package}")):
            found.append(make())
        else:
            print(f"{package} is left out: it is not installed beside {python}")
    return found
