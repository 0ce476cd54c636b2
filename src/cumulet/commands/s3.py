"""`cumulet s3 rescan` and `cumulet s3 verify`: the lake as a folder, and the lake as bytes on a disk.

Both work beside a running server and without one.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cumulet import cli
from cumulet.config import Config

if TYPE_CHECKING:
    from cumulet.house import House

SAID = {
    "added": "added",
    "changed": "changed",
    "shown": "shown again",
    "skipped": "left alone",
    "busy": "left alone",
    "refused": "left alone",
    "damaged": "DAMAGED",
    "missing": "MISSING",
}
GOOD = ("added", "changed", "shown", "skipped")


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, sentence in (
        ("rescan", "take in the files that were put into buckets' folders by hand"),
        ("verify", "read every object and tell which are damaged or missing"),
    ):
        command = verbs.add_parser(verb, help=sentence, description=sentence[0].upper() + sentence[1:] + ".")
        command.add_argument("bucket", metavar="BUCKET", nargs="?", default="", help="only this one")
        command.add_argument("--format", choices=["text", "json"], default="text")
        cli.data_dir(command)


def run(options: argparse.Namespace) -> int:
    """Exit code 0 where all is well; 1 where something was left alone that people meant, or is damaged."""
    from cumulet.house import House

    house = House(Config.read(options.data_dir))
    try:
        house.store.checkup.wait()
        if options.bucket:
            _check_bucket(house, options.bucket, make=options.verb == "rescan")
        return _rescan(house, options) if options.verb == "rescan" else _verify(house, options)
    finally:
        house.close()


def _check_bucket(house: House, name: str, *, make: bool) -> None:
    """The bucket is there; or it is made, of a folder that somebody put beside the buckets'."""
    from cumulet.services import Caller, iam
    from cumulet.wire.errors import AwsError

    if house.store.records.get("s3.bucket", "", name):
        return
    if not make or "/" in name or name.startswith(".") or not (house.store.directory / "s3" / name).is_dir():
        raise cli.Complaint(f"there is no bucket {name}")
    account, region = iam.account(house), house.config.region
    caller = Caller(account, region, f"arn:aws:iam::{account}:root", account)
    place = {} if region == "us-east-1" else {"LocationConstraint": region}
    try:
        house.service("s3", caller).create_bucket(Bucket=name, CreateBucketConfiguration=place)
    except AwsError as error:
        raise cli.Complaint(f"{name} cannot be a bucket: {error.message}") from None


def _rescan(house: House, options: argparse.Namespace) -> int:
    from cumulet.services.s3.rescan import rescan

    found: list[Any] = []
    for outcome in rescan(house, options.bucket):
        found.append(outcome)
        if options.format == "text":
            print(_line(outcome), flush=True)
    if options.format == "json":
        print(json.dumps([asdict(outcome) for outcome in found], indent=2))
    else:
        counts = Counter(SAID[outcome.what] for outcome in found)
        print(", ".join(f"{count:,} {what}" for what, count in counts.items()) or "nothing to do")
    return int(any(outcome.what not in GOOD for outcome in found))


def _verify(house: House, options: argparse.Namespace) -> int:
    from cumulet.commands.status import amount
    from cumulet.services.s3.scrub import Scrub

    scrub = Scrub(house.store)
    found = []
    for outcome in scrub.run(options.bucket):
        found.append(outcome)
        if options.format == "text":
            print(_line(outcome), flush=True)
    if options.format == "json":
        faults = [asdict(outcome) for outcome in found]
        print(json.dumps({"versions": scrub.versions, "bytes": scrub.size, "faults": faults}, indent=2))
    else:
        state = f"{scrub.faults:,} damaged or missing" if scrub.faults else "all whole"
        print(f"{scrub.versions:,} objects and versions, {amount(scrub.size)} read: {state}")
    return int(bool(found))


def _line(outcome: Any) -> str:
    why = f": {outcome.why}" if outcome.why else ""
    where = f"s3://{outcome.bucket}/{outcome.key}" if outcome.key else outcome.bucket
    return f"{SAID[outcome.what]:<12} {where}{why}"
