"""The way to Cumulet for clients that insist on `https://sts.<region>.amazonaws.com`: a CONNECT proxy."""

from __future__ import annotations

import socket

from cumulet.config import Config


class Proxy:
    def __init__(self, config: Config, listener: socket.socket) -> None:
        self.config = config
        self.listener = listener

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, *_: object) -> None:
        self.listener.close()
