"""`cumulet training interrupt NAME`: what AWS does to spot training when it wants its machine back."""

from __future__ import annotations

import argparse
from typing import Any

from cumulet import cli
from cumulet.config import Config

KIND = "sagemaker.training-job"


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    interrupt = verbs.add_parser("interrupt", help="interrupt managed spot training; it goes on by itself")
    interrupt.add_argument("name", metavar="NAME", help="the training job")
    cli.data_dir(interrupt)


def run(options: argparse.Namespace) -> int:
    from cumulet.store import Store

    config = Config.read(options.data_dir)
    store = Store.open(config.data_dir, config.database_url)
    try:
        asked = [
            scope
            for scope in store.records.scopes(KIND)
            if store.records.update(KIND, scope, options.name, _ask)
        ]
    finally:
        store.close()
    if not asked:
        raise cli.Complaint(f"There is no training job {options.name}.")
    print(f"{options.name} is asked to save what it has, and goes on as soon as there is room.")
    return 0


def _ask(body: dict[str, Any]) -> None:
    """The job looks at its record while it runs."""
    if not body.get("EnableManagedSpotTraining"):
        raise cli.Complaint("Only jobs with EnableManagedSpotTraining can be interrupted.")
    if body["SecondaryStatus"] != "Training":
        raise cli.Complaint(
            f"The job is in status {body['SecondaryStatus']}; only a running script is interrupted."
        )
    body["interrupt"] = True
