"""What running another project's pytest suite against Cumulet takes: an account, and the outcomes by cause."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

CAUSE = 160  # characters of a failure's message that tell one cause from another

Account = dict[str, str]
Outcome = dict[str, str]


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
