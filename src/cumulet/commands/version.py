"""`cumulet version`"""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(options: argparse.Namespace) -> int:
    from importlib.metadata import version

    print(f"cumulet {version('cumulet')}")
    return 0
