"""What holds for every operation of every service before its own method begins."""

from __future__ import annotations

import inspect

import pytest

from cumulet import services
from cumulet.house import House
from cumulet.services import Caller
from cumulet.wire.errors import AwsError


def test_an_operation_that_is_not_written_is_a_501_by_name(house: House, caller: Caller) -> None:
    with pytest.raises(AwsError, match="glue:create_blueprint") as refused:
        services.perform(house, caller, "glue", "create_blueprint", {})
    assert (refused.value.code, refused.value.status) == ("NotImplemented", 501)


def test_a_member_that_no_method_names_is_a_501_by_name(house: House, caller: Caller) -> None:
    members = {"Name": "x", "Nonsense": 1}
    with pytest.raises(AwsError, match="glue:get_database with Nonsense"):
        services.perform(house, caller, "glue", "get_database", members)


@pytest.mark.parametrize("service", sorted(services.names()))
def test_an_operation_without_its_members_is_a_validation_error(
    house: House, caller: Caller, service: str
) -> None:
    """Also where the model leaves a member optional that the written part of the operation needs."""
    methods = [name for name, _ in inspect.getmembers(services.service_class(service), inspect.isfunction)]
    for method in (name for name in methods if not name.startswith("_")):
        found = services.operation(service, method)
        if found and found.requires:
            with pytest.raises(AwsError, match="Member must not be null"):
                services.perform(house, caller, service, method, {})
