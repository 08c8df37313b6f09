"""Why a command line is refused; the wire has a word of AWS's for each."""

from __future__ import annotations

from enum import StrEnum

from accounts.errors import GatehouseError


class Why(StrEnum):
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


class Refused(GatehouseError):
    """What a command line asked for is not given; `why` is the rule, `code` the same as text."""

    def __init__(self, why: Why, user_message: str, admin_message: str = "") -> None:
        super().__init__(user_message, admin_message, code=why.value)
        self.why = why
