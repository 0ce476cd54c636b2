"""KMS: symmetric keys that never leave this server, and what is encrypted with them.

Keys for signing, for MACs and from outside, grants and rotation are not written.
https://docs.aws.amazon.com/kms/latest/APIReference/Welcome.html
"""

from cumulet.services.kms.aliases import Aliases
from cumulet.services.kms.cipher import Cipher
from cumulet.services.kms.key_policies import KeyPolicies
from cumulet.services.kms.keys import Keys
from cumulet.services.kms.tags import Tags


class Kms(Keys, KeyPolicies, Aliases, Cipher, Tags):
    """Every operation of KMS that Cumulet carries; each noun's are in the file of its name."""
