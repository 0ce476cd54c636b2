"""STS: who am I, and credentials for a while.

https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html
"""

from cumulet.services.sts.assume import AssumedRoles
from cumulet.services.sts.identity import Identity


class Sts(Identity, AssumedRoles):
    """Every operation of STS that Cumulet carries; those that trust an outside identity are not written."""

    validation_code = "ValidationError"


__all__ = ["Sts"]
