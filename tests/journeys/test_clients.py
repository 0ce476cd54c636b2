"""The road with each of AWS's clients; then again with the server SIGKILLed on the way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.journeys.conftest import Journey

pytestmark = pytest.mark.journey

LAKE = {
    "boto3_and_cli.py": ("uploaded", "crawling", "crawled"),
    "wrangler.py": ("written", "counted []"),
    "pyathena_client.py": ("created", "converted"),
}
SLOW_TO_LOOK = pytest.mark.skipif(
    "CUMULET_ROUNDS" not in os.environ, reason="the SDK looks every ten seconds only: `make soak`"
)
TRAINING = ("rows read:", "deployed", "answered")


@pytest.mark.parametrize("script", LAKE)
def test_a_client_of_the_lake_goes_its_road(journey: Journey, script: str) -> None:
    assert journey.run(script).endswith("finished\n")


@pytest.mark.parametrize("script", LAKE)
def test_a_client_of_the_lake_goes_its_road_though_the_server_is_killed(
    journey: Journey, script: str
) -> None:
    assert journey.run(script, crash_at=LAKE[script]).endswith("finished\n")


@SLOW_TO_LOOK  # the same road, with the server killed on it, is among all tests
def test_the_sagemaker_sdk_2_trains_deploys_asks_and_deletes(journey: Journey) -> None:
    assert journey.run("sagemaker2.py").endswith("finished\n")


def test_the_sagemaker_sdk_2_goes_its_road_though_the_server_is_killed(journey: Journey) -> None:
    assert journey.run("sagemaker2.py", crash_at=TRAINING).endswith("finished\n")


@SLOW_TO_LOOK
def test_the_sagemaker_sdk_3_trains_deploys_asks_and_deletes(journey: Journey, sagemaker3: Path) -> None:
    assert journey.run("sagemaker3.py", sagemaker3).endswith("finished\n")


def test_the_sagemaker_sdk_3_goes_its_road_though_the_server_is_killed(
    journey: Journey, sagemaker3: Path
) -> None:
    assert journey.run("sagemaker3.py", sagemaker3, crash_at=TRAINING).endswith("finished\n")


@SLOW_TO_LOOK
def test_the_sagemaker_sdk_2_prepares_searches_and_transforms(journey: Journey) -> None:
    assert journey.run("sagemaker2_jobs.py").endswith("finished\n")


@SLOW_TO_LOOK
def test_the_sagemaker_sdk_3_prepares_searches_and_runs_a_function_remotely(
    journey: Journey, sagemaker3: Path
) -> None:
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:1"
    mapping = ["image", "map", image, "--python", sagemaker3, "--data-dir", journey.server.data_dir]
    subprocess.run([sys.executable, "-m", "cumulet", *mapping], check=True)
    printed = journey.run("sagemaker3_jobs.py", sagemaker3, image)
    assert "refused: division by zero" in printed
    assert printed.endswith("finished\n")
