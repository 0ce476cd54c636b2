"""Running other people's programs: supervised, limited, stopped for certain, and found again after a crash.

`start(task)` gives a `Run`; after a restart of the server `adopt(folder)` gives it again. Which of the two
ways a task gets its paths (`mounts`) is decided by `mounts_supported()`: where it is False, tell the program
by a variable where its folder lies.
"""

from cumulet.engines.run.base import CannotStart, MountsUnavailable, Outcome, Reason, Run, Runner, Task
from cumulet.engines.run.local import LocalRun
from cumulet.engines.run.namespace import mounts_refused, mounts_supported
from cumulet.engines.run.places import adopt, end, start

__all__ = [
    "CannotStart",
    "LocalRun",
    "MountsUnavailable",
    "Outcome",
    "Reason",
    "Run",
    "Runner",
    "Task",
    "adopt",
    "end",
    "mounts_refused",
    "mounts_supported",
    "start",
]
