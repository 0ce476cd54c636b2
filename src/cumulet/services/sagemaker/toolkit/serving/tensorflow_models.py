"""TensorFlow's container: SavedModels asked in the words of TensorFlow Serving's REST interface.

A model.tar.gz may hold several models, each in folders named by its versions; custom attributes say which of them is
meant (`tfs-model-name=half,tfs-model-version=2`), else it is the newest version of the first. A script may turn
requests into that interface's and its answers into others (`input_handler` and `output_handler`), or do all of it
(`handler`, which finds the interface at `context.rest_uri`).

https://sagemaker.readthedocs.io/en/stable/frameworks/tensorflow/deploying_tensorflow_serving.html
https://www.tensorflow.org/tfx/serving/api_rest
"""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from . import formats
from .plain import Plain
from .refusals import Refused

CUSTOM = "x-amzn-sagemaker-custom-attributes"
DEFAULT_SIGNATURE = "serving_default"
LINES = (formats.LINES, "application/jsons")
Reply = tuple[int, dict[str, Any]]
Signature = Callable[..., Any]


class Context(NamedTuple):
    """What a script's handlers are told about a request."""

    model_name: str
    model_version: str | None
    method: str
    rest_uri: str
    grpc_uri: str
    custom_attributes: str
    request_content_type: str
    accept_header: str
    content_length: int


@dataclass
class Response:
    """The interface's answer as `output_handler` gets it: what it needs of a `requests.Response`."""

    status_code: int
    content: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": formats.JSON})

    @property
    def text(self) -> str:
        return self.content.decode()

    @property
    def ok(self) -> bool:
        return self.status_code < 400

    def json(self) -> Any:
        return json.loads(self.content)


class Models:
    """What is in a model.tar.gz: each model's versions, loaded when they are asked for first, the default at once."""

    def __init__(self, folder: Path) -> None:
        self.found: dict[str, dict[int, Path]] = {}
        self.loaded: dict[Path, dict[str, Signature]] = {}
        self.uri = ""  # where the interface listens, if a script wants it
        for place in sorted(
            [*folder.rglob("saved_model.pb"), *folder.rglob("*.keras"), *folder.rglob("*.h5")]
        ):
            self._add(place.parent if place.name == "saved_model.pb" else place)
        if not self.found:
            raise NotImplementedError("model.tar.gz has no SavedModel and no *.keras or *.h5 file.")
        named = os.environ.get("SAGEMAKER_TFS_DEFAULT_MODEL_NAME")
        self.default = named if named in self.found else next(iter(self.found))
        self.signatures(self.default, None)

    def _add(self, place: Path) -> None:
        versioned = place.name.isdigit()
        name = place.parent.name if versioned else place.stem
        self.found.setdefault(name, {})[int(place.name) if versioned else 1] = place

    def signatures(self, name: str, version: str | None) -> dict[str, Signature]:
        versions = self.found.get(name, {})
        number = int(version) if version else max(versions, default=0)
        if number not in versions:
            raise Refused(404, f"Servable not found for request: {name} version {version or 'latest'}")
        place = versions[number]
        if place not in self.loaded:
            self.loaded[place] = load(place)
        return self.loaded[place]

    def ask(self, name: str, version: str | None, body: bytes | str) -> Reply:
        """One request of the interface: its status and answer."""
        try:
            return 200, self._predict(self.signatures(name, version), asked(body))
        except Refused as refused:
            return refused.status, {"error": str(refused)}

    def _predict(self, signatures: dict[str, Signature], request: dict[str, Any]) -> dict[str, Any]:
        name = request.get("signature_name") or DEFAULT_SIGNATURE
        if name not in signatures:
            raise Refused(400, f'Serving signature name: "{name}" not found in signature def')
        signature, rows = signatures[name], "instances" in request
        specs = signature.structured_input_signature[1]  # type: ignore[attr-defined]
        columns = by_name(request["instances"], specs) if rows else whole(request["inputs"], specs)
        outputs = called(signature, specs, columns)
        if not rows:
            return {"outputs": next(iter(outputs.values())) if len(outputs) == 1 else outputs}
        return {"predictions": in_rows(outputs)}


class Tensorflow(Plain):
    def model_fn(self, model_dir: str) -> Any:
        return Models(Path(model_dir))

    def road(self, script: ModuleType | None) -> Any:
        """All from body to answer, unless a script has functions of the other containers' kind."""
        if any(
            hasattr(script, f"{name}_fn") for name in ("model", "input", "predict", "output", "transform")
        ):
            return None
        if hasattr(script, "handler"):
            return Handled(script.handler)  # type: ignore[union-attr]
        own = getattr(script, "input_handler", None), getattr(script, "output_handler", None)
        return Asked(*own)

    def join(self, inputs: list[Any]) -> Any | None:
        return None  # a model may look at the whole of its input


class Asked:
    """A question of any kind becomes one of the interface's; its answer goes back as it is, or as the script has it."""

    def __init__(self, read: Any, write: Any) -> None:
        self.read, self.write = read, write

    def __call__(self, models: Models, body: bytes, headers: dict[str, str]) -> Any:
        context = context_of(models, body, headers)
        asking = self.read(io.BytesIO(body), context) if self.read else as_json(body, context)
        status, reply = models.ask(context.model_name, context.model_version, asking)
        told = json.dumps(reply).encode()
        if self.write:
            return self.write(Response(status, told), context)
        if status < 400 and formats.media(formats.accepted(context.accept_header)[0]) != formats.JSON:
            return formats.write(reply.get("predictions", reply.get("outputs")), context.accept_header)
        return status, {"content-type": formats.JSON}, told


class Handled:
    """A script that does it all, and asks the interface over HTTP if it likes."""

    def __init__(self, handler: Any) -> None:
        self.handler = handler

    def __call__(self, models: Models, body: bytes, headers: dict[str, str]) -> Any:
        if not models.uri:
            from .tensorflow_listening import listening

            models.uri = listening(models.ask)
        return self.handler(io.BytesIO(body), context_of(models, body, headers))


def context_of(models: Models, body: bytes, headers: dict[str, str]) -> Context:
    custom, accept = headers.get(CUSTOM, ""), headers.get("accept", "")
    wished = dict(part.strip().partition("=")[::2] for part in custom.split(",") if "=" in part)
    name, version = wished.get("tfs-model-name", models.default), wished.get("tfs-model-version")
    method = wished.get("tfs-method", "predict")
    if method != "predict" or (version and not version.isdigit()):
        raise Refused(400, f"Only predict is answered here, of a version that is a number: {custom}")
    place = f"{models.uri}/v1/models/{name}{f'/versions/{version}' if version else ''}:predict"
    kind = headers.get("content-type") or formats.JSON
    wanted = formats.JSON if accept in formats.ANY else accept
    return Context(name, version, method, place, "", custom, kind, wanted, len(body))


def as_json(body: bytes, context: Context) -> str:
    """Rows of other formats as `instances`."""
    kind = formats.media(context.request_content_type)
    given = body.decode("utf-8", "replace").strip()
    if kind == formats.CSV:
        return json.dumps(
            {"instances": [[cell(text) for text in line.split(",")] for line in given.splitlines()]}
        )
    if kind in LINES:
        return f'{{"instances": [{",".join(filter(str.strip, given.splitlines()))}]}}'
    if kind == formats.JSON:
        return given
    if kind in formats.READERS:
        return json.dumps({"instances": formats.read(body, kind).tolist()})
    raise Refused(415, f"Unsupported Media Type: {context.request_content_type}")


def cell(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text.strip().strip('"')


def asked(body: bytes | str) -> dict[str, Any]:
    """A request of the interface; what is no such object is taken for its instances, as SageMaker's container does."""
    try:
        values = json.loads(body)
    except ValueError as error:
        raise Refused(400, f"JSON Parse error: {error}") from None
    if not isinstance(values, dict):
        return {"instances": values if isinstance(values, list) else [values]}
    if "instances" not in values and "inputs" not in values:
        raise Refused(400, "Missing 'inputs' or 'instances' key")
    if "instances" in values and "inputs" in values:
        raise Refused(400, "Not allowed: both 'inputs' and 'instances' keys")
    return values


def by_name(instances: Any, specs: dict[str, Any]) -> dict[str, Any]:
    """Rows, each a value or (where there are several inputs) an object, as columns."""
    if not isinstance(instances, list) or not instances:
        raise Refused(400, "'instances' must be a list of at least one value")
    if any(isinstance(row, dict) and row.keys() == {"b64"} for row in instances) and len(specs) == 1:
        return {next(iter(specs)): instances}
    if not all(isinstance(row, dict) for row in instances):
        return whole(instances, specs)
    if any(row.keys() != specs.keys() for row in instances):
        raise Refused(400, f"Every instance must name the inputs {', '.join(specs)}")
    return {name: [row[name] for row in instances] for name in specs}


def whole(inputs: Any, specs: dict[str, Any]) -> dict[str, Any]:
    """Inputs column by column; the name may be left out where there is but one."""
    if isinstance(inputs, dict) and inputs.keys() == specs.keys():
        return inputs
    if len(specs) != 1 or (isinstance(inputs, dict) and inputs.keys() != {"b64"}):
        raise Refused(400, f"The inputs must be named: {', '.join(specs)}")
    return {next(iter(specs)): inputs}


def called(signature: Signature, specs: dict[str, Any], columns: dict[str, Any]) -> dict[str, Any]:
    """The signature's outputs as plain values; what does not fit its inputs is refused."""
    import tensorflow

    try:
        given = {
            name: tensorflow.constant(unwrapped(column), dtype=specs[name].dtype)
            for name, column in columns.items()
        }
        outputs = signature(**given)
    except (ValueError, TypeError, tensorflow.errors.InvalidArgumentError) as error:
        raise Refused(400, str(error)) from None
    return {name: readable(tensor.numpy().tolist()) for name, tensor in sorted(outputs.items())}


def unwrapped(value: Any) -> Any:
    """Bytes travel as `{"b64": ...}`."""
    if isinstance(value, dict) and value.keys() == {"b64"}:
        return base64.b64decode(value["b64"])
    return [unwrapped(one) for one in value] if isinstance(value, list) else value


def readable(value: Any) -> Any:
    if isinstance(value, list):
        return [readable(one) for one in value]
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode()}


def in_rows(outputs: dict[str, Any]) -> list[Any]:
    """Columns as rows: bare values where there is but one output."""
    if any(not isinstance(column, list) for column in outputs.values()):
        raise Refused(400, "An output has no rows: ask with 'inputs' instead of 'instances'.")
    if len(outputs) == 1:
        return list(next(iter(outputs.values())))
    return [dict(zip(outputs, row, strict=True)) for row in zip(*outputs.values(), strict=True)]


def load(place: Path) -> dict[str, Signature]:
    """The signatures of a SavedModel; a Keras file has one, its inputs and outputs under the names they have there."""
    import tensorflow

    if place.is_dir():
        model = tensorflow.saved_model.load(str(place))
        signatures = dict(model.signatures)
        for signature in signatures.values():
            signature.owner = model  # whose variables would be gone otherwise
        return signatures
    keras = tensorflow.keras.models.load_model(place)
    specs = [tensorflow.TensorSpec(one.shape, one.dtype, name=one.name) for one in keras.inputs]
    names = [getattr(one, "name", f"output_{number}") for number, one in enumerate(keras.outputs)]

    def answer(**inputs: Any) -> dict[str, Any]:
        given = [inputs[spec.name] for spec in specs]
        told = keras(given[0] if len(given) == 1 else given, training=False)
        return dict(zip(names, told if isinstance(told, list | tuple) else [told], strict=True))

    function = tensorflow.function(answer).get_concrete_function(**{spec.name: spec for spec in specs})
    function.owner = keras
    return {DEFAULT_SIGNATURE: function}
