"""Who somebody is, and credentials that are the same somebody for a while."""

from __future__ import annotations

from typing import Any

from cumulet.services.principals import of
from cumulet.services.sts.sessions import Sessions
from cumulet.wire.errors import AwsError

HALF_A_DAY = 12 * 3600
HOUR = 3600


class Identity(Sessions):
    def get_caller_identity(self) -> dict[str, Any]:
        """Needs no permission, on AWS neither."""
        return {"UserId": self.caller.user_id, "Account": self.caller.account, "Arn": self.caller.arn}

    def get_access_key_info(self, *, AccessKeyId: str) -> dict[str, Any]:
        credential = self.store.credentials.find(AccessKeyId)
        if credential is None:
            raise AwsError(
                "ValidationError", f"The access key {AccessKeyId} is not one of this server.", status=400
            )
        return {"Account": credential.account}

    def get_session_token(self, *, DurationSeconds: int = HALF_A_DAY) -> dict[str, Any]:
        """For users and the root user. The root user's session is an hour at most."""
        own = self.store.credentials.find(self.caller.access_key)
        if (own and own.token) or of(self.caller).role:
            raise AwsError("AccessDenied", "Cannot call GetSessionToken with session credentials", status=403)
        seconds = min(DurationSeconds, HOUR) if self.caller.arn.endswith(":root") else DurationSeconds
        return {
            "Credentials": self._issue(self.caller.arn, self.caller.user_id, self.caller.account, seconds)
        }
