"""Uploaded plans: proposed in the admin or by a program, shown, then applied exactly as they were shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts.errors import InvalidRequest
from accounts.models import UploadedPlan
from accounts.plans.apply import Plan
from accounts.plans.changes import Change
from accounts.plans.complaints import StalePlan
from accounts.plans.toml_file.apply import apply_files, plan_files
from accounts.storable import is_storable
from accounts.types import Origin, Subject

LIFETIME = timedelta(days=1)
"""How long an uploaded plan can be applied; then it is deleted."""

Texts = Sequence[tuple[str, str]]
_LONGEST_NAME = 255


def propose(
    texts: Texts,
    *,
    subject: Subject,
    whole: bool = False,
    prune: bool,
    manage: bool,
    now: datetime,
) -> tuple[UploadedPlan, Plan]:
    """Keep files for a confirmation, and return what they would change and whose access.

    `whole`: these are all files there are, so that pruning also removes what a file managed that is gone.

    Raises:
        InvalidPlan: something in a file is wrong; nothing is kept.
        InvalidRequest: a file's name is none.
    """
    for name, text in texts:
        if not (0 < len(name) <= _LONGEST_NAME and is_storable(name) and is_storable(text)):
            raise InvalidRequest(
                "A file has a name of 1 to 255 characters, and no NUL character in it.",
                code="plan.file",
            )
    plan = _plan(texts, whole=whole, prune=prune, manage=manage, now=now)
    UploadedPlan.objects.filter(created_at__lte=now - LIFETIME).delete()
    row = UploadedPlan.objects.create(
        created_at=now,
        issuer=subject.issuer,
        sub=subject.sub,
        files=[list(pair) for pair in texts],
        whole=whole,
        prune=prune,
        manage=manage,
        revision=plan.revision or "",
    )
    return row, plan


def find(pk: UUID, *, now: datetime) -> UploadedPlan | None:
    """Return an uploaded plan that can still be applied."""
    return UploadedPlan.objects.filter(
        pk=pk, applied_at=None, created_at__gt=now - LIFETIME
    ).first()


def shown(row: UploadedPlan, *, now: datetime) -> Plan:
    """Return the plan again, to be shown.

    Raises:
        StalePlan: it would not be the same.
    """
    plan = _plan(_texts(row), whole=row.whole, prune=row.prune, manage=row.manage, now=now)
    if plan.revision != row.revision:
        raise StalePlan
    return plan


def confirm(pk: UUID, *, subject: Subject, origin: Origin, now: datetime) -> tuple[Change, ...]:
    """Apply an uploaded plan, once, exactly as it was shown.

    Raises:
        InvalidRequest: there is none that waits.
        StalePlan: the directory has changed since.
        LocksOut: nobody could mend it.
    """
    with transaction.atomic():
        waiting = UploadedPlan.objects.select_for_update().filter(
            pk=pk, applied_at=None, created_at__gt=now - LIFETIME
        )
        if (row := waiting.first()) is None:
            raise InvalidRequest(
                "There is no such plan that waits: it was applied, or it is older than a day. Make a new one.",
                code="plan.unknown",
            )
        changes = apply_files(
            _texts(row),
            actor=subject.label,
            subject=subject,
            origin=origin,
            now=now,
            whole=row.whole,
            prune=row.prune,
            manage=row.manage,
            revision=row.revision,
        )
        UploadedPlan.objects.filter(pk=row.pk).update(applied_at=now, files=[])
    return changes


def _plan(texts: Texts, *, whole: bool, prune: bool, manage: bool, now: datetime) -> Plan:
    return plan_files(texts, now=now, whole=whole, prune=prune, manage=manage)


def _texts(row: UploadedPlan) -> Texts:
    return [(name, text) for name, text in row.files]
