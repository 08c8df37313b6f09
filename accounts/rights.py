"""Who is a portal admin or an auditor: by the claims of this moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.conf import settings

from accounts.claims import pick
from accounts.errors import AccessDenied
from accounts.messages import Message
from accounts.patterns import wildcard
from accounts.types import ActorKind, Subject
from accounts.vouched_claims import vouched_for

Reading = Literal["directory", "audit"]
_UNREADABLE = {
    "directory": Message("Only portal admins and auditors can read the directory."),
    "audit": Message("Only portal admins and auditors can read the audit trail."),
}


@dataclass(frozen=True, slots=True)
class Rights:
    """Whether a subject is a portal admin, and whether an auditor."""

    admin: bool
    auditor: bool


def rights_of(subject: Subject) -> Rights:
    """Return a person's rights by the settings ADMIN_* and AUDITOR_*. Programs have none."""
    if subject.kind is not ActorKind.PERSON:
        return Rights(admin=False, auditor=False)
    return Rights(
        admin=_holds(subject, settings.ADMIN_CLAIM, settings.ADMIN_VALUES),
        auditor=_holds(subject, settings.AUDITOR_CLAIM, settings.AUDITOR_VALUES),
    )


def refuse_reading(subject: Subject, what: Reading) -> None:
    """Refuse everybody but portal admins, auditors, and machines whose token includes this.

    Raises:
        AccessDenied: this subject may not.
    """
    rights, scope = rights_of(subject), subject.scope
    machine = subject.kind is ActorKind.TOKEN and subject.workload and scope is not None
    if rights.admin or rights.auditor or (machine and getattr(scope, what)):
        return
    raise AccessDenied(
        _UNREADABLE[what],
        f"{subject.label} is neither",
        code="access.not_allowed",
    )


def refuse_explaining(subject: Subject) -> None:
    """Refuse everybody but portal admins and auditors, programs too: an explanation tells of people's claims.

    Raises:
        AccessDenied: this subject may not.
    """
    rights = rights_of(subject)
    if not (rights.admin or rights.auditor):
        raise AccessDenied(
            Message("Only portal admins and auditors can see why people have access."),
            f"{subject.label} is neither",
            code="access.not_allowed",
        )


def refuse_changing(subject: Subject) -> None:
    """Refuse everybody but portal admins: programs change nothing in the directory.

    Raises:
        AccessDenied: this subject may not.
    """
    if not rights_of(subject).admin:
        raise AccessDenied(
            Message("Only portal admins can do this."),
            f"{subject.label} is no portal admin",
            code="access.not_allowed",
        )


def refuse_planning(subject: Subject) -> None:
    """Refuse everybody but portal admins, and the workloads of PLAN_WORKLOADS and APPLY_WORKLOADS.

    Raises:
        AccessDenied: this subject may not.
    """
    allowed = [*settings.PLAN_WORKLOADS, *settings.APPLY_WORKLOADS]
    if not (rights_of(subject).admin or _is_among(subject, allowed)):
        raise AccessDenied(
            Message(
                "Only portal admins, and programs that PLAN_WORKLOADS or APPLY_WORKLOADS names, can make plans."
            ),
            f"{subject.label} of {subject.issuer} is none",
            code="access.not_allowed",
        )


def refuse_applying(subject: Subject) -> None:
    """Refuse everybody but portal admins, and the workloads of APPLY_WORKLOADS.

    Raises:
        AccessDenied: this subject may not.
    """
    if not (rights_of(subject).admin or _is_among(subject, settings.APPLY_WORKLOADS)):
        raise AccessDenied(
            Message(
                "Only portal admins, and programs that APPLY_WORKLOADS names, can apply plans."
            ),
            f"{subject.label} of {subject.issuer} is none",
            code="access.not_allowed",
        )


def _is_among(subject: Subject, allowed: list[str]) -> bool:
    """Whether a workload is one of these: each is an issuer's URL, a space, and a `sub`, `*` standing for anything."""
    if subject.kind is not ActorKind.WORKLOAD:
        return False
    for one in allowed:
        issuer, _, sub = one.strip().partition(" ")
        if sub and issuer == subject.issuer and wildcard(sub.strip(), subject.sub):
            return True
    return False


def refuse_testing(subject: Subject) -> None:
    """Refuse everybody but portal admins, and machines whose token includes to test roles.

    Raises:
        AccessDenied: this subject may not.
    """
    scope = subject.scope
    machine = subject.kind is ActorKind.TOKEN and subject.workload and scope is not None
    if rights_of(subject).admin or (machine and scope is not None and scope.testing):
        return
    raise AccessDenied(
        Message("Only portal admins can test roles."),
        f"{subject.label} is none",
        code="access.not_allowed",
    )


def refuse_revoking(subject: Subject) -> None:
    """Refuse everybody but portal admins, and machines whose token includes to cut live sessions.

    Raises:
        AccessDenied: this subject may not.
    """
    scope = subject.scope
    machine = subject.kind is ActorKind.TOKEN and subject.workload and scope is not None
    if rights_of(subject).admin or (machine and scope is not None and scope.revoking):
        return
    raise AccessDenied(
        Message("Only portal admins can cut live sessions."),
        f"{subject.label} is none",
        code="access.not_allowed",
    )


def _holds(subject: Subject, claim: str, wanted: list[str]) -> bool:
    return not set(wanted).isdisjoint(pick(vouched_for(subject), claim))
