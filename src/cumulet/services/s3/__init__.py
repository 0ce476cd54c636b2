"""Amazon S3: the lake. Buckets of objects, durable, atomic, and readable in place by every engine.

Bytes lie in immutable files, the index in the database; one commit makes them an object (`store/blobs.py`,
`store/objects.py`). Source: https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html
"""

from __future__ import annotations

from cumulet.services.s3.access_logs import AccessLogs
from cumulet.services.s3.acls import Acls
from cumulet.services.s3.archives import Archives
from cumulet.services.s3.attributes import Attributes
from cumulet.services.s3.buckets import Buckets
from cumulet.services.s3.cors import Cors
from cumulet.services.s3.deleting import Deleting
from cumulet.services.s3.encryption import Encryption
from cumulet.services.s3.lifecycle import Lifecycles
from cumulet.services.s3.listing import LakeFile, Listing
from cumulet.services.s3.locking import Locking
from cumulet.services.s3.notifications import Notifications
from cumulet.services.s3.ownership import Ownership
from cumulet.services.s3.payment import Payment
from cumulet.services.s3.plain import Plain
from cumulet.services.s3.plain_writes import PlainWrites
from cumulet.services.s3.policy import Policies
from cumulet.services.s3.reports import Reports
from cumulet.services.s3.selecting import Selecting
from cumulet.services.s3.tagging import Tagging
from cumulet.services.s3.uploads import Uploads
from cumulet.services.s3.versioning import Versioning
from cumulet.services.s3.website import Websites

__all__ = ["S3", "LakeFile"]


class S3(
    Buckets,
    Plain,
    PlainWrites,
    Deleting,
    Uploads,
    Versioning,
    Listing,
    Attributes,
    Tagging,
    Policies,
    Ownership,
    Acls,
    Locking,
    Encryption,
    Cors,
    Lifecycles,
    Archives,
    Selecting,
    Notifications,
    Websites,
    AccessLogs,
    Payment,
    Reports,
):
    """The operations of S3, one noun per file."""

    prompt = frozenset({"GetObject", "HeadObject", "HeadBucket", "ListObjectsV2", "ListObjects", "PutObject"})
