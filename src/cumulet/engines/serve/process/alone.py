"""A model's process without a stem: on another machine, where no other model shares its memory.

Its supervisor has given it its surroundings; where to listen stands in its environment.

    python -c BOOT ENGINES alone HANDLER FAILURE
"""

from __future__ import annotations

import os

from cumulet.engines.run import processes
from cumulet.engines.serve.process import birth


def main(handler: str, failure: str) -> None:
    code = 1
    try:
        birth.forget_ourselves()
        code = birth.live(os.environ.pop(processes.SOCKET), handler)
    except BaseException:
        birth.fail(failure)
    os._exit(code)
