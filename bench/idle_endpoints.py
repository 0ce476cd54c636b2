"""What endpoints take that nobody asks: memory, processes and processor time of many of them (serving.py --idle N).

Memory is the proportional set size: pages that processes share are counted once, which is what the machine has to
have. Resident sizes, which count them as often as they are mapped, stand beside it.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import servers

SETTLE, WATCH = 5.0, 20.0  # seconds


def proportional(pid: int) -> int:
    """Bytes of a process's memory, those that it shares with others divided among them."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    return 0


def report(server: servers.Server, sagemaker: Any, config: str, count: int) -> str:
    """Bring up so many endpoints of one configuration, and look at them while nothing happens."""
    began = time.perf_counter()
    names = [f"idle-{number}" for number in range(count)]
    for name in names:
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
    for name in names:
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})
    seconds = time.perf_counter() - began
    time.sleep(SETTLE)
    before = server.cpu()
    time.sleep(WATCH)
    busy = (server.cpu() - before) / WATCH
    processes = servers.family(server.process.pid)
    taken, own = sum(map(proportional, processes)), proportional(server.process.pid)
    return (
        f"{count} idle endpoints (aim: under 3,000 MB): {taken / 1e6:,.0f} MB in {len(processes)} processes, of it "
        f"{own / 1e6:,.0f} MB the server's ({server.memory() / 1e6:,.0f} MB where shared pages count each time); "
        f"{busy:.1%} of a processor; all in service after {seconds:.0f} s."
    )
