"""Which deployment of an endpoint answers, whatever the order in which they get ready."""

from __future__ import annotations

from collections import Counter

from cumulet.services.sagemaker.fleet import Deployment, Fleet
from cumulet.services.sagemaker.variants import Variant, by_weight


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
    assert deployment.begin(None) is None


def test_shares_are_exact_whatever_the_weights():
    variants = [Variant("A", 1.0), Variant("B", 3.0), Variant("C", 0.0)]
    drawn = Counter(by_weight(variants).name for _ in range(400))
    assert drawn == {"A": 100, "B": 300}


def test_traffic_goes_over_in_the_share_that_is_said_and_back():
    fleet, old, new = Fleet(), Deployment([], 1), Deployment([], 2)
    fleet.publish("mine", old)
    fleet.shift("mine", new, 0.25)
    assert Counter(fleet.present("mine") is new for _ in range(100)) == {True: 25, False: 75}
    fleet.withdraw("mine", new)
    assert fleet.present("mine") is old
    fleet.shift("mine", new, 1.0)
    assert fleet.present("mine") is new
    fleet.publish("mine", new)
    fleet.withdraw("mine", old)
    assert fleet.present("mine") is new
