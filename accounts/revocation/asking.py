"""Ask for live sessions to be cut: who may, the rows that say what, and the few that are done at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit, blocking, blocks, ending, jobs, rights
from accounts.blocking import By
from accounts.errors import AccessDenied, InvalidRequest
from accounts.models import Block, Person, Placement, Revocation, SignIn
from accounts.models.audit import Action
from accounts.models.revocations import PlacementState, Reach
from accounts.models.signins import EndedBy
from accounts.revocation import reaching
from accounts.revocation.placing import AT_ONCE_IN_REQUEST, LATE, place
from accounts.revocation.reaching import Reached, Request
from accounts.types import Origin

JOB = "revocation"
"""The kind of the job that does what is left."""
MOST_AT_ONCE = 8
"""Policies that a request places itself; more are for the worker."""
_PATIENCE = 8.0
_WORKER_AFTER = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was done: the revocation, and how many sign-ins ended."""

    revocation: Revocation
    sign_ins_ended: int


def ask(request: Request, *, by: By, origin: Origin, now: datetime) -> Asked:
    """Cut live sessions: block the person first where that is asked for, store what is to be placed, begin with it.

    A few policies are placed before this returns; the worker does the rest, and all that AWS did not answer.

    Raises:
        AccessDenied: only portal admins cut sessions, and machines whose token includes it.
        InvalidRequest: there is no reason, or it names what is not there.
    """
    if not isinstance(by, str):
        rights.refuse_revoking(by)
    if not request.reason.strip():
        raise InvalidRequest(
            "Say why: for other admins and the audit trail. Nothing was cut.",
            code="revocation.reason",
        )
    reached = reaching.reach(request, now=now)
    _refuse_beyond_scope(by, reached)
    if request.block and reached.person and _is_same(by, reached.person):
        raise InvalidRequest(
            "You cannot block yourself. Ask another portal admin. Nothing was cut.",
            code="revocation.oneself",
        )
    ended = _block_first(request, reached, by=by, origin=origin, now=now)
    # The audit trail is asked again: keys may have been given out until the block.
    reached = reaching.reach(request, now=timezone.now())
    is_small = len(reached.placements) <= MOST_AT_ONCE
    with transaction.atomic():
        revocation = _store(request, reached, by=by, origin=origin, now=now)
        jobs.add(
            JOB,
            {"revocation": str(revocation.pk)},
            now=now,
            due_at=timezone.now() + _WORKER_AFTER if is_small else None,
            key=str(revocation.pk),
        )
    if is_small:
        place(revocation, patience=_PATIENCE, at_once=AT_ONCE_IN_REQUEST)
    return Asked(revocation, ended)


def retry(revocation: Revocation, *, by: By, origin: Origin, now: datetime) -> int:
    """Have the worker try again what has failed, and return how many policies that is.

    Raises:
        AccessDenied: only portal admins cut sessions, and machines whose token includes it.
    """
    if not isinstance(by, str):
        rights.refuse_revoking(by)
    with transaction.atomic():
        failed = revocation.placements.filter(state=PlacementState.FAILED).update(
            state=PlacementState.PENDING, attempts=0
        )
        if failed:
            _record(revocation, by=by, origin=origin, now=now, again=failed)
        jobs.add(JOB, {"revocation": str(revocation.pk)}, now=now, key=str(revocation.pk))
    return failed


def _block_first(
    request: Request, reached: Reached, *, by: By, origin: Origin, now: datetime
) -> int:
    """Let nothing new begin before what lives is cut: block the person, end the sign-in. Return how many ended."""
    if reached.sign_in is not None:
        only = SignIn.objects.open_at(now).filter(pk=reached.sign_in.pk)
        reason = "its live sessions were cut"
        return ending.end_all(
            only, reason=reason, ended_by=EndedBy.ADMIN, origin=origin, now=now
        ).sign_ins
    if not (request.block and reached.person):
        return 0
    whom = Block(issuer=reached.person.issuer, sub=reached.person.sub, reason=request.reason[:255])
    try:
        return len(blocking.block(whom, by=by, origin=origin, now=now).ended)
    except ValidationError as error:
        raise InvalidRequest(" ".join(error.messages), code="revocation.reason") from None


def _refuse_beyond_scope(by: By, reached: Reached) -> None:
    """Refuse a token what its scope does not cover; the organization's policy covers every account."""
    scope = None if isinstance(by, str) else by.scope
    if scope is None or (scope.account_ids is None and scope.permission_sets is None):
        return
    beyond = [
        one
        for one in reached.placements
        if not scope.covers(account_id=one.account_id, role_name=one.role_name)
    ]
    if beyond:
        raise AccessDenied(
            "This token is limited to some accounts or roles, and this reaches others. Nothing was cut.",
            f"the scope does not cover {beyond[0].policy_of}",
            code="access.scope",
        )


def _is_same(by: By, person: Person) -> bool:
    return not isinstance(by, str) and (by.issuer, by.sub) == (person.issuer, person.sub)


def _store(
    request: Request, reached: Reached, *, by: By, origin: Origin, now: datetime
) -> Revocation:
    revocation = Revocation.objects.create(
        reach=request.reach,
        engine=request.engine,
        what=reached.what[:512],
        issuer=reached.person.issuer if reached.person else "",
        sub=reached.person.sub if reached.person else "",
        person_mark=reached.mark,
        reason=request.reason.strip()[:255],
        requested_by=(by if isinstance(by, str) else by.label)[:255],
        requested_at=now,
        since=_since(reached),
    )
    for placement in reached.placements:
        placement.revocation = revocation
    Placement.objects.bulk_create(reached.placements, batch_size=500)
    _record(revocation, by=by, origin=origin, now=now, policies=len(reached.placements))
    return revocation


def _since(reached: Reached) -> datetime:
    """Return the moment: the next whole second, as AWS counts in those.

    Who is blocked gets nothing new, so theirs is some seconds ahead: keys that AWS is being asked for at this moment
    are cut too, and clocks may differ.
    """
    now = timezone.now()
    if reached.until is not None:
        now = min(now, reached.until)
    elif reached.person is not None and _is_blocked(reached.person):
        now += LATE
    return now.replace(microsecond=0) + timedelta(seconds=1)


def _is_blocked(person: Person) -> bool:
    return bool(blocks.of_each(blocks.known_subjects([person])))


def _record(revocation: Revocation, *, by: By, origin: Origin, now: datetime, **more: int) -> None:
    who = {"actor": by} if isinstance(by, str) else {"subject": by}
    audit.record(
        action=Action.SESSIONS_CUT,
        now=now,
        origin=origin,
        reason=revocation.reason,
        detail={
            "object": revocation.what,
            "revocation": str(revocation.pk),
            "reach": revocation.reach,
            "engine": revocation.engine,
            "issuer": revocation.issuer,
            "sub": revocation.sub,
            "since": revocation.since.isoformat(),
            **more,
        },
        **who,
    )


__all__ = ["JOB", "Asked", "Reach", "Request", "ask", "retry"]
