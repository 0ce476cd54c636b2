"""Who asks, put together from a request and the credential that signed it: the same on every road."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cumulet.services import Caller

if TYPE_CHECKING:
    from cumulet.store.credentials import Credential
    from cumulet.wire.message import Request


def caller_of(request: Request, credential: Credential | None, region: str, request_id: str) -> Caller:
    """Anonymous where nobody has signed."""
    fields = request.headers.joined
    return Caller(
        account=credential.account if credential else "",
        region=region,
        arn=credential.arn if credential else "",
        user_id=credential.user_id if credential else "",
        access_key=credential.access_key if credential else "",
        request_id=request_id,
        source_ip=request.client,
        referer=fields.get("referer", ""),
        user_agent=fields.get("user-agent", ""),
    )
