"""A profile in the user's own AWS files, written so that everything else in them stays as it was."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from cumulet.environment import UPSTREAM

MARK = "# written by `cumulet env --profile`"


class NotOurs(Exception):
    """The profile is there and Cumulet did not write it."""


def write_profile(
    name: str, endpoint: str, region: str, keys: Mapping[str, str], *, force: bool = False
) -> tuple[Path, Path]:
    """Add or replace a profile in the config and the credentials file; their paths.

    https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html
    """
    config, credentials = (
        _path("AWS_CONFIG_FILE", "config"),
        _path("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    )
    settings = {"region": region, "endpoint_url": endpoint}
    secrets = {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
    }
    title = "default" if name == "default" else f"profile {name}"
    texts = [
        (config, _with_section(_read(config), title, settings, force=force)),
        (credentials, _with_section(_read(credentials), name, secrets, force=force)),
    ]
    for path, text in texts:
        _write(path, text)
    return config, credentials


def _path(variable: str, name: str) -> Path:
    """The user's own place for a file; in a shell that has our settings, the variable names ours."""
    chosen = "" if UPSTREAM in os.environ else os.environ.get(variable)
    return Path(chosen).expanduser() if chosen else Path.home() / ".aws" / name


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _with_section(text: str, title: str, settings: dict[str, str], *, force: bool) -> str:
    """The text with one section replaced or added, every other line untouched."""
    lines = text.splitlines()
    section = [f"[{title}]", MARK, *(f"{name} = {value}" for name, value in settings.items())]
    start = next((i for i, line in enumerate(lines) if line.strip() == f"[{title}]"), None)
    if start is None:
        gap = [""] if lines and lines[-1].strip() else []
        return "\n".join([*lines, *gap, *section, ""])
    end = next((i for i in range(start + 1, len(lines)) if lines[i].lstrip().startswith("[")), len(lines))
    if not force and MARK not in lines[start:end]:
        raise NotOurs(f"[{title}] exists and is not Cumulet's: choose another name, or --force to replace it")
    while end > start + 1 and not lines[end - 1].strip():
        end -= 1  # the blank line before the next section is not ours
    return "\n".join([*lines[:start], *section, *lines[end:], ""])


def _write(path: Path, text: str) -> None:
    """Whole or not at all, for the owner only, through a symbolic link where the user has one."""
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.cumulet")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
