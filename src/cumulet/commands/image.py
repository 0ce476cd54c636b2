"""`cumulet image map URI`: let jobs and models of a container image run in a Python environment."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from cumulet import cli
from cumulet.config import Config


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    mapped = verbs.add_parser("map", help="run an image's jobs and models on a Python interpreter")
    mapped.add_argument("uri", metavar="URI", help="the image, as training jobs and models name it")
    mapped.add_argument("--python", default=sys.executable, help="the interpreter (default: Cumulet's own)")
    cli.data_dir(mapped)


def run(options: argparse.Namespace) -> int:
    from cumulet.services.sagemaker import images
    from cumulet.store import Store

    if (python := shutil.which(options.python)) is None:
        raise cli.Complaint(f"There is no Python interpreter {options.python}.")
    config = Config.read(options.data_dir)
    store = Store.open(config.data_dir, config.database_url)
    try:
        images.map_image(store, options.uri, str(Path(python).absolute()))
    finally:
        store.close()
    print(f"{options.uri} runs on {python} from now on.")
    return 0
