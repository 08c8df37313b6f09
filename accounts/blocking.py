"""Block and unblock, recorded: for the admin and for `manage.py block`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import audit, live_sessions, moments, signins
from accounts.blocks import known_subjects, of_each, reached_sign_ins
from accounts.models import Block, SignIn
from accounts.models.audit import Action
from accounts.models.signins import EndedBy
from accounts.types import Origin, Subject

By = Subject | str
"""Who blocks: an admin, or the name of an operator at a command line."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """What blocking did: the row, whether it is new, the sign-ins that it ended, and until when keys live on at AWS."""

    block: Block
    is_new: bool
    ended: tuple[SignIn, ...]
    alive_until: datetime | None = None

    @property
    def in_words(self) -> str:
        """Return "2 open sign-ins ended; keys at AWS live until 1 December 2026, 20:14 UTC"."""
        return in_words(len(self.ended), self.alive_until)


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
    return Blocked(row, is_new, ended, alive_until((row,), now=now))


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
        signins.end(
            sign_in=sign_in,
            reason="blocked by an admin",
            ended_by=EndedBy.ADMIN,
            origin=origin,
            now=now,
        )
    return reached


def alive_until(rows: Iterable[Block], *, now: datetime) -> datetime | None:
    """Return when the last session at AWS has ended of those whom these blocks reach; None if none is alive."""
    named = {row.pk for row in rows}
    people = {person.pk: person for person in live_sessions.identities(now=now)}
    reached = [
        people[key]
        for key, found in of_each(known_subjects(people.values())).items()
        if named.intersection(block.pk for block in found)
    ]
    return live_sessions.last_expiry(live_sessions.of_people(reached), now=now)


def in_words(ended: int, until: datetime | None) -> str:
    """Return what was ended here, and what lives on at AWS."""
    done = f"{ended} open sign-in{'' if ended == 1 else 's'} ended"
    return done if until is None else f"{done}; keys at AWS live until {moments.in_words(until)}"


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
