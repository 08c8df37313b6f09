"""Put a denial into each policy at AWS, several accounts at the same time, and keep what became of each."""

from __future__ import annotations

import contextvars
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from accounts import audit, time_budget
from accounts.aws.arn import parse_role_arn
from accounts.aws.iam import RolePolicies
from accounts.aws.organizations import OrganizationPolicy
from accounts.aws.revocation_policies import DENY_OLDER_SESSIONS, OUTLIVED
from accounts.errors import AwsUnavailable, GatehouseError
from accounts.jobs import Postponed
from accounts.models import Account, Placement, Revocation
from accounts.models.audit import Action
from accounts.models.revocations import PlacementState, Reach
from accounts.revocation import reaching, revokers
from accounts.revocation.policies import (
    Policy,
    PolicyOfOrganization,
    PolicyOfRole,
    bring_about,
    wanted_of,
)
from accounts.types import Origin, Surface

AT_ONCE = 12
"""Accounts at the same time in a worker: fewer than the process's calls to AWS."""
AT_ONCE_IN_REQUEST = 4
LATE = timedelta(seconds=20)
"""After so long no request of before can still come back from AWS with keys."""
_STRETCH = 30.0
"""Seconds after which a job begins with no further account, so that a worker that is stopped ends soon."""
_FIRST_PAUSE, _LONGEST_PAUSE = 5, 300


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of one placement: the length of its policy, or the error."""

    placement: Placement
    size: int = 0
    error: GatehouseError | None = None


def go_on(revocation_id: UUID | str, *, now: datetime) -> None:
    """Do what is left of a revocation: what a worker does. Doing it twice changes nothing.

    Raises:
        Postponed: there is more to do later.
    """
    revocation = Revocation.objects.filter(pk=revocation_id).first()
    if revocation is None:
        return
    if revocation.reach == Reach.PERSON:
        _add_late(revocation, now=now)
    if now > revocation.since + OUTLIVED:
        _give_up(revocation)
        return
    place(revocation, patience=_STRETCH, at_once=AT_ONCE)
    left = revocation.placements.filter(state=PlacementState.PENDING)
    late_at = revocation.requested_at + LATE
    if revocation.reach == Reach.PERSON and timezone.now() < late_at:
        raise Postponed(late_at)
    if attempts := left.order_by("attempts").values_list("attempts", flat=True).first():
        pause = min(_FIRST_PAUSE * 2 ** min(attempts - 1, 10), _LONGEST_PAUSE)
        raise Postponed(timezone.now() + timedelta(seconds=pause))
    if attempts == 0:
        raise Postponed(timezone.now())


def place(revocation: Revocation, *, patience: float, at_once: int) -> None:
    """Try each placement that is pending, once. `patience`: seconds after which no further account is begun.

    An error of one account stops none of the others. What AWS refuses has failed; what it did not answer stays
    pending.
    """
    began = time.monotonic()
    pending = list(
        revocation.placements.filter(state=PlacementState.PENDING).order_by("attempts", "pk")
    )
    if not pending:
        return
    session_name = f"revocation-{revocation.pk.hex}"
    groups = list(_by_account(pending))
    with ThreadPoolExecutor(at_once, thread_name_prefix="revocation") as threads:
        futures: list[Future[list[_Outcome]]] = []
        for account, some in groups:
            run = partial(_of_account, account, some, session_name, began + patience)
            futures.append(threads.submit(_in_thread, contextvars.copy_context(), run))
        for future in as_completed(futures):
            for outcome in future.result():
                _keep(revocation, outcome)


def _by_account(
    placements: Sequence[Placement],
) -> Iterator[tuple[Account | None, list[Placement]]]:
    groups: dict[str, list[Placement]] = defaultdict(list)
    for placement in placements:
        groups[placement.account_id].append(placement)
    accounts = {one.account_id: one for one in Account.objects.filter(account_id__in=groups)}
    for account_id, some in groups.items():
        yield accounts.get(account_id), some


def _in_thread(context: contextvars.Context, run: partial[list[_Outcome]]) -> list[_Outcome]:
    try:
        return context.run(run)
    finally:
        connection.close()


def _of_account(
    account: Account | None, placements: Sequence[Placement], session_name: str, until: float
) -> list[_Outcome]:
    """Enter the account's revoker role once, and try all of its placements."""
    if time.monotonic() > until:
        return []
    # A worker has no budget of a request: each account may take as long as one.
    with nullcontext() if time_budget.is_begun() else time_budget.begun():
        try:
            revoker = (
                revokers.of_account(account)
                if placements[0].account_id
                else revokers.of_organization()
            )
            keys = revokers.enter(revoker, session_name=session_name)
            region = revokers.region_of(revoker)
            policies = RolePolicies(keys, region=region, policy_name=DENY_OLDER_SESSIONS)
        except GatehouseError as error:
            return [_Outcome(placement, error=error) for placement in placements]
        outcomes = []
        for placement in placements:
            if placement.account_id:
                role = parse_role_arn(placement.policy_of)
                policy: Policy = PolicyOfRole(policies, role.name)
            else:
                policy = PolicyOfOrganization(
                    OrganizationPolicy(keys, region=region, policy_id=placement.policy_of)
                )
            outcomes.append(_try(placement, policy))
    return outcomes


def _try(placement: Placement, policy: Policy) -> _Outcome:
    now = timezone.now()
    try:
        size = bring_about(policy, partial(wanted_of, placement.policy_of, now=now), now=now)
    except GatehouseError as error:
        return _Outcome(placement, error=error)
    return _Outcome(placement, size)


def _keep(revocation: Revocation, outcome: _Outcome) -> None:
    """Keep what became of a placement, and record it unless it is tried again."""
    now, error, placement = timezone.now(), outcome.error, outcome.placement
    placement.attempts += 1
    placement.error_code = "" if error is None else error.code
    placement.message = "" if error is None else error.admin_message
    if error is None:
        placement.state, placement.placed_at = PlacementState.PLACED, now
        placement.policy_size = outcome.size
    elif not isinstance(error, AwsUnavailable):
        placement.state = PlacementState.FAILED
    with transaction.atomic():
        placement.save()
        if placement.state != PlacementState.PENDING:
            _record(revocation, placement, now=now)


def _record(revocation: Revocation, placement: Placement, *, now: datetime) -> None:
    is_placed = placement.state == PlacementState.PLACED
    of_role = bool(placement.account_id)
    audit.record(
        action=Action.CUT_PLACED if is_placed else Action.CUT_FAILED,
        now=now,
        origin=Origin(surface=Surface.COMMAND),
        actor=revocation.requested_by,
        account_id=placement.account_id,
        role_name=placement.role_name,
        role_arn=placement.policy_of if of_role else "",
        error_code=placement.error_code,
        reason=placement.message or revocation.what,
        detail={
            "revocation": str(revocation.pk),
            "policy_of": placement.policy_of,
            "since": revocation.since.isoformat(),
        },
    )


def _add_late(revocation: Revocation, *, now: datetime) -> None:
    """Add the roles for which keys came back from AWS only after the cut was asked for."""
    if any(not one.account_id for one in revocation.placements.all()):
        return  # The organization's policy names no roles of a person.
    known = set(revocation.placements.values_list("policy_of", flat=True))
    entered = reaching.of_person(issuer=revocation.issuer, sub=revocation.sub, now=now)
    missing = [one for one in entered if one.policy_of not in known]
    for placement in missing:
        placement.revocation = revocation
    Placement.objects.bulk_create(missing, ignore_conflicts=True)


def _give_up(revocation: Revocation) -> None:
    for placement in revocation.placements.filter(state=PlacementState.PENDING):
        placement.state = PlacementState.FAILED
        placement.error_code = "revocation.outlived"
        placement.message = (
            "No session that began before lives any more, so this was not tried again."
        )
        with transaction.atomic():
            placement.save()
            _record(revocation, placement, now=timezone.now())
