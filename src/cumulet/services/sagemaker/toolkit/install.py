"""What a requirements.txt asks for, installed for a job, with pip's words in the job's own log.

    python install.py ENVIRONMENTS FOLDER BASE OWN REQUIREMENTS

ENVIRONMENTS is the path of `cumulet/engines/run/environments.py`, FOLDER where environments are kept and
shared, BASE the interpreter to stand on, OWN the place of the job's own environment on top of that. The
interpreter to use from then on is the one line of standard output.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path


def main(environments: str, folder: str, base: str, own: str, requirements: str) -> int:
    spec = importlib.util.spec_from_file_location("environments", environments)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        shared = module.environment(Path(requirements).read_text(), Path(folder), Path(base), say)
    except module.CannotBuild as error:
        say(str(error))
        return 1
    print(module.private(Path(own), shared))
    return 0


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
