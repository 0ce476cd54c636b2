"""`cumulet run -- CMD...`: a command with everything set, against a running or a freshly started Cumulet."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cumulet import cli
from cumulet.config import Config
from cumulet.presence import serving

PASSED_ON = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH")
FROM_TERMINAL = ("SIGINT", "SIGQUIT", "SIGWINCH")  # what a terminal sends to every process in front


def arguments(parser: argparse.ArgumentParser) -> None:
    cli.data_dir(parser)
    cli.region(parser)
    parser.add_argument("command_line", metavar="-- CMD", nargs=argparse.REMAINDER, help="the command")


def run(options: argparse.Namespace) -> int:
    command = options.command_line[options.command_line[:1] == ["--"] :]
    if not command:
        raise cli.Complaint("nothing to run: cumulet run -- python script.py", code=2)
    if shutil.which(command[0]) is None:
        raise cli.Complaint(f"{command[0]}: command not found", code=127)
    config = Config.read(options.data_dir)
    region = options.region or config.region
    if found := serving(config.data_dir):
        _become(command, found.config(config), region)
    with _fresh(config) as started:
        return _attend(command, started, region)


def _environment(config: Config, region: str) -> dict[str, str]:
    from cumulet import access, environment

    return environment.over(os.environ, environment.variables(config, access.administrator(config), region))


def _become(command: list[str], config: Config, region: str) -> None:
    """Nothing to look after: the command takes the place of this process."""
    environ = _environment(config, region)
    sys.stdout.flush()
    os.execvpe(command[0], command, environ)


@contextmanager
def _fresh(config: Config) -> Iterator[Config]:
    """A Cumulet of our own for as long as the command runs."""
    from cumulet.launch import Child, LaunchFailed

    try:
        child = Child(config.data_dir)
    except LaunchFailed as error:
        raise cli.Complaint(str(error)) from None
    try:
        yield child.config
    finally:
        child.stop()


def _attend(command: list[str], config: Config, region: str) -> int:
    """Run the command, pass signals on to it, and end as it ends."""
    early: list[int] = []
    process: subprocess.Popen[bytes] | None = None

    def pass_on(number: int, frame: object) -> None:
        if process is None:
            early.append(number)
        elif not _sent_by_terminal(number) and process.poll() is None:
            process.send_signal(number)

    for name in PASSED_ON:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), pass_on)
    process = subprocess.Popen(command, env=_environment(config, region))
    for number in early:
        process.send_signal(number)
    code = process.wait()
    return code if code >= 0 else 128 - code


def _sent_by_terminal(number: int) -> bool:
    """Whether the command has got the signal already, as a member of the terminal's group in front."""
    if signal.Signals(number).name not in FROM_TERMINAL:
        return False
    try:
        with Path("/dev/tty").open() as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False
