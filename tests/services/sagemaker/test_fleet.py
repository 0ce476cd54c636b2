"""Which deployment of an endpoint answers, whatever the order in which they get ready."""

from __future__ import annotations

from cumulet.services.sagemaker.fleet import Deployment, Fleet


def test_an_earlier_configuration_never_replaces_a_later_one():
    fleet, earlier, later = Fleet(), Deployment([], 1), Deployment([], 2)
    fleet.publish("mine", later)
    fleet.publish("mine", earlier)
    assert fleet.wait_for("mine", 0) is later
    fleet.withdraw("mine", earlier)
    assert fleet.wait_for("mine", 0) is later


def test_a_withdrawn_endpoint_answers_no_more():
    fleet, only = Fleet(), Deployment([], 1)
    fleet.publish("mine", only)
    fleet.withdraw("mine", only)
    assert fleet.wait_for("mine", 0) is None


def test_a_closed_deployment_takes_no_question():
    deployment = Deployment([], 1)
    deployment.close()
    with deployment.take(None) as taken:
        assert taken is None
