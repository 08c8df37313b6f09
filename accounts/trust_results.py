"""Keep how the last test of each role ended."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import Error as DatabaseError
from django.db import transaction

from accounts.models import AccountRole, TrustCheck
from accounts.models.trust_checks import CheckOutcome
from accounts.storable import storable
from accounts.types import OfferedRole, Subject

log = logging.getLogger(__name__)

_LONGEST_NAME = 255
TRUST_COLUMNS = frozenset({"trust_method", "external_id", "region", "partition"})
"""What AWS is asked by, of an account: a test of before says nothing of another value."""


def keep(
    *,
    role_id: int,
    outcome: CheckOutcome,
    code: str = "",
    message: str = "",
    warnings: Sequence[str] = (),
    tested_at: datetime,
    tested_by: str,
) -> None:
    """Keep how a test ended. One that could not find out changes nothing that an earlier one found."""
    with transaction.atomic():
        if not AccountRole.objects.select_for_update().filter(pk=role_id).exists():
            return  # Deleted while AWS was asked.
        known = TrustCheck.objects.filter(account_role_id=role_id).first()
        if outcome is CheckOutcome.UNKNOWN and known and known.outcome != CheckOutcome.UNKNOWN:
            return
        TrustCheck.objects.update_or_create(
            account_role_id=role_id,
            defaults={
                "outcome": outcome,
                "code": code,
                "message": storable(message),
                "warnings": storable(warnings),
                "tested_at": tested_at,
                "tested_by": storable(tested_by)[:_LONGEST_NAME],
            },
        )


def forget(account_ids: Iterable[str]) -> None:
    """Forget the results of accounts whose trust is another now (TRUST_COLUMNS): they say nothing of it."""
    TrustCheck.objects.filter(account_role__account__account_id__in=list(account_ids)).delete()


def note_success(role: OfferedRole, *, subject: Subject, now: datetime) -> None:
    """Note that AWS gave somebody a session with a role whose last test had failed: it works again.

    The session is released whatever becomes of this.
    """
    if role.failed_test_at is None:
        return
    try:
        TrustCheck.objects.filter(account_role_id=role.id, outcome=CheckOutcome.BROKEN).update(
            outcome=CheckOutcome.WORKS,
            code="",
            message="AWS gave somebody a session with this role after its last test had failed.",
            warnings=[],
            tested_at=now,
            tested_by=storable(subject.label)[:_LONGEST_NAME],
        )
    except DatabaseError as error:
        log.warning("a role that works again is still marked as broken: %s", type(error).__name__)
