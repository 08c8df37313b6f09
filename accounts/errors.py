"""The errors of the domain: a code, a message for people with its facts, one for the admin, a status."""

from __future__ import annotations

from accounts.messages import Message
from accounts.types import AskedRole


class GatehouseError(Exception):
    """A refusal or a failure, with one message for the user and one for admins.

    `code` is stable: lower-case words with dots. `message` says what happened and what to do: a surface for people
    puts it into the reader's language (`portal.wording`). `user_message` is the same in English, for programs.
    `admin_message` may quote ARNs and AWS; it goes to the audit trail and the log only, in English. None holds a
    secret. What is raised with a plain string stays English: that is for what only admins and programs see.
    """

    code = "error"
    http_status = 400

    def __init__(self, message: Message | str, admin_message: str = "", *, code: str = "") -> None:
        self.message = message if isinstance(message, Message) else Message(message)
        self.user_message = str(self.message)
        self.admin_message = admin_message or self.user_message
        super().__init__(self.admin_message)
        self.code = code or type(self).code
        # Whether the audit trail has a row of this.
        self.recorded = False
        # What was asked for, where it was a role.
        self.asked: AskedRole | None = None

    @property
    def can_retry(self) -> bool:
        """Whether the same request may succeed a little later, although nobody changes anything."""
        return self.http_status in PASSING


PASSING = frozenset({429, 503})
"""The statuses of what passes by itself: too many requests, and what cannot be reached right now."""


class SignInAgain(GatehouseError):
    """The sign-in behind a request has ended, expired or was blocked."""

    code = "signin.required"
    http_status = 401


class VerifyAgain(SignInAgain):
    """The claims of an open sign-in are too old, and only the person's browser can renew them."""

    code = "signin.verify_again"


class TokenRefused(GatehouseError):
    """A bearer token that is not accepted; the code says why."""

    code = "token.refused"
    http_status = 401


class AccessDenied(GatehouseError):
    """The subject is not entitled to this."""

    code = "access.denied"
    http_status = 403


class InvalidRequest(GatehouseError):
    """A value in the request is not allowed: a duration, a destination, an account id."""

    code = "request.invalid"
    http_status = 400


class AwsRefused(GatehouseError):
    """AWS refused, or is not set up for this: an admin has to act."""

    code = "aws.refused"
    http_status = 502


class SessionTooLong(AwsRefused):
    """AWS does not give a session this long. `allowed` is the longest it gives, in seconds, if known."""

    code = "aws.session_too_long"
    http_status = 400

    def __init__(
        self,
        message: Message | str,
        admin_message: str = "",
        *,
        code: str = "",
        allowed: int | None = None,
    ) -> None:
        super().__init__(message, admin_message, code=code)
        self.allowed = allowed


class AwsUnavailable(GatehouseError):
    """AWS could not be reached in time, or is throttling: trying again helps."""

    code = "aws.unavailable"
    http_status = 503


class AuditUnavailable(GatehouseError):
    """The audit row could not be written, so nothing is released."""

    code = "audit.unavailable"
    http_status = 503
