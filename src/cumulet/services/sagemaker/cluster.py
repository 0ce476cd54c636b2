"""The hosts of a job: their names, their groups, and the addresses by which they find each other.

Every host is a process (with all that it starts) on this machine. To each it looks as if the others had
addresses of their own: 127.x.y.1, 127.x.y.2 ... are all this machine, and no two jobs share x and y.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GROUP = "homogeneousCluster"
SYSTEM = Path("/etc/hosts")


@dataclass(frozen=True, slots=True)
class Host:
    """One instance of a job; hosts are numbered from 1 over all groups."""

    number: int
    kind: str  # its instance type
    group: str = GROUP

    @property
    def name(self) -> str:
        return f"algo-{self.number}"


def hosts(resources: dict[str, Any]) -> list[Host]:
    """The hosts that a ResourceConfig asks for, group by group."""
    kinds = [(g["InstanceType"], g["InstanceGroupName"]) for g in groups(resources) for _ in range(_count(g))]
    return [Host(number, kind, group) for number, (kind, group) in enumerate(kinds, 1)]


def groups(resources: dict[str, Any]) -> list[dict[str, Any]]:
    """A cluster of one kind is one group."""
    whole = {"InstanceGroupName": GROUP, "InstanceType": resources.get("InstanceType")}
    count = {"InstanceCount": resources.get("InstanceCount", 1)}
    return resources.get("InstanceGroups") or [whole | count]


def _count(group: dict[str, Any]) -> int:
    return int(group["InstanceCount"])


def resource_config(host: Host, everybody: Sequence[Host]) -> dict[str, Any]:
    """input/config/resourceconfig.json, as a host finds it."""
    names = list(dict.fromkeys(each.group for each in everybody))
    return {
        "current_host": host.name,
        "current_instance_type": host.kind,
        "current_group_name": host.group,
        "hosts": [each.name for each in everybody],
        "instance_groups": [_group(name, everybody) for name in names],
        "network_interface_name": "lo0" if sys.platform == "darwin" else "lo",
    }


def _group(name: str, everybody: Sequence[Host]) -> dict[str, Any]:
    members = [host for host in everybody if host.group == name]
    return {
        "instance_group_name": name,
        "instance_type": members[0].kind,
        "hosts": [host.name for host in members],
    }


def hosts_file(job: str, everybody: Sequence[Host]) -> str:
    """What a job sees as /etc/hosts: this machine's own, and the names of the job's hosts before it."""
    lines = [f"{address(job, host)} {host.name}" for host in everybody]
    own = SYSTEM.read_text(errors="replace") if SYSTEM.is_file() else "127.0.0.1 localhost\n"
    return "\n".join([*lines, own])


def address(job: str, host: Host) -> str:
    """On a loopback network of the job's own: 127.0 and 127.1 are left to the system and its habits."""
    second, third = hashlib.sha256(job.encode()).digest()[:2]
    return f"127.{2 + second % 253}.{third}.{host.number}"
