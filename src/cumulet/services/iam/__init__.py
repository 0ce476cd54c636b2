"""IAM: who there is in an account, and what their policies say. Global: an account has one, not each region.

https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html
"""

from cumulet.services.iam.access_keys import AccessKeys
from cumulet.services.iam.accounts import Account, account, accounts, administrator, bootstrap, create_account
from cumulet.services.iam.attached import AttachedPolicies
from cumulet.services.iam.groups import Groups
from cumulet.services.iam.inline import InlinePolicies
from cumulet.services.iam.instance_profiles import InstanceProfiles
from cumulet.services.iam.managed import ManagedPolicies
from cumulet.services.iam.roles import Roles
from cumulet.services.iam.simulation import Simulation
from cumulet.services.iam.tags import Tags


class Iam(
    AccessKeys,
    Groups,
    Roles,
    InstanceProfiles,
    ManagedPolicies,
    AttachedPolicies,
    InlinePolicies,
    Simulation,
    Tags,
):
    """Every operation of IAM that Cumulet carries; each resource's are in the file of its name."""

    validation_code = "ValidationError"


__all__ = ["Account", "Iam", "account", "accounts", "administrator", "bootstrap", "create_account"]
