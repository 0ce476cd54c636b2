"""Many models in one process, loaded when they are asked for, the one asked longest ago let go for the next.

The server lays a model's files out and says in a header where they are.

https://docs.aws.amazon.com/sagemaker/latest/dg/multi-model-endpoints.html
"""

from __future__ import annotations

import gc
import json
import os
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

from .script import Headers, Served

FOLDER = "x-cumulet-model"  # the header with the folder's name, below `models`
FIGURES = "x-cumulet-figures"  # the header of the answer with what it took to have the model ready
MOST = int(os.environ.get("SAGEMAKER_MULTI_MODEL_MAX", "0"))  # models in memory; 0: what fits
ROOM = int(os.environ.get("CUMULET_MEMORY", "0")) * 3 // 5  # bytes that may be resident before one must go


class MultiModel:
    def __init__(self, base: Path) -> None:
        self.base = base
        self.loaded: OrderedDict[str, Served] = OrderedDict()

    def __call__(self, body: bytes, headers: Headers) -> Any:
        figures: dict[str, float] = {}
        status, told, answer = self._model(headers[FOLDER], figures)(body, headers)
        return status, {**told, FIGURES: json.dumps({**figures, "models": len(self.loaded)})}, answer

    def _model(self, name: str, figures: dict[str, float]) -> Served:
        found = self.loaded.pop(name, None)
        if found is None:
            before, began = len(self.loaded), time.monotonic()
            self._make_room()
            if len(self.loaded) < before:
                figures["ModelUnloadingTime"] = time.monotonic() - began
            began, folder = time.monotonic(), self.base / "models" / name
            found = Served(folder, self.base / "code")
            figures["ModelLoadingTime"] = time.monotonic() - began
        self.loaded[name] = found
        return found

    def _make_room(self) -> None:
        while self.loaded and ((MOST and len(self.loaded) >= MOST) or (ROOM and resident() > ROOM)):
            self.loaded.popitem(last=False)
            gc.collect()
            if not MOST:
                break  # memory that was freed need not show at once: one for each newcomer


def resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
