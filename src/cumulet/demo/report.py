"""What the demo found, for people. Every figure was computed in the run."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from cumulet.commands.status import amount
from cumulet.demo.display import STEPS


def report(facts: dict[str, Any], times: dict[str, float], peak: int, data_dir: Path) -> str:
    sections = [_rows(facts), _classes(facts), _model(facts), _predictions(facts), _times(times, peak)]
    return "\n\n".join([*sections, _by_hand(facts, data_dir)])


def _rows(facts: dict[str, Any]) -> str:
    splits = ", ".join(f"{count:,} {name}" for name, count in sorted(facts["splits"].items()))
    return (
        f"Rows       {facts['rows_in']:,} raw reviews in "
        f"({amount(facts['raw_bytes'])} in {facts['raw_files']} files), "
        f"{facts['with_markup']:,} of them with HTML\n"
        f"           {facts['rows_out']:,} clean ones out: {splits}"
    )


def _classes(facts: dict[str, Any]) -> str:
    lines = [
        f"label {row['label']}: {row['reviews']:,} reviews, {row['mean_length']:,.0f} characters on average, "
        f"{row['max_length']:,} at most"
        for row in facts["classes"]
    ]
    return "Classes    " + "\n           ".join(lines)


def _model(facts: dict[str, Any]) -> str:
    metrics = facts["metrics"]
    return (
        f"Model      accuracy {metrics['test:accuracy']:.4f}, F1 {metrics['test:f1']:.4f} "
        f"on the {facts['splits']['test']:,} reviews held out\n"
        f"           {facts['model']}"
    )


def _predictions(facts: dict[str, Any]) -> str:
    told = [(f"label {a['label']} ({a['probability']:.0%})", text) for text, a in facts["predictions"]]
    lines = [f"{label}  {text}" for label, text in told]
    return "Never seen " + "\n           ".join(lines)


def _times(times: dict[str, float], peak: int) -> str:
    lines = [f"{seconds:6.1f} s  {STEPS[name]}" for name, seconds in times.items()]
    total = f"{sum(times.values()):6.1f} s  in all; at most {amount(peak)} of memory, all processes together"
    return "Time       " + "\n           ".join([*lines, total])


def _by_hand(facts: dict[str, Any], data_dir: Path) -> str:
    place = shlex.quote(str(data_dir))
    lines = [
        f"cumulet up --data-dir {place}",
        "# in another shell (the endpoint has come back with its server):",
        f'eval "$(cumulet env --data-dir {place})"',
        f"aws s3 ls --recursive s3://{facts['bucket']}/",
        "aws glue get-tables --database-name reviews --query 'TableList[].Name'",
        f"aws sagemaker describe-training-job --training-job-name {facts['training_job']}",
        facts["curl"],
    ]
    return "Go on by hand (everything is still there, until the next demo):\n  " + "\n  ".join(lines)
