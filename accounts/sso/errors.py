"""Why a command line is refused; `portal.sso.responses` has AWS's word for each reason."""

from __future__ import annotations

from enum import StrEnum

from accounts.errors import GatehouseError


class RefusalReason(StrEnum):
    """The rule that a request breaks."""

    REQUEST = "sso.request"
    CLIENT_METADATA = "sso.client_metadata"
    REDIRECT = "sso.redirect"
    SCOPE = "sso.scope"
    GRANT_TYPE = "sso.grant_type"
    CLIENT = "sso.client"
    NOT_FOR_CLIENT = "sso.not_for_client"
    GRANT = "sso.grant"
    PENDING = "sso.pending"
    TOO_SOON = "sso.too_soon"
    EXPIRED = "sso.expired"
    DENIED = "sso.denied"
    TOKEN = "sso.token"  # noqa: S105 - a code, no secret


class ClientRefused(GatehouseError):
    """A command line does not get what it asked for; `code` is the value of `reason`."""

    def __init__(self, reason: RefusalReason, user_message: str, admin_message: str = "") -> None:
        super().__init__(user_message, admin_message, code=reason.value)
        self.reason = reason
