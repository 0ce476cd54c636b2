"""`cumulet env`: the variables for a shell, a tool or an AWS profile."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import sys
from collections.abc import Mapping

from cumulet import cli
from cumulet.config import Config
from cumulet.presence import serving

FORMATS = ("shell", "json", "powershell", "dotenv")


def arguments(parser: argparse.ArgumentParser) -> None:
    cli.data_dir(parser)
    parser.add_argument("--port", type=cli.port, help="the port to assume where Cumulet does not run yet")
    cli.region(parser)
    parser.add_argument("--format", choices=FORMATS, default="shell", help="how to print them")
    parser.add_argument("--profile", metavar="NAME", help="write an AWS profile into your AWS files instead")
    parser.add_argument("--force", action="store_true", help="replace even a profile that is not Cumulet's")


def run(options: argparse.Namespace) -> int:
    from cumulet import access, environment

    config = whereabouts(Config.read(options.data_dir, port=options.port))
    region = options.region or config.region
    keys = access.administrator(config)
    if options.profile:
        from cumulet.profiles import NotOurs, write_profile

        try:
            files = write_profile(options.profile, config.endpoint, region, keys, force=options.force)
        except NotOurs as error:
            raise cli.Complaint(str(error)) from None
        except OSError as error:
            raise cli.Complaint(f"cannot write {error.filename}: {error.strerror}") from None
        print(f"Wrote profile {options.profile} to {' and '.join(map(str, files))}.")
        print(f"Try: aws --profile {options.profile} sts get-caller-identity")
        return 0
    print(spell(environment.variables(config, keys, region), options.format))
    return 0


def whereabouts(config: Config) -> Config:
    """Where the server of a data directory is, or (with a word on standard error) where it would be."""
    if found := serving(config.data_dir):
        return found.config(config)
    print(f"No Cumulet serves {config.data_dir} yet: start it with `cumulet up`.", file=sys.stderr)
    return config.at(config.host, config.port, config.port + 1)


def spell(variables: Mapping[str, str], form: str) -> str:
    """The variables in the language of a shell or a tool."""
    from cumulet.environment import ELSEWHERE

    unset = [name for name in ELSEWHERE if name not in variables]
    if form == "json":
        return json.dumps(variables, indent=2)
    if form == "dotenv":
        return "\n".join(f"{name}={_dotenv(value)}" for name, value in variables.items())
    if form == "powershell":
        cleared = [f"Remove-Item Env:{name} -ErrorAction SilentlyContinue" for name in unset]
        quoted = {name: value.replace("'", "''") for name, value in variables.items()}
        return "\n".join([*cleared, *(f"$env:{name} = '{value}'" for name, value in quoted.items())])
    exports = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    return "\n".join([f"unset {' '.join(unset)}", *exports])


def _dotenv(value: str) -> str:
    """As every reader of such files takes it: bare, as `docker --env-file` wants it, or else quoted.

    Within single quotes no reader replaces `$`; escapes are each reader's own, so that none is used where none
    is needed.
    """
    if re.fullmatch(r"[\w@%+=:,./-]*", value, re.ASCII):
        return value
    return json.dumps(value, ensure_ascii=False) if "'" in value else f"'{value}'"
