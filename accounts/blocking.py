"""Block and unblock, recorded: for the admin and for `manage.py block`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import audit, signins
from accounts.blocks import reached_sign_ins
from accounts.models import Block, SignIn
from accounts.models.audit import Action
from accounts.types import Origin, Subject

By = Subject | str
"""Who blocks: an admin, or the name of an operator at a command line."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """What blocking did: the row, whether it is new, and the sign-ins that it ended."""

    block: Block
    is_new: bool
    ended: tuple[SignIn, ...]


def block(whom: Block, *, by: By, origin: Origin, now: datetime) -> Blocked:
    """Store a block that is not saved yet, end the open sign-ins that it reaches, and record both.

    Who is blocked already stays so; a new reason replaces the old one.

    Raises:
        ValidationError: it names neither one identity nor one claim value, or gives no reason.
    """
    whom.created_by = (by if isinstance(by, str) else by.label)[:255]
    whom.full_clean(validate_constraints=False, exclude=["created_by"])
    with transaction.atomic():
        row, is_new = Block.objects.select_for_update().get_or_create(
            issuer=whom.issuer,
            sub=whom.sub,
            claim=whom.claim,
            value=whom.value,
            defaults={"reason": whom.reason, "created_by": whom.created_by},
        )
        if is_new:
            after = _columns(row)
            _record(Action.ADMIN_ADDED, row, before={}, after=after, by=by, origin=origin, now=now)
        elif row.reason != whom.reason:
            before, after = {"reason": row.reason}, {"reason": whom.reason}
            row.reason = whom.reason
            row.save(update_fields=["reason"])
            _record(
                Action.ADMIN_CHANGED,
                row,
                before=before,
                after=after,
                by=by,
                origin=origin,
                now=now,
            )
        ended = end_reached(row, origin=origin, now=now)
    return Blocked(row, is_new, ended)


def unblock(row: Block, *, by: By, origin: Origin, now: datetime) -> None:
    """Delete a block, and record it. Sign-ins that it has ended stay ended."""
    with transaction.atomic():
        stored = Block.objects.select_for_update().filter(pk=row.pk).first()
        if stored is None:
            return
        before = _columns(stored)
        _record(
            Action.ADMIN_DELETED, stored, before=before, after={}, by=by, origin=origin, now=now
        )
        stored.delete()


def end_reached(row: Block, *, origin: Origin, now: datetime) -> tuple[SignIn, ...]:
    """End the open sign-ins of those whom a block reaches, and return them."""
    reached = tuple(reached_sign_ins(row, now=now))
    for sign_in in reached:
        signins.end(sign_in=sign_in, reason="blocked by an admin", origin=origin, now=now)
    return reached


def _columns(row: Block) -> dict[str, str]:
    names = ("issuer", "sub", "claim", "value", "reason", "created_by")
    return {name: getattr(row, name) for name in names if getattr(row, name)}


def _record(
    action: Action,
    row: Block,
    *,
    before: dict[str, str],
    after: dict[str, str],
    by: By,
    origin: Origin,
    now: datetime,
) -> None:
    """Record a change in the shape of those that the admin's pages write."""
    who: dict[str, Any] = {"actor": by} if isinstance(by, str) else {"subject": by}
    detail = {
        "object": f"block {row}",
        "model": "block",
        "id": str(row.pk),
        "before": before,
        "after": after,
    }
    audit.record(action=action, now=now, origin=origin, detail=detail, **who)
