"""Warm models: a loaded model in a process of its own, kept alive and asked over a local socket.

`process/` is what runs there (standard library only, in the model's own Python): forked from a stem that has the
libraries imported (`stems.py`), or by itself on a node of a Ray cluster; `program.py` starts it in either place.
`client.py` asks it, on connections that stay open; `worker.py` watches it and starts it again.
"""

from cumulet.engines.serve.client import Answered, Broken, Gone, Question, TimedOut
from cumulet.engines.serve.program import Away, Program
from cumulet.engines.serve.stems import stems_in
from cumulet.engines.serve.worker import Listener, NotLoaded, Worker, clear

__all__ = [
    "Answered",
    "Away",
    "Broken",
    "Gone",
    "Listener",
    "NotLoaded",
    "Program",
    "Question",
    "TimedOut",
    "Worker",
    "clear",
    "stems_in",
]
