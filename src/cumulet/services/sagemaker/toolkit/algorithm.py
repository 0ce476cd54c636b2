"""A built-in algorithm in a job (run as a program) or behind an endpoint (`load`, as `inference.py` has it).

CUMULET_ALGORITHM names it and its version, as its image does: `xgboost:1.7-1`. The package with the algorithms
is loaded by its path, under a name of its own: not the server around it, which this Python may not have.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml")
PACKAGE = Path(__file__).resolve().parent.parent / "algorithms"
NAME = "cumulet_algorithms"


def package(module: str) -> Any:
    """A module of the algorithms' package."""
    if NAME not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            NAME, PACKAGE / "__init__.py", submodule_search_locations=[str(PACKAGE)]
        )
        assert spec
        assert spec.loader
        sys.modules[NAME] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[NAME])
    return importlib.import_module(f"{NAME}.{module}")


def chosen() -> tuple[Any, str]:
    """The algorithm and its version. Its libraries' threads sleep where they have to wait for each other: other
    jobs are on the same processors."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    name, _, version = os.environ["CUMULET_ALGORITHM"].partition(":")
    return package("catalogue").named(name), version


def load() -> Callable[[bytes, dict[str, str]], Any]:
    """The model in /opt/ml/model, ready to be asked."""
    algorithm, version = chosen()
    answer: Callable[[bytes, dict[str, str]], Any] = algorithm.code.load(BASE / "model", version)
    return answer


def main() -> int:
    """Train; 0, or 2 where it is the user's to put right and 1 where it is not."""
    algorithm, version = chosen()
    job = package("job").Job(BASE, version)
    try:
        if not algorithm.shared:
            job.check_alone()
        algorithm.code.train(job)
    except package("errors").ClientError as error:
        return failed(f"ClientError: {error}", 2)
    except Exception:
        return failed(f"framework error: \n{traceback.format_exc()}", 1)
    return 0


def failed(reason: str, code: int) -> int:
    (BASE / "output").mkdir(parents=True, exist_ok=True)
    (BASE / "output/failure").write_text(reason)
    print(reason, file=sys.stderr, flush=True)
    return code


if __name__ == "__main__":
    sys.path.pop(0)  # this folder, whose modules are nobody's business here
    raise SystemExit(main())
