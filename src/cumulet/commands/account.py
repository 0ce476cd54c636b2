"""`cumulet account create NAME`: another AWS account in the same Cumulet, a stranger to the first."""

from __future__ import annotations

import argparse
import json

from cumulet import cli
from cumulet.config import Config


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    create = verbs.add_parser("create", help="make an account and print the keys of its administrator")
    create.add_argument("name", metavar="NAME")
    create.add_argument("--format", choices=["text", "json"], default="text")
    cli.data_dir(create)


def run(options: argparse.Namespace) -> int:
    from cumulet.house import House
    from cumulet.services import iam
    from cumulet.wire.errors import AwsError

    house = House(Config.read(options.data_dir))
    try:
        made = iam.create_account(house, options.name)
    except AwsError as error:
        raise cli.Complaint(error.message) from None
    finally:
        house.close()
    shown = {
        "Name": made.name,
        "AccountId": made.id,
        "CanonicalUserId": made.canonical_id,
        "AccessKeyId": made.credential.access_key,
        "SecretAccessKey": made.credential.secret,
    }
    text = "\n".join(f"{name:<16} {value}" for name, value in shown.items())
    print(json.dumps(shown, indent=2) if options.format == "json" else text)
    return 0
