"""TensorFlow Serving's REST interface on a port of this machine's own, for scripts that ask it themselves."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PREDICT = re.compile(r"/v1/models/([^/:]+)(?:/versions/(\d+))?:predict")
Ask = Callable[[str, str | None, bytes], tuple[int, dict[str, Any]]]


def listening(ask: Ask) -> str:
    """Begin to answer; the URL to ask."""
    turn = threading.Lock()

    class Interface(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            if found := PREDICT.fullmatch(self.path):
                with turn:
                    status, reply = ask(found[1], found[2], body)
            else:
                status, reply = 404, {"error": f"Malformed request: POST {self.path}"}
            told = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the script's own words are what is to be read in the log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Interface)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
