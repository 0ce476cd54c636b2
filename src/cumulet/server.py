"""The HTTP server: uvicorn with our connections, on sockets that are bound before anything else, so that their
ports are known."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol, cast

import uvicorn

from cumulet.arrival import PATIENCE
from cumulet.asgi import Application
from cumulet.carrier import Carrier
from cumulet.config import Config
from cumulet.connection import Dealer
from cumulet.house import House
from cumulet.proxy import Proxy
from cumulet.workers import Workers

IDLE = 65  # seconds that a kept-alive connection may rest: longer than the clients' own pools
GRACE = 10  # seconds for requests under way at shutdown


class Staff(Dealer, Protocol):
    """A dealer that lives as long as its server: the server's workers, or a worker's desk."""

    async def start(self, server: HttpServer) -> None: ...

    def tick(self) -> None: ...

    async def stop(self) -> None: ...


class HttpServer(uvicorn.Server):
    """uvicorn, with the signals left to `run` and word given when connections are accepted."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], staff: Staff) -> None:
        super().__init__(config)
        self.ready = ready
        self.staff = staff
        self.adopting: set[asyncio.Task[Any]] = set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        await self.staff.start(self)
        self.ready()

    async def on_tick(self, counter: int) -> bool:
        self.staff.tick()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        leaving = asyncio.create_task(self.staff.stop())
        await super().shutdown(sockets)
        await leaving

    def adopt(self, descriptor: int, begun: bytes) -> None:
        """Go on with a connection that another process had, and what it has read of the next request."""
        made = cast(Callable[..., Carrier], self.config.http_protocol_class)
        protocol = partial(
            made, config=self.config, server_state=self.server_state, app_state={}, begun=begun
        )
        connection = asyncio.get_running_loop().connect_accepted_socket(
            protocol, socket.socket(fileno=descriptor)
        )
        task = asyncio.create_task(connection)
        self.adopting.add(task)
        task.add_done_callback(self.adopting.discard)


def http_server(
    house: House, ready: Callable[[], None], patience: float = PATIENCE, staff: Staff | None = None
) -> HttpServer:
    staff = staff or Workers(house.config, house.jobs)
    application = Application(house, patience=patience)
    settings = uvicorn.Config(
        application,
        http=cast(
            type[asyncio.Protocol],
            partial(Carrier, dealer=staff, at_once=application.at_once, soon=application.begin),
        ),
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=IDLE,
        timeout_graceful_shutdown=GRACE,
    )
    return HttpServer(settings, ready, staff)


async def serve(
    server: HttpServer, config: Config, listener: socket.socket, proxy_listener: socket.socket
) -> None:
    """Answer on both doors until `server.should_exit`."""
    async with Proxy(config, proxy_listener):
        await server.serve(sockets=[listener])


def run(
    house: House,
    listener: socket.socket,
    proxy_listener: socket.socket,
    ready: Callable[[], None],
    lock: int,
) -> None:
    """Serve until SIGINT or SIGTERM: then accept no more, let requests end, put everything in order.

    A second signal ends the process at once; what was acknowledged is on disk already. `lock` is the open
    file by which the data directory is held: as long as any worker lives.
    """
    server = http_server(house, ready, staff=Workers(house.config, house.jobs, (lock,)))
    _stop_by_signals(server)
    asyncio.run(serve(server, house.config, listener, proxy_listener))
    house.close()


def _stop_by_signals(server: HttpServer) -> None:
    def stop(number: int, frame: object) -> None:
        if server.should_exit:
            os._exit(128 + number)
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
