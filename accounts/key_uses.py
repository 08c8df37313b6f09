"""What was done with issued keys, as CloudTrail in their account says it: for portal admins and auditors.

The portal enters the account with the permission set that CLOUDTRAIL_PERMISSION_SET names, and by a session that may do
nothing else.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import timezone

from accounts import audit, directory, pool, rights, trust
from accounts.aws import cloudtrail, partitions
from accounts.aws.cloudtrail import LookUpBy, RecordedEvent
from accounts.aws.limits import SHORTEST_SESSION
from accounts.errors import AuditUnavailable, GatehouseError, InvalidRequest
from accounts.models import AuditEvent
from accounts.models.audit import Action
from accounts.trust.session_names import session_name
from accounts.types import (
    Credentials,
    Kind,
    OfferedRole,
    Origin,
    RoleRef,
    SessionRequest,
    Subject,
)
from accounts.writability import why_not_writable

PATIENCE = 8.0
"""Seconds after which no further region is asked."""
_LATE = timedelta(minutes=30)
"""How much later than the end of a session its last events may be: CloudTrail delivers within some 15 minutes."""
_ISSUED = (Action.KEYS_ISSUED.value, Action.CONSOLE_ISSUED.value)
_NOT_ASKED = "There was no time left for this region. Look it up again."


@dataclass(frozen=True, slots=True)
class RegionUses:
    """What CloudTrail says in one region, newest first; `more`: it has further events. `error`: why it said nothing."""

    region: str
    events: tuple[RecordedEvent, ...] = ()
    more: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class KeyUses:
    """What was done with what a row of the audit trail gave out."""

    issued: AuditEvent
    regions: tuple[RegionUses, ...]

    @property
    def events(self) -> list[RecordedEvent]:
        """All events, newest first."""
        found = [event for region in self.regions for event in region.events]
        return sorted(found, key=lambda event: event.at, reverse=True)


def can_be_looked_up(event: AuditEvent) -> bool:
    """Whether CloudTrail may be asked about a row: the setting is on, and the row gave something out."""
    return bool(settings.CLOUDTRAIL_PERMISSION_SET) and event.action in _ISSUED


def look_up(*, row: int, subject: Subject, origin: Origin, now: datetime) -> KeyUses:
    """Ask CloudTrail what was done with the keys, or the console session, of a row of the audit trail; record it.

    At most `accounts.aws.cloudtrail.MOST_EVENTS` events of each region: the account's own, that of services without
    regions, and those of CLOUDTRAIL_REGIONS. Console sessions are found by their name, as AWS makes their keys.

    Raises:
        AccessDenied: the subject is neither portal admin nor auditor.
        InvalidRequest: nobody can look this up: there is no such row, it is too old, or nothing says how.
        AwsRefused, AwsUnavailable: AWS did not let the portal into the account.
        AuditUnavailable: it could not be recorded, and nothing is shown.
    """
    rights.refuse_reading(subject, "audit")
    issued = _issued(row, now)
    role = _reader_in(issued.account_id)
    if why := why_not_writable():
        raise _not_recorded(f"the database takes no rows ({why})")
    keys: Credentials | None = None
    try:
        trust.refuse_unfit(role=role, subject=subject, kind=Kind.KEYS, tags={})
        keys = _enter(role, subject, origin)
        uses = KeyUses(issued, tuple(_ask(issued, role, keys, now)))
    except GatehouseError as error:
        action = Action.CLOUDTRAIL_FAILED
        _record(action, issued, role, keys, subject, origin, error=error)
        error.recorded = True
        raise
    _record(Action.CLOUDTRAIL_READ, issued, role, keys, subject, origin, uses=uses)
    return uses


def _issued(row: int, now: datetime) -> AuditEvent:
    if not settings.CLOUDTRAIL_PERMISSION_SET:
        raise InvalidRequest(
            "This portal does not ask CloudTrail: CLOUDTRAIL_PERMISSION_SET is not set.",
            code="cloudtrail.off",
        )
    found = AuditEvent.objects.filter(pk=row, action__in=_ISSUED).first()
    if found is None or not found.access_key_id:
        raise InvalidRequest(
            "This row gave out neither keys nor a console session. Choose one that did.",
            code="cloudtrail.nothing_issued",
        )
    if found.at < now - cloudtrail.KEPT:
        raise InvalidRequest(
            f"CloudTrail finds events of the last {cloudtrail.KEPT.days} days, and these keys are older. Search the "
            "logs that your trails have written.",
            code="cloudtrail.too_old",
        )
    return found


def _reader_in(account_id: str) -> OfferedRole:
    name = settings.CLOUDTRAIL_PERMISSION_SET
    role = directory.offered_role(RoleRef(account_id, name))
    if role is None:
        raise InvalidRequest(
            f"The portal cannot read CloudTrail in the account {account_id}: it is not active here, or does not have the "
            f"permission set {name}. Add it to the account, and deploy the account's template again.",
            code="cloudtrail.no_role",
        )
    return role


def _enter(role: OfferedRole, subject: Subject, origin: Origin) -> Credentials:
    pool.give_back()
    return trust.obtain(
        SessionRequest(
            role=role,
            subject=subject,
            session_name=session_name(subject),
            duration=SHORTEST_SESSION,
            policy=cloudtrail.POLICY,
            origin=origin,
        )
    )


def _ask(
    issued: AuditEvent, role: OfferedRole, keys: Credentials, now: datetime
) -> list[RegionUses]:
    began, found = time.monotonic(), []
    for region in _regions(role):
        if time.monotonic() - began > PATIENCE:
            found.append(RegionUses(region, error=_NOT_ASKED))
            continue
        try:
            found.append(_ask_in(region, issued, keys, now))
        except GatehouseError as error:
            found.append(RegionUses(region, error=error.user_message))
    return found


def _ask_in(region: str, issued: AuditEvent, keys: Credentials, now: datetime) -> RegionUses:
    by_key = issued.action == Action.KEYS_ISSUED.value
    answer = cloudtrail.look_up(
        LookUpBy.ACCESS_KEY_ID if by_key else LookUpBy.SESSION_NAME,
        issued.access_key_id if by_key else issued.session_name,
        keys=keys,
        region=region,
        since=issued.at,
        until=min(issued.at + timedelta(seconds=issued.duration or 0) + _LATE, now),
    )
    events = answer.events
    if not by_key:
        # One name, other sessions: the person's in other roles, and with keys.
        events = tuple(one for one in events if one.session_arn == issued.assumed_role_arn)
    return RegionUses(region, events, answer.more)


def _regions(role: OfferedRole) -> list[str]:
    """Return the regions to ask, each once: those of the account's partition alone."""
    partition = partitions.find(role.partition)
    wanted = [
        partition.choose_region(role.region),
        # IAM, the console's sign-in and others without regions are recorded here.
        partition.default_region,
        *filter(partition.has_region, settings.CLOUDTRAIL_REGIONS),
    ]
    return list(dict.fromkeys(wanted))


def _record(
    action: Action,
    issued: AuditEvent,
    role: OfferedRole,
    keys: Credentials | None,
    subject: Subject,
    origin: Origin,
    *,
    uses: KeyUses | None = None,
    error: GatehouseError | None = None,
) -> None:
    try:
        audit.record(
            action=action,
            now=timezone.now(),
            origin=origin,
            subject=subject,
            account_id=role.account_id,
            role_name=role.role_name,
            role_arn=role.arn,
            duration=None if keys is None else SHORTEST_SESSION,
            reason="" if error is None else error.admin_message,
            error_code="" if error is None else error.code,
            # The keys that asked, not those that were asked about: a trace of the latter ends at their own row.
            access_key_id="" if keys is None else keys.access_key_id,
            session_name="" if keys is None else session_name(subject),
            assumed_role_arn="" if keys is None else keys.assumed_role_arn,
            aws_request_id="" if keys is None else keys.request_id,
            detail={
                "about_row": issued.pk,
                "about_person": issued.actor,
                "about_key": issued.access_key_id,
                "regions": []
                if uses is None
                else [
                    {"region": one.region, "events": len(one.events), "error": one.error}
                    for one in uses.regions
                ],
            },
        )
    except DatabaseError as failure:
        raise _not_recorded(
            f"the audit row could not be written: {type(failure).__name__}"
        ) from failure


def _not_recorded(why: str) -> AuditUnavailable:
    return AuditUnavailable(
        "This could not be recorded, so nothing is shown. Try again in a moment.", why
    )
