"""`cumulet up`: the server, in the foreground."""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from cumulet import cli
from cumulet.config import Config
from cumulet.presence import AlreadyServed, Presence, claim

if TYPE_CHECKING:
    from cumulet.house import House

UNHURRIED = 1.0  # seconds that a start has to itself


def arguments(parser: argparse.ArgumentParser) -> None:
    cli.data_dir(parser)
    parser.add_argument("--host", help="the address to listen on (default: 127.0.0.1, this machine only)")
    parser.add_argument(
        "--port", type=cli.port, help="the port to listen on, 0 for any free one (default: 4566)"
    )
    parser.add_argument(
        "--workers",
        type=cli.count,
        help="how many processes answer S3 requests (default: one, and more under load, up to 4 or the cores)",
    )
    parser.add_argument(
        "--format", choices=["text", "json"], default="text", help="how to say that it is ready"
    )
    parser.add_argument(
        "--tethered",
        action="store_true",
        help="stop when standard input closes (for programs that start Cumulet)",
    )


def run(options: argparse.Namespace) -> int:
    config = Config.read(options.data_dir, options.host, options.port, options.workers)
    if options.tethered:
        _tether()
    try:
        with claim(config.data_dir) as lock:
            serve(config, _announce_json if options.format == "json" else _announce, lock)
    except AlreadyServed as error:
        raise cli.Complaint(str(error)) from None
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)  # everything is in order; a request's thread that would not end must not keep the process


def serve(config: Config, announce: Callable[[Config, Presence], None], lock: int) -> None:
    """Bind, open the house, and serve until told to stop."""
    listener, proxy_listener = _bind(config)
    config = config.at(config.host, listener.getsockname()[1], proxy_listener.getsockname()[1])
    import logging

    from cumulet import access, server
    from cumulet.house import House
    from cumulet.services import iam

    _open_many_files()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    house = House(config)
    credential = iam.administrator(house)
    house.jobs.start()
    threading.Thread(target=_watch, args=(house,), name="watch", daemon=True).start()

    def ready() -> None:
        access.leave(config, {"AccessKeyId": credential.access_key, "SecretAccessKey": credential.secret})
        presence = Presence.of(config)
        presence.write(config.data_dir)
        announce(config, presence)

    server.run(house, listener, proxy_listener, ready, lock)


def _watch(house: House) -> None:
    """Files that people drop into the lake are for later: the first requests come first."""
    if not house.jobs.closing.wait(UNHURRIED):
        from cumulet.services.s3.watch import watch

        watch(house)


def _open_many_files() -> None:
    """A connection and a streamed object are a file each; the usual limit of 1,024 is soon reached."""
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 65536 if most == resource.RLIM_INFINITY else min(most, 65536)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _bind(config: Config) -> tuple[socket.socket, socket.socket]:
    """The two doors: the endpoint, and the proxy beside it (on the next port where that is free)."""
    from cumulet.listening import listen

    try:
        listener = listen(config.host, config.port)
    except OSError as error:
        raise cli.Complaint(
            f"cannot listen on {config.host}:{config.port}: {error.strerror}. "
            "Choose another with --port (0: any free one) or --host."
        ) from None
    try:
        return listener, listen("127.0.0.1", config.port and config.port + 1)
    except (OSError, OverflowError):
        return listener, listen("127.0.0.1", 0)


def _announce(config: Config, presence: Presence) -> None:
    where = f' --data-dir "{config.data_dir}"' if config.data_dir != Config.read().data_dir else ""
    open_to_all = f", open to other machines on {config.host}" if config.host in ("0.0.0.0", "::") else ""
    print(
        f"Cumulet is up at {config.endpoint}{open_to_all} (Ctrl-C stops it)\n"
        f"  data     {config.data_dir}\n"
        f"  connect  cumulet run{where} -- aws s3 ls        one command, nothing in it changed\n"
        f'           eval "$(cumulet env{where})"           this shell',
        flush=True,
    )


def _announce_json(config: Config, presence: Presence) -> None:
    print(
        json.dumps({**asdict(presence), "endpoint": config.endpoint, "data_dir": str(config.data_dir)}),
        flush=True,
    )


def _tether() -> None:
    """Whoever holds the other end of standard input keeps this server alive, and nobody else."""
    import signal

    def wait() -> None:
        while os.read(0, 4096):
            pass
        signal.raise_signal(signal.SIGTERM)

    threading.Thread(target=wait, name="tether", daemon=True).start()
