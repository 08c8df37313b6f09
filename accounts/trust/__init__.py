"""How keys are obtained for an account role: by the trust method of its account.

hub            AssumeRole from the portal's own principal in AWS
portal_token   AssumeRoleWithWebIdentity with a token that the portal signs
switch_role    a link to AWS's switch-role page, no keys
user_token     AssumeRoleWithWebIdentity with the person's own ID token
web_identity   AssumeRoleWithWebIdentity, for those that have a token
session_names  what the subject is called there; claim_tags: what its claims say there
session_requests  what AWS is asked for

A trust method is a module with the functions of `_Method`, and an entry in `_METHODS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from accounts.errors import AwsRefused
from accounts.messages import Message
from accounts.models.directory import TrustMethod
from accounts.trust import hub, portal_token, switch_role, user_token
from accounts.types import Credentials, Kind, OfferedRole, SessionLimit, SessionRequest, Subject


class _Method(Protocol):
    def refuse_unfit(
        self, *, role: OfferedRole, subject: Subject, kind: Kind, tags: Mapping[str, str]
    ) -> None: ...

    def obtain(self, request: SessionRequest) -> Credentials: ...

    def session_limit(self, role: OfferedRole) -> SessionLimit: ...

    def console_duration(self, role: OfferedRole, duration: int) -> int | None: ...


_METHODS: dict[str, _Method] = {
    TrustMethod.HUB: hub,
    TrustMethod.PORTAL_TOKEN: portal_token,
    TrustMethod.SWITCH_ROLE: switch_role,
    TrustMethod.USER_TOKEN: user_token,
}


def refuse_unfit(
    *, role: OfferedRole, subject: Subject, kind: Kind, tags: Mapping[str, str]
) -> None:
    """Refuse what the account's trust method cannot give to this subject, before AWS is asked.

    `tags` are the session tags that somebody asks for.

    Raises:
        AccessDenied: the method gives no keys, or nothing to such a subject.
        InvalidRequest: it cannot pass session tags on.
        AwsRefused: the account's trust method is unknown.
    """
    _method_of(role).refuse_unfit(role=role, subject=subject, kind=kind, tags=tags)


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


def is_link(role: OfferedRole) -> bool:
    """Whether the console of a role is a page of AWS's own, and there are no keys that could be exchanged for it."""
    return role.trust_method == TrustMethod.SWITCH_ROLE


def offers_read_only(role: OfferedRole) -> bool:
    """Whether people can ask for less than a role may, here; the role was loaded by itself."""
    rules = role.session_rules
    return rules is not None and rules.offers_read_only and not is_link(role)


def console_link(role: OfferedRole) -> str:
    """Return AWS's page for a role that `is_link`.

    Raises:
        AwsRefused: AWS's page does not take this role.
    """
    return switch_role.console_link(role)


def _method_of(role: OfferedRole) -> _Method:
    try:
        return _METHODS[role.trust_method]
    except KeyError:
        raise AwsRefused(
            Message("This account is not set up correctly. Contact your portal admins."),
            f"account {role.account_id} has the unknown trust method {role.trust_method!r}",
            code="trust.unknown",
        ) from None
