"""How keys are obtained for an account role: by the trust method of its account.

hub            AssumeRole from the portal's own principal in AWS
session_names  the role session name of a subject

A trust method is a module with the three functions of `_Method`, and an entry in `_METHODS`.
"""

from __future__ import annotations

from typing import Protocol

from accounts.errors import AwsRefused
from accounts.models.directory import TrustMethod
from accounts.trust import hub
from accounts.types import Credentials, OfferedRole, SessionLimit, SessionRequest


class _Method(Protocol):
    def obtain(self, request: SessionRequest) -> Credentials: ...

    def session_limit(self, role: OfferedRole) -> SessionLimit: ...

    def console_duration(self, role: OfferedRole, duration: int) -> int | None: ...


_METHODS: dict[str, _Method] = {TrustMethod.HUB: hub}


def obtain(request: SessionRequest) -> Credentials:
    """Return temporary keys for the session that is asked for.

    Raises:
        InvalidRequest: AWS does not take such tags.
        SessionTooLong: AWS does not give a session this long.
        AwsRefused: AWS, or what is configured there, said no.
        AwsUnavailable: AWS could not be reached, or is throttling.
    """
    return _method_of(request.role).obtain(request)


def session_limit(role: OfferedRole) -> SessionLimit:
    """Return the longest session to expect with a role, as far as it is known before AWS is asked.

    Raises:
        AwsRefused: the account's trust method is unknown.
    """
    return _method_of(role).session_limit(role)


def console_duration(role: OfferedRole, duration: int) -> int | None:
    """Return the `SessionDuration` to ask the console's sign-in for; None: it must not be given.

    Raises:
        AwsRefused: the account's trust method is unknown.
    """
    return _method_of(role).console_duration(role, duration)


def _method_of(role: OfferedRole) -> _Method:
    try:
        return _METHODS[role.trust_method]
    except KeyError:
        raise AwsRefused(
            "This account is not set up correctly. Contact your portal admins.",
            f"account {role.account_id} has the unknown trust method {role.trust_method!r}",
            code="trust.unknown",
        ) from None
