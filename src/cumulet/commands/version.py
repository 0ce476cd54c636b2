"""`cumulet version`"""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(options: argparse.Namespace) -> int:
    import cumulet

    print(f"cumulet {cumulet.__version__}")
    return 0
