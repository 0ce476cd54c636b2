"""A worker: a process that answers the S3 requests of the connections that it is given.

It opens the same store as the server, and knows nothing that is not in there. A request for another service
goes back to the server with its connection, and so does word of jobs, which only the server does. It never
outlives the server.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cumulet import channel
from cumulet.channel import Channel
from cumulet.config import Config
from cumulet.connection import Connection
from cumulet.engines.run.processes import die_with_parent
from cumulet.house import House
from cumulet.server import HttpServer, http_server


class Desk:
    """The dealer of a worker: S3 is answered here, all else by the server."""

    def __init__(self, server: Channel) -> None:
        self.server = server

    def taken(self, connection: Connection, begun: bytes) -> bool:
        if connection.for_s3:
            return False
        self.server.give(connection.transport.get_extra_info("socket").fileno(), begun)
        return True

    def kept(self, connection: Connection) -> bool:
        return connection.for_s3

    def closed(self, connection: Connection) -> None:
        if not connection.gone:
            with suppress(OSError):  # the server has gone first
                self.server.send(channel.CLOSED)

    def tick(self) -> None:
        pass

    async def start(self, server: HttpServer) -> None:
        """Hear what the server says from now on."""
        self.answering = server
        asyncio.get_running_loop().add_reader(self.server.end.fileno(), self._hear)
        self.server.send(channel.READY)

    async def stop(self) -> None:
        pass

    def _hear(self) -> None:
        try:
            while message := self.server.receive():
                if message.kind == channel.STOP:
                    self.answering.should_exit = True
                elif message.descriptor is not None:
                    self.answering.adopt(message.descriptor, message.text)
        except EOFError:
            os._exit(1)  # the server has gone


def work(server: Channel, config: Config) -> None:
    """Answer until told to stop; then let requests end."""
    house = House(config)
    house.jobs.elsewhere = lambda job: server.send(channel.JOB, job.encode())
    answering = http_server(house, lambda: None, staff=Desk(server))
    _stop_by_signal(lambda: setattr(answering, "should_exit", True))
    asyncio.run(answering.serve(sockets=[]))
    house.close()


def _stop_by_signal(stop: Callable[[], None]) -> None:
    """Ctrl-C is for the server, which then tells its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: stop())


def main(descriptor: int) -> None:
    die_with_parent()
    server = Channel(socket.socket(fileno=descriptor))
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = json.loads(server.end.recv(channel.PART)[1:] or sys.exit(1))
    work(server, Config(**{**settings, "data_dir": Path(settings["data_dir"])}))
    os._exit(0)  # a request's thread that would not end must not keep the process


if __name__ == "__main__":
    main(int(sys.argv[1]))
