"""What a role asks of a sign-in beyond being open: a second factor, or that it was not long ago.

OpenID Connect Core 1.0 sections 2 and 3.1.2.1 (`acr`, `amr`, `auth_time`, `acr_values`, `max_age`), RFC 8176.
What the provider does not say counts as missing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings

from accounts.durations import Duration
from accounts.errors import AccessDenied
from accounts.messages import Message
from accounts.types import ActorKind, OfferedRole, Subject

NO_MFA = "access.mfa_required"
TOO_LONG_AGO = "access.sign_in_too_old"
CLOCKS_DIFFER = timedelta(seconds=30)
"""By how much the provider's clock may be ahead of ours."""


class StepUpRequired(AccessDenied):
    """The role asks for another sign-in than this one. `role` is the role that was asked for."""

    def __init__(self, message: Message, admin_message: str, *, code: str, role: OfferedRole):
        super().__init__(message, admin_message, code=code)
        self.role = role

    @property
    def parameters(self) -> dict[str, str]:
        """The sign-in that helps, as the portal's own sign-in address takes it."""
        if self.code == NO_MFA:
            return {"mfa": "1"}
        return {"max_age": str(self.role.max_sign_in_age)}

    @property
    def page(self) -> str:
        """The address here that leads to such a sign-in: for those who are at a command line."""
        path = "keys" if self.role.keys else "console"
        names = {"account_id": self.role.account_id, "role_name": self.role.role_name}
        return f"{settings.BASE_URL}/{path}?{urlencode(names)}"


def require(*, role: OfferedRole, subject: Subject, now: datetime) -> None:
    """Refuse a subject whose sign-in is not what the role asks for.

    Raises:
        StepUpRequired: there was no second factor, or the sign-in was too long ago.
    """
    if role.requires_mfa and not had_second_factor(subject):
        raise StepUpRequired(
            Message(
                "%(role)s in this account asks for a sign-in with a second factor.",
                role=role.role_name,
            ),
            f"acr {subject.acr!r:.100} and amr {list(subject.amr)!r:.200} tell of none: MFA_ACR_VALUES and "
            "MFA_AMR_VALUES say what does",
            code=NO_MFA,
            role=role,
        )
    if role.max_sign_in_age is not None and not _is_recent(subject, role.max_sign_in_age, now):
        at = "no auth_time" if subject.auth_time is None else subject.auth_time.isoformat()
        raise StepUpRequired(
            Message(
                "%(role)s in this account asks for a sign-in within the last %(ago)s.",
                role=role.role_name,
                ago=Duration(role.max_sign_in_age),
            ),
            f"the sign-in at the provider was at: {at}",
            code=TOO_LONG_AGO,
            role=role,
        )


def had_second_factor(subject: Subject) -> bool:
    """Whether the provider says that a person signed in with a second factor. No token of the portal did."""
    return subject.kind is ActorKind.PERSON and (
        subject.acr in settings.MFA_ACR_VALUES
        or not set(settings.MFA_AMR_VALUES).isdisjoint(subject.amr)
    )


def _is_recent(subject: Subject, seconds: int, now: datetime) -> bool:
    at = subject.auth_time
    return (
        subject.kind is ActorKind.PERSON
        and at is not None
        and now - timedelta(seconds=seconds) <= at <= now + CLOCKS_DIFFER
    )
