"""The JSONPath of DataProcessing, on the examples of AWS's page and on what is wrong."""

from __future__ import annotations

import pytest

from cumulet.services.sagemaker.transform_paths import NoPath, NotThere, parse

ROW = ["id", "1.5", "2.5", "label", "0.9"]
RECORD = {"id": 7, "features": [1, 2, 3], "deep": {"a b": {"x": 1}}, "SageMakerOutput": {"score": 0.5}}


@pytest.mark.parametrize(
    ("path", "record", "picked"),
    [
        ("$", RECORD, RECORD),
        ("$[1:]", ROW, ROW[1:]),
        ("$[:2]", ROW, ROW[:2]),
        ("$[0,-1]", ROW, ["id", "0.9"]),
        ("$[0,3:]", ROW, ["id", "label", "0.9"]),
        ("$[2]", ROW, "2.5"),
        ("$[*]", ROW, ROW),
        ("$.features", RECORD, [1, 2, 3]),
        ("$.features[1:]", RECORD, [2, 3]),
        ("$['id','SageMakerOutput']", RECORD, {"id": 7, "SageMakerOutput": {"score": 0.5}}),
        ("$['deep']['a b'].x", RECORD, 1),
        ("$.deep.*", RECORD, [{"x": 1}]),
        ("$.SageMakerOutput.score", RECORD, 0.5),
    ],
)
def test_parts_are_picked(path, record, picked):
    assert parse(path).of(record) == picked


@pytest.mark.parametrize("path", ["", "features", "$..features", "$[?(@.x)]", "$[]", "$[1", "$.features[x]"])
def test_what_sagemaker_does_not_support_is_no_path(path):
    with pytest.raises(NoPath):
        parse(path)


@pytest.mark.parametrize(
    ("path", "record"), [("$[9]", ROW), ("$.nobody", RECORD), ("$.id.x", RECORD), ("$[0]", {})]
)
def test_a_part_that_is_not_there_is_an_error(path, record):
    with pytest.raises(NotThere):
        parse(path).of(record)
