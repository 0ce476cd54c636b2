"""The command line: one module in `commands` per noun or verb, imported only when it is the one asked for.

A command module has `arguments(parser)`, which declares its options, and `run(options)`, which does the
work and returns the exit code. Its docstring's first line is its help.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from cumulet.config import Unusable

# In the order in which people meet them. The sentences are here so that `cumulet --help` imports nothing.
COMMANDS = {
    "up": "start Cumulet here, in the foreground",
    "down": "stop the Cumulet that serves a data directory",
    "status": "what runs, and what it holds",
    "env": "print the settings that make AWS clients speak to Cumulet",
    "run": "run a command with those settings: cumulet run -- python script.py",
    "demo": "the whole road in three minutes: raw reviews to a live endpoint",
    "doctor": "what this machine offers, and which extras are missing",
    "image": "let a container image run in a Python environment of yours",
    "training": "interrupt managed spot training, as AWS does",
    "endpoint": "print a command that asks an endpoint, signed: cumulet endpoint url NAME",
    "account": "make further accounts",
    "s3": "take in files that were put into the lake by hand; look for damage",
    "version": "print the version",
}


class Complaint(Exception):
    """Something the person can mend: printed without a traceback, exit code 1 (or the one given)."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


class Lazy(argparse.ArgumentParser):
    """A command's parser that learns its options when it is first used."""

    learn: Callable[[argparse.ArgumentParser], None] | None = None

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self._learn()
        return super().parse_known_args(args, namespace)

    def parse_known_intermixed_args(self, args: Any = None, namespace: Any = None) -> Any:
        self._learn()
        return super().parse_known_intermixed_args(args, namespace)

    def _learn(self) -> None:
        learn, self.learn = self.learn, None
        if learn:
            learn(self)


def module(command: str) -> Any:
    return import_module(f"cumulet.commands.{command}")


def parser() -> argparse.ArgumentParser:
    """The `cumulet` parser: every command is known, none is imported."""
    root = argparse.ArgumentParser(
        prog="cumulet", description="The AWS data-science stack as one Python program on your own machine."
    )
    root.add_argument(
        "--version", action="store_const", const="version", dest="command", help="print the version"
    )
    commands = root.add_subparsers(metavar="COMMAND", dest="command", parser_class=Lazy)
    for name, sentence in COMMANDS.items():
        command = commands.add_parser(
            name, help=sentence, description=sentence[0].upper() + sentence[1:] + "."
        )
        command.learn = lambda parser, name=name: module(name).arguments(parser)
    return root


def data_dir(parser: argparse.ArgumentParser) -> None:
    """The option that nearly every command has."""
    parser.add_argument(
        "--data-dir",
        metavar="DIR",
        help="where everything is kept (default: $CUMULET_DATA_DIR or your data home)",
    )


def region(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--region", help="the AWS region to work in (default: $AWS_REGION or us-east-1)")


def port(text: str) -> int:
    """A port number for argparse: the system's own look-up would take 70000 for 4464."""
    if not (text.isascii() and text.isdigit() and int(text) < 1 << 16):
        raise argparse.ArgumentTypeError(f"{text} is no port: a number from 0 to 65535 is")
    return int(text)


def count(text: str) -> int:
    """How many of something, for argparse: at least one."""
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text} is no number of at least 1")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> int:
    root = parser()
    options = root.parse_args(arguments)
    if options.command is None:
        root.print_help()
        return 0
    try:
        return int(module(options.command).run(options) or 0)
    except Complaint as complaint:
        print(f"cumulet {options.command}: {complaint}", file=sys.stderr)
        return complaint.code
    except Unusable as unusable:
        print(f"cumulet {options.command}: {unusable}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `cumulet env | head -1`
        sys.stdout = None
        return 141
