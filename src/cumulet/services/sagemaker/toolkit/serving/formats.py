"""The formats that SageMaker's containers read and write: arrays as CSV, JSON, JSON lines, NPY, Parquet, libsvm
and recordio-protobuf.

https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

from . import recordio
from .refusals import Refused

JSON, CSV, NPY = "application/json", "text/csv", "application/x-npy"
LINES, PARQUET, LIBSVM = "application/jsonlines", "application/x-parquet", "text/libsvm"
RECORDIO, PLAIN = "application/x-recordio-protobuf", "text/plain"
OTHER_NAMES = {
    "application/x-jsonlines": LINES,
    "application/jsonl": LINES,
    "text/x-libsvm": LIBSVM,
    "application/x-libsvm": LIBSVM,
    "application/parquet": PARQUET,
    "application/vnd.apache.parquet": PARQUET,
}
TEXT = (
    JSON,
    CSV,
)  # types whose body reaches input_fn as str, as in AWS's containers; that of all others as bytes
ANY = ("", "*/*", "application/*", "text/*")


def media(content_type: str) -> str:
    """The bare type, by the name that is used here."""
    bare = content_type.partition(";")[0].strip().lower()
    return OTHER_NAMES.get(bare, bare)


def as_given(body: bytes, content_type: str) -> Any:
    """A body as input_fn gets it: text as text."""
    if media(content_type) not in TEXT:
        return body
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Refused(400, f"The body is not UTF-8 text, as {content_type} is: {error}") from None


def read(given: Any, content_type: str) -> Any:
    """An array of the body's values: 32-bit floats where it came as text."""
    reader = READERS.get(media(content_type))
    if reader is None:
        known = ", ".join(READERS)
        raise Refused(415, f"Content type {content_type} is not supported by this model: it reads {known}.")
    try:
        return reader(given)
    except Refused:
        raise
    except Exception as error:
        raise Refused(400, f"The body is not the {content_type} that it says it is: {error}") from error


def write(prediction: Any, accept: str) -> tuple[bytes, str]:
    """The prediction in the first of the accepted formats that can be written, and its type."""
    for wanted in accepted(accept):
        if writer := WRITERS.get(media(wanted)):
            return writer(prediction), wanted
    raise Refused(406, f"This model does not answer in {accept}: it can give {', '.join(WRITERS)}.")


def accepted(accept: str, default: str = JSON) -> list[str]:
    """The types of an Accept header, the most wanted first; anything goes is the default."""
    wanted = []
    for place, part in enumerate(accept.split(",")):
        kind, *parameters = [word.strip() for word in part.split(";")]
        quality = next((float(word[2:]) for word in parameters if word.startswith("q=")), 1.0)
        wanted.append((-quality, place, default if kind in ANY else kind))
    return [kind for _, _, kind in sorted(wanted)]


def _read_json(text: str) -> Any:
    import numpy

    values = json.loads(text)
    if isinstance(values, dict) and "instances" in values:
        values = values["instances"]
        values = [row.get("features", row) if isinstance(row, dict) else row for row in values]
    return numpy.array(values).astype(numpy.float32)


def _read_lines(body: bytes) -> Any:
    import numpy

    rows = [json.loads(line) for line in body.splitlines() if line.strip()]
    return numpy.array([row.get("features", row) if isinstance(row, dict) else row for row in rows]).astype(
        numpy.float32
    )


def _read_csv(text: str) -> Any:
    import numpy

    read = numpy.genfromtxt(io.StringIO(text), delimiter=",")
    return read.astype(numpy.float32)


def _read_npy(body: bytes) -> Any:
    import numpy

    return numpy.load(io.BytesIO(body), allow_pickle=False)


def _read_parquet(body: bytes) -> Any:
    import pandas

    return pandas.read_parquet(io.BytesIO(body)).to_numpy()


def _read_libsvm(body: bytes) -> Any:
    """Rows of `[label] index:value ...`, indices counted from 0."""
    import numpy

    rows = []
    for line in body.decode().splitlines():
        pairs = [pair.split(":") for pair in line.split() if ":" in pair]
        rows.append({int(index): float(value) for index, value in pairs})
    width = max((max(row, default=-1) for row in rows), default=-1) + 1
    found = numpy.zeros((len(rows), width), dtype=numpy.float32)
    for number, row in enumerate(rows):
        for index, value in row.items():
            found[number, index] = value
    return found


def _read_recordio(body: bytes) -> Any:
    import numpy

    return numpy.array(recordio.vectors(body), dtype=numpy.float32)


def as_list(value: Any) -> Any:
    """What JSON cannot say itself: arrays and numpy's numbers, data frames, tensors."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if hasattr(value, "to_dict"):
        return value.to_dict(orient="records") if hasattr(value, "columns") else value.tolist()
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _array(prediction: Any) -> Any:
    import numpy

    return numpy.asarray(prediction.detach().cpu() if hasattr(prediction, "detach") else prediction)


def _write_json(prediction: Any) -> bytes:
    return json.dumps(prediction, default=as_list).encode()


def _write_lines(prediction: Any) -> bytes:
    return b"".join(json.dumps(row, default=as_list).encode() + b"\n" for row in _array(prediction).tolist())


def _write_csv(prediction: Any) -> bytes:
    import numpy

    buffer = io.BytesIO()
    numpy.savetxt(buffer, _array(prediction), delimiter=",", fmt="%s")
    return buffer.getvalue()


def _write_npy(prediction: Any) -> bytes:
    import numpy

    buffer = io.BytesIO()
    numpy.save(buffer, _array(prediction))
    return buffer.getvalue()


def _write_parquet(prediction: Any) -> bytes:
    import pandas

    frame = pandas.DataFrame(_array(prediction))
    frame.columns = [str(name) for name in frame.columns]
    return bytes(frame.to_parquet(index=False))


def _write_recordio(prediction: Any) -> bytes:
    rows = _array(prediction)
    return recordio.pack([row if hasattr(row, "__len__") else [row] for row in rows.tolist()])


READERS: dict[str, Callable[[Any], Any]] = {
    JSON: _read_json,
    CSV: _read_csv,
    NPY: _read_npy,
    LINES: _read_lines,
    PARQUET: _read_parquet,
    LIBSVM: _read_libsvm,
    RECORDIO: _read_recordio,
}
WRITERS: dict[str, Callable[[Any], bytes]] = {
    JSON: _write_json,
    CSV: _write_csv,
    NPY: _write_npy,
    LINES: _write_lines,
    PARQUET: _write_parquet,
    RECORDIO: _write_recordio,
}
