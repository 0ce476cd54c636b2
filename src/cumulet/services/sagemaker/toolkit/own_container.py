"""A container of the user's own behind an endpoint: a command that serves HTTP, started and passed on to.

`CUMULET_COMMAND serve` answers GET /ping when it is ready and POST /invocations from then on, at port 8080 as on
AWS. Two such programs cannot have one port on one machine: SAGEMAKER_BIND_TO_PORT says a free one, as AWS says it
to containers that share an instance, and whoever heeds it may be started many times.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

from __future__ import annotations

import http.client
import os
import shlex
import socket
import subprocess
import time
from collections.abc import Callable

Headers = dict[str, str]
Answer = tuple[int, Headers, bytes]

USUAL = 8080
PASSED = ("content-type", "accept", "x-amzn-sagemaker-custom-attributes", "x-amzn-sagemaker-target-model")
LOOK = 0.05  # seconds between two pings
PING, ANSWER = 2.0, 3600.0  # seconds; whoever asks the endpoint has a limit of its own


def load() -> Callable[[bytes, Headers], Answer]:
    """Start the command and wait until it answers a ping."""
    ports = [free_port(), *([USUAL] if is_free(USUAL) else [])]
    line = [*shlex.split(os.environ["CUMULET_COMMAND"]), "serve"]
    process = subprocess.Popen(line, env={**os.environ, "SAGEMAKER_BIND_TO_PORT": str(ports[0])})
    port = ready(process, ports)

    def answer(body: bytes, headers: Headers) -> Answer:
        passed = {name: headers[name] for name in PASSED if name in headers}
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER)
        try:
            connection.request("POST", "/invocations", body, passed)
            response = connection.getresponse()
            told = {name.lower(): value for name, value in response.getheaders() if name.lower() in PASSED}
            return response.status, told, response.read()
        finally:
            connection.close()

    return answer


def ready(process: subprocess.Popen[bytes], ports: list[int]) -> int:
    """The port at which the program answers; an endpoint that has waited long enough ends this process."""
    while process.poll() is None:
        for port in ports:
            if pings(port):
                return port
        time.sleep(LOOK)
    raise RuntimeError(
        f"The container's program ended with code {process.returncode} before it answered GET /ping."
    )


def pings(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PING)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
