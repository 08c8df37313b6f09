"""The errors of the domain: a code, a message for the user, a message for the admin, a status."""

from __future__ import annotations


class GatehouseError(Exception):
    """Something that was refused or failed, told twice: to the user and to the admin.

    `code` is stable and lower-case with dots; `user_message` says what happened and what to do;
    `admin_message` may hold ARNs and what AWS said, and goes to the audit trail and the log only.
    Neither ever holds a secret.
    """

    code = "error"
    http_status = 400

    def __init__(self, user_message: str, admin_message: str = "", *, code: str = "") -> None:
        super().__init__(admin_message or user_message)
        self.user_message = user_message
        self.admin_message = admin_message or user_message
        self.code = code or type(self).code


class SignInAgain(GatehouseError):
    """The sign-in behind a request has ended, expired or was blocked."""

    code = "signin.required"
    http_status = 401


class TokenRefused(GatehouseError):
    """A bearer token that proves nothing here; the code says which rule it breaks."""

    code = "token.refused"
    http_status = 401


class AccessDenied(GatehouseError):
    """The subject has no entitlement for what was asked."""

    code = "access.denied"
    http_status = 403


class InvalidRequest(GatehouseError):
    """What was asked for cannot be: a duration, a destination, an account id out of bounds."""

    code = "request.invalid"
    http_status = 400


class AwsRefused(GatehouseError):
    """AWS, or the configuration of AWS, said no: an admin has to act."""

    code = "aws.refused"
    http_status = 502


class SessionTooLong(AwsRefused):
    """AWS does not give a session this long; `allowed` is what it does give, in seconds, where that is known."""

    code = "aws.session_too_long"
    http_status = 400

    def __init__(
        self,
        user_message: str,
        admin_message: str = "",
        *,
        code: str = "",
        allowed: int | None = None,
    ) -> None:
        super().__init__(user_message, admin_message, code=code)
        self.allowed = allowed


class AwsUnavailable(GatehouseError):
    """AWS could not be reached in time, or is throttling: trying again helps."""

    code = "aws.unavailable"
    http_status = 503


class AuditUnavailable(GatehouseError):
    """The audit row could not be written, so nothing is released."""

    code = "audit.unavailable"
    http_status = 503
