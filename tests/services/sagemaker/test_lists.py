"""List operations: filters, orders and pages, on resources that need no process."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def models(studio):
    """Seven models, made in an order that is not that of their names."""
    mark = f"listed-{uuid.uuid4().hex[:6]}"
    container = {"Image": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"}
    names = [f"{mark}-{letter}" for letter in "dagbfce"]
    for name in names:
        studio.sagemaker.create_model(
            ModelName=name, PrimaryContainer=container, ExecutionRoleArn=studio.role
        )
    return mark, names


def flat(pages):
    return [name for page in pages for name in page]


def listed(studio, mark, **more):
    pages = studio.sagemaker.get_paginator("list_models").paginate(
        NameContains=mark, PaginationConfig={"PageSize": 3}, **more
    )
    return [[model["ModelName"] for model in page["Models"]] for page in pages]


def test_the_newest_come_first_where_no_order_is_said(studio, models):
    mark, names = models
    assert flat(listed(studio, mark)) == names[::-1]


def test_pages_are_as_long_as_asked_and_never_overlap(studio, models):
    mark, names = models
    pages = listed(studio, mark, SortBy="Name", SortOrder="Ascending")
    assert [len(page) for page in pages] == [3, 3, 1]
    assert flat(pages) == sorted(names)


def test_a_page_goes_on_where_the_last_one_ended_whatever_was_made_meanwhile(studio, models):
    mark, names = models
    listing = {"NameContains": mark, "SortBy": "Name", "SortOrder": "Ascending"}
    first = studio.sagemaker.list_models(MaxResults=2, **listing)
    studio.sagemaker.delete_model(ModelName=first["Models"][1]["ModelName"])
    container = {"Image": "sagemaker-scikit-learn:1.2-1-cpu-py3"}
    again = first["Models"][1]["ModelName"]
    studio.sagemaker.create_model(ModelName=again, PrimaryContainer=container, ExecutionRoleArn=studio.role)
    second = studio.sagemaker.list_models(MaxResults=2, NextToken=first["NextToken"], **listing)
    assert [model["ModelName"] for model in second["Models"]] == sorted(names)[2:4]


def test_times_narrow_a_list(studio, models):
    mark, names = models
    made = studio.sagemaker.describe_model(ModelName=names[0])["CreationTime"]
    hour = timedelta(hours=1)
    assert listed(studio, mark, CreationTimeAfter=made - hour, CreationTimeBefore=made + hour) == listed(
        studio, mark
    )
    assert listed(studio, mark, CreationTimeAfter=made + hour) == [[]]
    assert listed(studio, mark, CreationTimeBefore=made - hour) == [[]]


def test_a_token_from_elsewhere_is_refused(studio):
    with pytest.raises(ClientError, match="NextToken"):
        studio.sagemaker.list_models(NextToken="bm90aGluZw==")


def test_jobs_are_found_by_their_status(studio):
    good, bad = studio.train(studio.request()), studio.train(studio.request(then="fail"))
    for job, status in ((good, "Completed"), (bad, "Failed")):
        found = studio.sagemaker.list_training_jobs(StatusEquals=status, NameContains=job["TrainingJobName"])
        assert [one["TrainingJobName"] for one in found["TrainingJobSummaries"]] == [job["TrainingJobName"]]
    assert not studio.sagemaker.list_training_jobs(
        StatusEquals="Stopped", NameContains=good["TrainingJobName"]
    )["TrainingJobSummaries"]
