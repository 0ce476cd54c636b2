"""The lake's objects as pyiceberg's files: read where they lie, written aside and handed over to S3 whole."""

from __future__ import annotations

import io
import uuid
from pathlib import Path
from typing import Any

from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream

from cumulet.engines.sql.base import Lake, SqlError


class LakeIO(FileIO):
    """`folder` is where files are written before S3 takes them over."""

    def __init__(self, lake: Lake, folder: Path) -> None:
        super().__init__()
        self.lake = lake
        self.folder = folder

    def path(self, location: str) -> Path:
        """Where an object's bytes lie; an error that names the object where there is none."""
        found = self.lake.open(location)
        if found is None:
            raise FileNotFoundError(location)
        return Path(found)

    def keep(self, location: str, path: Path) -> None:
        self.lake.keep(location, str(path))

    def new_input(self, location: str) -> LakeInput:
        return LakeInput(self, location)

    def new_output(self, location: str) -> LakeOutput:
        return LakeOutput(self, location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        self.lake.discard([location if isinstance(location, str) else location.location])


class LakeInput(InputFile):
    def __init__(self, lake: LakeIO, location: str) -> None:
        super().__init__(location)
        self.lake = lake

    def __len__(self) -> int:
        return self.lake.path(self.location).stat().st_size

    def exists(self) -> bool:
        return self.lake.lake.open(self.location) is not None

    def open(self, seekable: bool = True) -> InputStream:
        return self.lake.path(self.location).open("rb")


class LakeOutput(OutputFile):
    def __init__(self, lake: LakeIO, location: str) -> None:
        super().__init__(location)
        self.lake = lake

    def __len__(self) -> int:
        return len(self.to_input_file())

    def exists(self) -> bool:
        return self.to_input_file().exists()

    def to_input_file(self) -> LakeInput:
        return LakeInput(self.lake, self.location)

    def create(self, overwrite: bool = False) -> OutputStream:
        if not overwrite and self.exists():
            raise FileExistsError(self.location)
        return HandedOver(self.lake, self.location)


class HandedOver(io.FileIO):
    """A file that becomes an object when it is closed; what is left by a write that failed, nothing refers to."""

    def __init__(self, lake: LakeIO, location: str) -> None:
        lake.folder.mkdir(parents=True, exist_ok=True)
        self.path = lake.folder / uuid.uuid4().hex
        self.lake = lake
        self.location = location
        super().__init__(self.path, "w")

    def close(self) -> None:
        if not self.closed:
            super().close()
            self.lake.keep(self.location, self.path)

    def __exit__(self, *failure: Any) -> None:
        if failure[0] is None:
            return self.close()
        super().close()
        self.path.unlink(missing_ok=True)
        return None


def missing(error: FileNotFoundError, database: str, name: str) -> SqlError:
    """A table whose files somebody took away."""
    return SqlError(
        "ICEBERG_MISSING_METADATA",
        f"Metadata not found in metadata location for table {database}.{name}: {error}",
    )
