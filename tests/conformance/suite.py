"""What running another project's pytest suite against Cumulet takes: an account, and the outcomes by cause."""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from cumulet.launch import Child

CAUSE = 160  # characters of a failure's message that tell one cause from another

Account = dict[str, str]
Outcome = dict[str, str]


# A suite at work: the Python that runs it, its checkout, the files, more arguments for pytest, the server.
Run = Callable[[str, Path, list[str], list[str], Child], list["Outcome"]]


def main(about: str | None, repository: str, files: list[str], run: Run) -> int:
    """The command line that all of these scripts have: a server of its own, the suite, what came of it."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=about, formatter_class=layout)
    parser.add_argument("checkout", type=Path, help=f"a checkout of {repository}")
    parser.add_argument("--python", default=sys.executable, help="a Python with what the tests import")
    parser.add_argument("--files", nargs="+", default=files, metavar="FILE")
    parser.add_argument("--results", type=Path, help="where to write every test's outcome as JSON")
    parser.add_argument("--pytest", type=shlex.split, default=[], help="further arguments for pytest")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Child(Path(folder, "data"))
        try:
            python = str(Path(asked.python).absolute())
            found = run(python, asked.checkout, asked.files, asked.pytest, server)
        finally:
            server.stop()
    keep(found, asked.results)
    tell(found)
    return int(bool(failed(found)))


def account(name: str, data_dir: Path) -> Account:
    """A fresh account, through the command that people use."""
    command = [sys.executable, "-m", "cumulet", "account", "create", name]
    made = subprocess.run(
        [*command, "--data-dir", str(data_dir), "--format", "json"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return dict(json.loads(made.stdout))


def run_pytest(
    python: str, checkout: Path, arguments: list[str], environ: Mapping[str, str]
) -> list[Outcome]:
    """The outcomes of a suite that stands in its own checkout and finds its settings in the environment."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        command = [python, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider"]
        subprocess.run([*command, f"--junitxml={report}", *arguments], cwd=checkout, env=environ, check=False)
        return outcomes(report)


def outcomes(report: Path) -> list[Outcome]:
    """What pytest's JUnit report says of each test."""
    return [_outcome(case) for case in ElementTree.parse(report).iter("testcase")]


def _outcome(case: ElementTree.Element) -> Outcome:
    told: Any = next((child for child in case if child.tag in ("failure", "error", "skipped")), None)
    name = f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name')}"
    if told is None:
        return {"test": name, "outcome": "passed", "seconds": case.get("time", "")}
    cause = (told.get("message") or "").strip()
    return {"test": name, "outcome": told.tag, "cause": cause, "seconds": case.get("time", "")}


def failed(found: list[Outcome]) -> list[Outcome]:
    return [each for each in found if each["outcome"] in ("failure", "error")]


def keep(found: list[Outcome], results: Path | None) -> None:
    if results:
        results.write_text(json.dumps(found, indent=1))


def tell(found: list[Outcome]) -> None:
    """The failures by cause, the most frequent first, and the counts."""
    causes = Counter(each["cause"][:CAUSE] for each in failed(found))
    for cause, times in causes.most_common():
        print(f"{times:5}  {cause}")
        for each in failed(found):
            if each["cause"][:CAUSE] == cause:
                print(f"         {each['test']}")
    counts = Counter(each["outcome"] for each in found)
    print(", ".join(f"{times} {name}" for name, times in sorted(counts.items())), f"of {len(found)}")
