"""Which images Cumulet can stand for."""

from __future__ import annotations

import sys

import pytest

from cumulet.services.sagemaker import images
from cumulet.wire.errors import AwsError

OTHER = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/mine:latest"


@pytest.mark.parametrize(
    "uri",
    [
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
        "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:0.23-1-cpu-py3",
        "450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-scikit-learn:1.4-2",
        "sagemaker-scikit-learn@sha256:" + "0" * 64,
    ],
)
def test_an_image_is_known_in_any_account_region_and_version(house, uri):
    found = images.find(uri, house.store)
    assert (found.framework.name, found.python) == ("scikit-learn", sys.executable)


def test_a_framework_that_is_not_installed_is_refused_with_the_way_to_install_it(house, monkeypatch):
    monkeypatch.setitem(
        images.FRAMEWORKS, "sagemaker-xgboost", images.Framework("xgboost", "no_such", "xgboost", "")
    )
    with pytest.raises(AwsError, match="pip install xgboost"):
        images.find("sagemaker-xgboost:1.7-1", house.store)


def test_a_built_in_algorithm_that_is_not_done_is_refused_by_name(house):
    with pytest.raises(AwsError, match="built-in algorithm object2vec"):
        images.find("811284229777.dkr.ecr.us-east-1.amazonaws.com/object2vec:1", house.store)


def test_an_image_of_a_built_in_algorithm_says_which_and_in_what_version(house):
    pytest.importorskip("xgboost")
    found = images.find("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1", house.store)
    assert (found.algorithm, found.framework.name) == ("xgboost:1.7-1", "xgboost")
    assert (
        images.find("811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost", house.store).algorithm
        == "xgboost:latest"
    )


def test_an_algorithm_whose_library_is_not_installed_is_refused_with_the_way_to_install_it(
    house, monkeypatch
):
    monkeypatch.setattr(images.catalogue.Algorithm, "missing", ["xgboost-cpu"])
    with pytest.raises(AwsError, match=r"pip install 'cumulet\[algorithms\]'"):
        images.find("811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1", house.store)


def test_an_unknown_image_is_refused_until_it_is_mapped(house):
    with pytest.raises(AwsError, match="cumulet image map"):
        images.find(OTHER, house.store)
    images.map_image(house.store, OTHER, "/usr/bin/python3")
    assert images.find(OTHER, house.store).python == "/usr/bin/python3"


def test_an_algorithms_image_that_is_mapped_to_a_python_runs_the_algorithm_there(house):
    uri = "156387875391.dkr.ecr.us-west-2.amazonaws.com/forecasting-deepar:1"
    images.map_image(house.store, uri, "/opt/torch/bin/python")
    found = images.find(uri, house.store)
    assert (found.algorithm, found.python) == ("forecasting-deepar:1", "/opt/torch/bin/python")
    images.map_image(house.store, uri, command=("my-program",))
    assert images.find(uri, house.store).algorithm == ""


def test_the_command_maps_an_image_for_the_server(server, tmp_path):
    told = server.cumulet("image", "map", OTHER, "--python", sys.executable)
    assert told == f"{OTHER} runs on {sys.executable} from now on.\n"
