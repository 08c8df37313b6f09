"""Who may administer the portal or look at everything in it: by the claims of this moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.conf import settings

from accounts.claims import pick
from accounts.errors import AccessDenied
from accounts.types import ActorKind, Subject

Reading = Literal["directory", "audit"]
_CALLED = {"directory": "the directory", "audit": "the audit trail"}


@dataclass(frozen=True, slots=True)
class Rights:
    """What the claims of a person make them."""

    admin: bool
    auditor: bool


def rights_of(subject: Subject) -> Rights:
    """Return what these claims make a person, by ADMIN_* and AUDITOR_*; nothing else is ever an admin."""
    if subject.kind is not ActorKind.PERSON:
        return Rights(admin=False, auditor=False)
    return Rights(
        admin=_holds(subject, settings.ADMIN_CLAIM, settings.ADMIN_VALUES),
        auditor=_holds(subject, settings.AUDITOR_CLAIM, settings.AUDITOR_VALUES),
    )


def refuse_reading(subject: Subject, what: Reading) -> None:
    """Let portal admins, auditors and the machines they made tokens for read; nobody else.

    Raises:
        AccessDenied: this subject may not.
    """
    rights, scope = rights_of(subject), subject.scope
    # The token of a person is for what they may do themselves; only a machine's can say more.
    machine = subject.kind is ActorKind.TOKEN and subject.workload and scope is not None
    if rights.admin or rights.auditor or (machine and getattr(scope, what)):
        return
    raise AccessDenied(
        f"Only portal admins and auditors may read {_CALLED[what]}.",
        f"{subject.label} is neither",
        code="access.not_allowed",
    )


def _holds(subject: Subject, claim: str, wanted: list[str]) -> bool:
    return not set(wanted).isdisjoint(pick(subject.claims, claim))
