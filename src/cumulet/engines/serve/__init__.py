"""Warm models: a loaded model in a process of its own, kept alive and asked over a local socket.

`process/` is what runs there (standard library only, in the model's own Python), forked from a stem that has
the libraries imported (`stems.py`). `client.py` asks it, on connections that stay open; `worker.py` starts it,
watches it and starts it again.
"""

from cumulet.engines.serve.client import Answered, Broken, Gone, Question, TimedOut
from cumulet.engines.serve.stems import stems_in
from cumulet.engines.serve.worker import Listener, NotLoaded, Program, Worker, clear

__all__ = [
    "Answered",
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
