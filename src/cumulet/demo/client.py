"""The process that walks the road: tells the demo what happens, and ends with it however it ends.

Facts go to the file descriptor that is named first, a JSON object a line; standard output and standard
error stay free for what the clients print.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import traceback
import warnings
from typing import Any


def main(descriptor: int) -> None:
    threading.Thread(target=_end_with_the_demo, daemon=True).start()
    warnings.filterwarnings("ignore")
    logging.getLogger("botocore").setLevel(logging.WARNING)
    with os.fdopen(descriptor, "w", buffering=1) as facts:

        def say(kind: str, value: Any) -> None:
            facts.write(json.dumps([kind, value]) + "\n")

        from cumulet.demo.road import Road  # the clients take a few seconds to import

        try:
            Road(step=lambda name: say("step", name), tell=lambda **found: say("facts", found)).walk()
        except Exception as error:  # told here: sagemaker's own hook would print a page in a frame
            traceback.print_exc()
            say("facts", {"error": f"{type(error).__name__}: {error}"})
            sys.exit(1)
        say("step", "")


def _end_with_the_demo() -> None:
    """Standard input is a pipe that the demo holds open for as long as it lives."""
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
