"""Data as the algorithms read it: CSV, libsvm, Parquet and RecordIO-protobuf become a matrix and its labels.

https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import recordio
from .errors import ClientError, missing
from .job import Channel

CSV, LIBSVM, PARQUET = "text/csv", "text/libsvm", "application/x-parquet"
RECORDIO, JSON, JSONLINES = "application/x-recordio-protobuf", "application/json", "application/jsonlines"
ALSO = {
    "csv": CSV,
    "libsvm": LIBSVM,
    "text/x-libsvm": LIBSVM,
    "parquet": PARQUET,
    "recordio-protobuf": RECORDIO,
    "application/json-lines": JSONLINES,
    "application/x-jsonlines": JSONLINES,
}
DELIMITERS = ",;\t| "
NULLS = ["", "NA", "N/A", "nan", "NaN", "null", "NULL", "None"]

Matrix = Any  # numpy.ndarray, or scipy's csr_matrix where the data is sparse


@dataclass(slots=True)
class Table:
    features: Matrix
    labels: np.ndarray | None = None
    weights: np.ndarray | None = None
    groups: np.ndarray | None = None  # of rankings: which query a row belongs to

    def __len__(self) -> int:
        return int(self.features.shape[0])

    @property
    def dense(self) -> np.ndarray:
        found = self.features.toarray() if hasattr(self.features, "toarray") else self.features
        return np.asarray(found, np.float32)

    @property
    def answers(self) -> np.ndarray:
        """The labels, which have to be there."""
        if self.labels is None:
            raise ClientError("The records of the training data have no labels.")
        return self.labels


def media(content_type: str) -> tuple[str, dict[str, str]]:
    """A content type in its usual form, and its parameters."""
    kind, *rest = (part.strip() for part in content_type.split(";"))
    parameters = dict(part.split("=", 1) for part in rest if "=" in part)
    return ALSO.get(kind.lower(), kind.lower()), parameters


def read(
    channel: Channel, kinds: tuple[str, ...], default: str, *, labelled: bool = True, weighted: bool = False
) -> Table:
    """All of a channel. CSV has its label first unless it says `label_size=0`; so does Parquet."""
    kind, parameters = media(channel.content_type or default)
    if kind not in kinds:
        raise ClientError(
            f"Unable to initialize the algorithm. Failed to validate input data configuration. (caused by "
            f"ValidationError)\n\nCaused by: '{channel.content_type}' is not one of {list(kinds)}"
        )
    labels = int(parameters.get("label_size", 1 if labelled else 0))
    readers: dict[str, Callable[[bytes], Table]] = {
        CSV: lambda data: split(csv_matrix(data), labels, weighted),
        PARQUET: lambda data: split(parquet_matrix(data), labels, weighted),
        LIBSVM: libsvm,
        RECORDIO: recordio_table,
    }
    tables = [readers[kind](piece) for piece in channel.pieces() if piece.strip()]
    if not tables:
        raise ClientError(
            f"No data in the channel {channel.name}: every file of it is empty, or there is none."
        )
    return joined(tables)


def split(matrix: np.ndarray, labels: int, weighted: bool = False) -> Table:
    """Columns: the label where there is one, the row's weight where there are any, the features."""
    label = matrix[:, 0] if labels else None
    weights = matrix[:, labels] if weighted else None
    return Table(matrix[:, labels + int(weighted) :], label, weights)


def joined(tables: list[Table]) -> Table:
    if len(tables) == 1:
        return tables[0]
    width = max(table.features.shape[1] for table in tables)
    return Table(
        _stacked([_widened(table.features, width) for table in tables]),
        _concatenated([table.labels for table in tables]),
        _concatenated([table.weights for table in tables]),
        _concatenated([table.groups for table in tables]),
    )


def _stacked(matrices: list[Matrix]) -> Matrix:
    if any(hasattr(matrix, "tocsr") for matrix in matrices):
        return scipy_sparse().vstack(matrices).tocsr()
    return np.concatenate(matrices)


def _widened(matrix: Matrix, width: int) -> Matrix:
    """Sparse files may each end at another column; dense ones have to agree."""
    if matrix.shape[1] == width:
        return matrix
    if not hasattr(matrix, "tocsr"):
        raise ClientError("The files of the channel differ in their number of columns.")
    matrix.resize(matrix.shape[0], width)
    return matrix


def _concatenated(arrays: list[np.ndarray | None]) -> np.ndarray | None:
    found = [array for array in arrays if array is not None]
    return np.concatenate(found) if len(found) == len(arrays) else None


def scipy_sparse() -> Any:
    try:
        import scipy.sparse
    except ImportError:
        raise missing("scipy") from None
    return scipy.sparse


# Formats


def csv_matrix(data: bytes) -> np.ndarray:
    """Numbers in rows, no header; what is empty is NaN."""
    import pyarrow as pa
    from pyarrow import csv as reader

    first = data.lstrip().split(b"\n", 1)[0].decode(errors="replace").strip()
    delimiter = _delimiter(first)
    names = [str(number) for number in range(len(next(csv.reader([first], delimiter=delimiter), [])))]
    try:
        table = reader.read_csv(
            io.BytesIO(data),
            reader.ReadOptions(column_names=names),
            reader.ParseOptions(delimiter=delimiter),
            reader.ConvertOptions(column_types=dict.fromkeys(names, pa.float64()), null_values=NULLS),
        )
    except pa.ArrowInvalid as error:
        raise ClientError(f"Unable to parse CSV: {error}. It needs numbers only, and no header.") from None
    columns = [column.to_numpy(zero_copy_only=False) for column in table.columns]
    return np.column_stack(columns) if columns else np.empty((0, 0))


def _delimiter(line: str) -> str:
    return max(DELIMITERS, key=lambda sign: (line.count(sign), -DELIMITERS.index(sign)))


def parquet_matrix(data: bytes) -> np.ndarray:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(pa.BufferReader(data))
        columns = [column.cast(pa.float64()).to_numpy() for column in table.columns]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ClientError(f"Failed to load parquet data with exception:\n{error}") from None
    return np.column_stack(columns)


def libsvm(data: bytes) -> Table:
    """`label[:weight] [qid:n] column:value ...`, columns as they are numbered."""
    labels: list[float] = []
    weights: list[float] = []
    groups: list[int] = []
    places, columns, values = [0], [], []
    for number, line in enumerate(data.decode(errors="replace").splitlines(), 1):
        head, *entries = line.partition("#")[0].split() or [""]
        if not head:
            continue
        try:
            label, _, weight = head.partition(":")
            pairs = [entry.split(":") for entry in entries]
            groups += [int(value) for name, value in pairs if name == "qid"]
            columns += [int(name) for name, _ in pairs if name != "qid"]
            values += [float(value) for name, value in pairs if name != "qid"]
            labels.append(float(label))
            weights.append(float(weight or 1))
        except ValueError:
            raise ClientError(f"Line {number} is not in the libsvm format: {line[:50]}") from None
        places.append(len(columns))
    features = sparse(values, columns, places, max(columns, default=-1) + 1)
    weighted = np.array(weights) if set(weights) - {1.0} else None
    return Table(features, np.array(labels), weighted, np.array(groups) if groups else None)


def sparse(values: Any, columns: Any, places: Any, width: int) -> Matrix:
    shape, columns = (len(places) - 1, width), np.asarray(columns, np.int64)
    if columns.max(initial=-1) >= width:
        raise ClientError(f"A sparse vector of {width} values has a value at {columns.max()}.")
    try:
        return scipy_sparse().csr_matrix((np.asarray(values, np.float32), columns, places), shape=shape)
    except ValueError as error:
        raise ClientError(f"The keys and values of a sparse vector do not fit together: {error}") from None


def recordio_table(data: bytes) -> Table:
    return table_of(recordio.records(data))


def table_of(records: Iterable[recordio.Record]) -> Table:
    """Vectors of the feature `values`, with the label of that name."""
    tensors, labels = [], []
    for record in records:
        if "values" not in record.features:
            raise ClientError("A record has no feature named 'values'.")
        tensors.append(record.features["values"])
        labels.append(record.label["values"].values[0] if "values" in record.label else None)
    found = None if None in labels else np.array(labels, np.float64)
    return Table(matrix_of(tensors), found)


def matrix_of(tensors: list[recordio.Tensor]) -> Matrix:
    if not any(tensor.keys is not None for tensor in tensors):
        if len({len(tensor.values) for tensor in tensors}) > 1:
            raise ClientError("The records differ in their number of features.")
        return np.stack([tensor.values for tensor in tensors]) if tensors else np.empty((0, 0))
    keys = [t.keys if t.keys is not None else np.arange(len(t.values)) for t in tensors]
    widths = [
        int(t.shape[-1]) if t.shape is not None else int(max(k, default=-1)) + 1
        for t, k in zip(tensors, keys, strict=True)
    ]
    places = np.cumsum([0, *(len(found) for found in keys)])
    columns = np.concatenate(keys).astype(np.int64)
    return sparse(np.concatenate([tensor.values for tensor in tensors]), columns, places, max(widths))
