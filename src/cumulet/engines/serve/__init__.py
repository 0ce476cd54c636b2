"""Warm models: a loaded model in a process of its own, kept alive and asked over a local socket.

`process.py` is what runs there (standard library only, by path, in the model's own Python); `client.py`
asks it over HTTP/1.1 on connections that stay open; `worker.py` starts it, watches it and starts it again.
"""

from cumulet.engines.serve.client import Answered, Gone, Question, TimedOut
from cumulet.engines.serve.worker import Listener, NotLoaded, Program, Worker, clear

__all__ = ["Answered", "Gone", "Listener", "NotLoaded", "Program", "Question", "TimedOut", "Worker", "clear"]
