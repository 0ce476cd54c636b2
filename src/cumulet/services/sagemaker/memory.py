"""How much memory an instance of a type has: what a model's processes may take before they are ended.

AWS names types by family and size; a family has so many GiB for each virtual processor.
https://aws.amazon.com/sagemaker/ai/pricing/
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from cumulet.services.sagemaker.instances import Instances

GIB, MIB = 1 << 30, 1 << 20
PROCESSORS = {"nano": 2, "micro": 2, "small": 2, "medium": 2, "large": 2, "xlarge": 4}
RATIOS = {"c": 2.0, "m": 4.0, "r": 8.0, "t": 4.0, "g": 4.0, "p": 8.0, "inf": 2.0, "trn": 4.0, "x": 16.0}
ODD = {
    "ml.t2.medium": 4.0,
    "ml.t3.medium": 4.0,
    "ml.m1.small": 1.7,
    "ml.p2.xlarge": 61.0,
    "ml.p3.2xlarge": 61.0,
}
TYPE = re.compile(r"ml\.(?P<family>[a-z]+)\d\w*\.(?P<times>\d*)(?P<size>\w+)")


def memory_of(variant: dict[str, Any], directory: Path) -> int | None:
    """Bytes for one instance of a variant; None where nobody can say, or all of this machine is no more."""
    if serverless := variant.get("ServerlessConfig"):
        return int(serverless["MemorySizeInMB"]) * MIB
    table = Instances(directory)
    told = table.size(variant["InstanceType"]).memory or int(gib(variant["InstanceType"]) * GIB)
    return told if 0 < told < table.machine.memory else None


def gib(kind: str) -> float:
    """As AWS has it; 0 for a type whose name says nothing."""
    found = TYPE.fullmatch(kind)
    if kind in ODD or not found:
        return ODD.get(kind, 0.0)
    processors = PROCESSORS.get(found["size"], 0) * int(found["times"] or 1)
    return processors * RATIOS.get(found["family"], RATIOS.get(found["family"][:1], 4.0))
