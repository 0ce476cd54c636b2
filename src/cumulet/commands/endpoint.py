"""`cumulet endpoint url NAME`: a command that asks an endpoint, ready to be pasted into a shell."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping
from urllib.parse import quote

from cumulet import cli
from cumulet.commands.env import whereabouts
from cumulet.config import Config


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    url = verbs.add_parser("url", help="print a curl command that asks an endpoint, signed")
    url.add_argument("name", metavar="NAME")
    url.add_argument("--data", default="[[1, 2, 3]]", help="the body, or @FILE (default: %(default)s)")
    url.add_argument("--content-type", default="application/json", metavar="TYPE")
    cli.region(url)
    cli.data_dir(url)


def run(options: argparse.Namespace) -> int:
    from cumulet import access

    config = whereabouts(Config.read(options.data_dir))
    region = options.region or config.region
    url = f"{config.endpoint}/endpoints/{quote(options.name, safe='')}/invocations"
    words = curl(url, region, access.administrator(config), options.content_type, options.data)
    print(shlex.join(words))
    return 0


def curl(url: str, region: str, keys: Mapping[str, str], content_type: str, data: str) -> list[str]:
    """curl signs by itself (since 7.75), so that the command goes on working, with any body."""
    token = keys.get("SessionToken")
    return [
        "curl",
        "--silent",
        "--show-error",
        "--aws-sigv4",
        f"aws:amz:{region}:sagemaker",
        "--user",
        f"{keys['AccessKeyId']}:{keys['SecretAccessKey']}",
        *(["--header", f"X-Amz-Security-Token: {token}"] if token else []),
        "--header",
        f"Content-Type: {content_type}",
        "--data-binary",
        data,
        url,
    ]
