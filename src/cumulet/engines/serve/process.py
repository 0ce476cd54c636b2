"""A model's process: load a handler, then answer questions on a Unix socket until the end.

    python process.py SOCKET HANDLER

HANDLER is a Python file with a function `load()`, which loads the model and returns another function
`answer(body, headers) -> (status, headers, body)`. It is called for one question at a time, since few
models are safe to share between threads. The socket exists as soon as the model is loaded, not before.
Where loading fails, the traceback lies in SOCKET.failure and the process ends.

A thread per connection: there are as many as the server keeps open, and a question is answered on the
very thread that read it, so nothing is handed over on the way.
"""

from __future__ import annotations

import contextlib
import importlib.util
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

Headers = dict[str, str]
Handler = Callable[[bytes, Headers], tuple[int, Headers, bytes]]

BACKLOG = 512


def load(path: str) -> Handler:
    spec = importlib.util.spec_from_file_location("handler", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Handler = module.load()
    return handler


def read_question(stream: socket.SocketIO) -> tuple[Headers, bytes] | None:
    """The headers and body of the next request; None where the connection has ended."""
    if not stream.readline():
        return None
    headers: Headers = {}
    while line := stream.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers, stream.read(int(headers.get("content-length", "0"))) or b""


def converse(connection: socket.socket, handler: Handler, turn: threading.Lock) -> None:
    """Answer the questions of one connection, one after the other."""
    with connection, connection.makefile("rb") as stream, contextlib.suppress(ConnectionError):
        while (question := read_question(stream)) is not None:  # type: ignore[arg-type]
            headers, body = question
            with turn:
                status, told, answer = ask(handler, body, headers)
            lines = [f"HTTP/1.1 {status} -", f"content-length: {len(answer)}"]
            lines += [f"{name}: {value}" for name, value in told.items()]
            connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + answer)


def ask(handler: Handler, body: bytes, headers: Headers) -> tuple[int, Headers, bytes]:
    """What a handler raises is its answer too: a traceback, seen in the log and by the caller."""
    try:
        return handler(body, headers)
    except Exception:
        text = traceback.format_exc()
        print(text, file=sys.stderr, flush=True)
        return 500, {"content-type": "text/plain"}, text.encode()


def listen(path: str) -> socket.socket:
    """A listening socket that appears under its name only when it can be connected to."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    Path(path).unlink(missing_ok=True)
    server.bind(f"{path}~")
    server.listen(BACKLOG)
    Path(f"{path}~").rename(path)
    return server


def main(path: str, handler_file: str) -> int:
    try:
        handler = load(handler_file)
    except BaseException:
        text = traceback.format_exc()
        print(text, file=sys.stderr, flush=True)
        Path(f"{path}.failure").write_text(text)
        return 1
    turn = threading.Lock()
    with listen(path) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=converse, args=(connection, handler, turn), daemon=True).start()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2]))
