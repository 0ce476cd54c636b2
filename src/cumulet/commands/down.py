"""`cumulet down`: an orderly stop, waited for."""

from __future__ import annotations

import argparse
import os
import signal
import time

from cumulet import cli
from cumulet.config import Config
from cumulet.presence import held, serving


def arguments(parser: argparse.ArgumentParser) -> None:
    cli.data_dir(parser)
    parser.add_argument("--timeout", type=float, default=60, help="seconds to wait for it (default: 60)")


def run(options: argparse.Namespace) -> int:
    data_dir = Config.read(options.data_dir).data_dir
    found = serving(data_dir)
    if found is None:
        print(f"No Cumulet serves {data_dir}.")
        return 0
    os.kill(found.pid, signal.SIGTERM)
    deadline = time.monotonic() + options.timeout
    while held(data_dir):  # another process's lock: there is no event to wait for
        if time.monotonic() > deadline:
            late = f"process {found.pid} has not ended after {options.timeout:g} s"
            raise cli.Complaint(f"{late}; wait, or kill it by hand")
        time.sleep(0.02)
    print(f"Cumulet (process {found.pid}) has stopped; its data stays in {data_dir}.")
    return 0
