"""`cumulet account create NAME`: another AWS account in the same Cumulet, a stranger to the first."""

from __future__ import annotations

import argparse
import json

from cumulet import cli
from cumulet.config import Config


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(
        dest="verb", metavar="VERB", required=True, parser_class=argparse.ArgumentParser
    )
    create = verbs.add_parser("create", help="make an account and print the keys of its root user")
    create.add_argument("name", metavar="NAME")
    create.add_argument("--format", choices=["text", "json"], default="text")
    cli.data_dir(create)


def run(options: argparse.Namespace) -> int:
    from cumulet.house import House
    from cumulet.services import iam

    house = House(Config.read(options.data_dir))
    try:
        account = iam.create_account(house, options.name)
    finally:
        house.close()
    if options.format == "json":
        print(json.dumps(account, indent=2))
    else:
        print("\n".join(f"{name}: {value}" for name, value in account.items()))
    return 0
