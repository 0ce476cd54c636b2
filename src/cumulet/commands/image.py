"""`cumulet image map URI`: let jobs and models of a container image run in a Python environment, or as a command.

cumulet image map URI --python /path/to/python
cumulet image map URI -- /path/to/program --its-options     # run with `train` or `serve` behind that
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

from cumulet import cli
from cumulet.config import Config


class Verb(argparse.ArgumentParser):
    """What follows `--` is the command's, whatever stands before it."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        own = args[: args.index("--")] if "--" in args else args
        options, unknown = super().parse_known_args(own, namespace)
        options.command_line = args[len(own) + 1 :]
        return options, unknown


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=Verb)
    mapped = verbs.add_parser(
        "map",
        usage="%(prog)s URI [--python PYTHON] [--data-dir DIR] [-- COMMAND ...]",
        help="run an image's jobs and models on a Python interpreter, or as a command",
    )
    mapped.add_argument("uri", metavar="URI", help="the image, as training jobs and models name it")
    mapped.add_argument("--python", default=sys.executable, help="the interpreter (default: Cumulet's own)")
    cli.data_dir(mapped)


def run(options: argparse.Namespace) -> int:
    from cumulet.services.sagemaker import images
    from cumulet.store import Store

    if (python := shutil.which(options.python)) is None:
        raise cli.Complaint(f"There is no Python interpreter {options.python}.")
    command = _found(options.command_line)
    config = Config.read(options.data_dir)
    store = Store.open(config.data_dir, config.database_url)
    try:
        images.map_image(store, options.uri, str(Path(python).absolute()), command=command)
    finally:
        store.close()
    print(f"{options.uri} runs {f'as {shlex.join(command)}' if command else f'on {python}'} from now on.")
    return 0


def _found(command: list[str]) -> list[str]:
    """The command with its program's whole path: the server may have another PATH, and another folder."""
    if not command:
        return []
    if (program := shutil.which(command[0])) is None:
        raise cli.Complaint(f"There is no program {command[0]}.")
    return [str(Path(program).absolute()), *command[1:]]
