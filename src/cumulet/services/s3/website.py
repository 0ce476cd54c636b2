"""A bucket as a website: its configuration, kept and checked (`cumulet/sites.py` serves it).

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cumulet.services import Answer
from cumulet.services.s3 import errors
from cumulet.services.s3.configured import Configured
from cumulet.services.s3.members import DIGESTS, honours
from cumulet.wire.errors import AwsError

PROTOCOLS = (None, "http", "https")
MOST_RULES = 50
OTHERS = ("IndexDocument", "ErrorDocument", "RoutingRules")


class Websites(Configured):
    @honours(DIGESTS)
    def put_bucket_website(
        self,
        *,
        Bucket: str,
        WebsiteConfiguration: dict[str, Any],
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Make a website of a bucket, at `http://<bucket>.s3-website.localhost:<port>/`: what of it anybody may
        read, with index and error documents and redirects."""
        self._bucket(Bucket, "s3:PutBucketWebsite", owner=ExpectedBucketOwner)
        _check(WebsiteConfiguration)
        self._configure(Bucket, "website", WebsiteConfiguration)
        return {}

    def get_bucket_website(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        self._bucket(Bucket, "s3:GetBucketWebsite", owner=ExpectedBucketOwner)
        return self.website(Bucket)

    def website(self, bucket: str) -> dict[str, Any]:
        """For the website's own address: what it is to do."""
        self._found(bucket)
        found = self._configuration(bucket, "website")
        if found is None:
            what = "The specified bucket does not have a website configuration"
            raise AwsError("NoSuchWebsiteConfiguration", what, status=404, BucketName=bucket)
        return found

    def delete_bucket_website(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        self._bucket(Bucket, "s3:DeleteBucketWebsite", owner=ExpectedBucketOwner)
        self._configure(Bucket, "website", None)
        return Answer(status=204)


def _check(told: Mapping[str, Any]) -> None:
    if everything := told.get("RedirectAllRequestsTo"):
        if any(name in told for name in OTHERS):
            raise errors.invalid_request(
                "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules."
            )
        _check_protocol(everything)
        return
    suffix = told.get("IndexDocument", {}).get("Suffix")
    if suffix is None:
        message = "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty"
        raise errors.invalid_argument(message, "IndexDocument", "null")
    if not suffix or "/" in suffix:
        message = "The IndexDocument Suffix is not well formed"
        raise errors.invalid_argument(message, "IndexDocument", suffix)
    if told.get("ErrorDocument", {}).get("Key") == "":
        raise errors.invalid_argument("The ErrorDocument Key is not well formed", "ErrorDocument", "")
    rules = told.get("RoutingRules", [])
    if len(rules) > MOST_RULES:
        raise errors.invalid_request(
            f"{len(rules)} routing rules provided, the number of routing rules in a website configuration is "
            f"limited to {MOST_RULES}."
        )
    for rule in rules:
        _check_rule(rule)


def _check_rule(rule: Mapping[str, Any]) -> None:
    condition, redirect = rule.get("Condition"), rule["Redirect"]
    if condition == {}:
        raise errors.invalid_request(
            "Condition cannot be empty. To redirect all requests without a condition, the condition element "
            "shouldn't be present."
        )
    code = (condition or {}).get("HttpErrorCodeReturnedEquals")
    if code is not None and not (code.isdigit() and 400 <= int(code) < 600):
        raise errors.invalid_request(
            f"The provided HTTP error code ({code}) is not valid. Valid codes are 4XX or 5XX."
        )
    if not redirect:
        raise errors.malformed_xml()
    if "ReplaceKeyWith" in redirect and "ReplaceKeyPrefixWith" in redirect:
        raise errors.invalid_request("You can only define ReplaceKeyPrefix or ReplaceKey but not both.")
    code = redirect.get("HttpRedirectCode")
    if code is not None and not (code.isdigit() and 300 < int(code) < 400):
        raise errors.invalid_request(
            f"The provided HTTP redirect code ({code}) is not valid. Valid codes are 3XX except 300."
        )
    _check_protocol(redirect)


def _check_protocol(redirect: Mapping[str, Any]) -> None:
    if redirect.get("Protocol") not in PROTOCOLS:
        raise errors.invalid_request(
            "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected "
            "automatically."
        )
