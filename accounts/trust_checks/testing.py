"""Test roles for somebody: who may, several at once in bounded time, what is recorded and kept."""

from __future__ import annotations

import contextvars
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.utils import timezone

from accounts import audit, directory, pool, rights, time_budget, trust_results
from accounts.aws.limits import SHORTEST_SESSION
from accounts.errors import AuditUnavailable, InvalidRequest
from accounts.models.audit import Action
from accounts.models.trust_checks import CheckOutcome
from accounts.trust_checks import sides
from accounts.trust_checks.callers import Callers
from accounts.trust_checks.reading import explain_denials
from accounts.trust_checks.sides import Finding
from accounts.trust_checks.trials import Trial, try_role
from accounts.types import OfferedRole, Origin, Subject, Surface
from accounts.writability import why_not_writable

AT_ONCE = 4
"""Roles that are tried at the same time: fewer than the portal's calls to AWS, most of which stay people's."""
PATIENCE = 10.0
"""Seconds after which a request begins with no further role."""
MOST = 50
"""Roles that one request tests; a command tests any number."""
_CHUNK = 40
"""Roles between two looks at the clock, rows of the audit trail and lines of progress; accounts stay whole."""


@dataclass(frozen=True, slots=True)
class CheckedRole:
    """A role and how its test ended. `at` is None if there was no time for it."""

    role: OfferedRole
    finding: Finding
    at: datetime | None

    @property
    def works(self) -> bool:
        return self.finding.outcome is CheckOutcome.WORKS

    @property
    def is_broken(self) -> bool:
        return self.finding.outcome is CheckOutcome.BROKEN


def check_roles(
    role_ids: Collection[int],
    *,
    subject: Subject,
    origin: Origin,
    patience: float | None = PATIENCE,
    tell: Callable[[CheckedRole], None] = lambda _: None,
) -> list[CheckedRole]:
    """Test account roles by their ids, those of inactive accounts too, and return how each test ended.

    A token's scope leaves out roles that it does not cover.

    Each test is a row of the audit trail, and its result is kept. AWS gives sessions that may do nothing;
    their keys are thrown away. `patience` is in seconds, None for as long as it takes. `tell` is called
    with each result as soon as it is known.

    Raises:
        AccessDenied: only portal admins test roles, and machines whose token includes it.
        InvalidRequest: these are too many roles for a request.
        AuditUnavailable: a test could not be recorded.
    """
    # Whoever runs a command has the portal's database and keys anyway.
    if origin.surface is not Surface.COMMAND:
        rights.refuse_testing(subject)
    if patience is not None and len(role_ids) > MOST:
        raise InvalidRequest(
            f"At most {MOST} roles can be tested at once, and these are {len(role_ids)}. Nothing was tested. "
            "Choose fewer, or run manage.py check_trust.",
            code="request.too_many_roles",
        )
    roles = [
        role
        for role in directory.roles_by_id(role_ids)
        if subject.scope is None
        or subject.scope.covers(account_id=role.account_id, role_name=role.role_name)
    ]
    _check_recordable()
    began, callers, results = time.monotonic(), Callers(), []
    for chunk in _chunks(roles):
        if patience is not None and time.monotonic() - began > patience:
            results += [_no_time(role) for role in chunk]
            continue
        pool.give_back()
        trials = _each_in_a_thread(
            chunk,
            lambda role: try_role(role, subject=subject, origin=origin, caller_of=callers),
            own_time=patience is None,
        )
        explain_denials(trials, caller_of=callers)
        for trial in trials:
            results.append(_record(trial, subject=subject, origin=origin))
            tell(results[-1])
    return results


def _chunks(roles: Sequence[OfferedRole]) -> Iterator[list[OfferedRole]]:
    """Yield the roles of whole accounts, some _CHUNK at a time."""
    chunk: list[OfferedRole] = []
    for _, of_account in groupby(roles, key=lambda role: role.account_id):
        chunk += of_account
        if len(chunk) >= _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _each_in_a_thread(
    roles: Sequence[OfferedRole], test: Callable[[OfferedRole], Trial], *, own_time: bool
) -> list[Trial]:
    """Test each role; `own_time`: each may take as long as a request, instead of all together."""

    def run(role: OfferedRole) -> Trial:
        with time_budget.begun() if own_time else nullcontext():
            return test(role)

    if len(roles) == 1:
        return [run(roles[0])]

    def in_thread(context: contextvars.Context, role: OfferedRole) -> Trial:
        try:
            return context.run(run, role)
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="trust-check") as threads:
        contexts = [contextvars.copy_context() for _ in roles]
        return list(threads.map(in_thread, contexts, roles))


def _no_time(role: OfferedRole) -> CheckedRole:
    finding = sides.unknown(
        "trust.not_tested", "There was no time left for this role. Test it again."
    )
    return CheckedRole(role, finding, None)


def _check_recordable() -> None:
    try:
        refuses = why_not_writable()
    except DatabaseError as error:
        refuses = type(error).__name__
    if refuses:
        raise _not_recorded(f"the database takes no rows ({refuses}), so AWS was not asked")


def _record(trial: Trial, *, subject: Subject, origin: Origin) -> CheckedRole:
    """Write the audit row and keep the result, both or neither."""
    role, finding, now = trial.role, trial.finding, timezone.now()
    keys, request_ids = trial.sessions.access_key_ids, trial.sessions.request_ids
    try:
        with transaction.atomic():
            audit.record(
                action=Action.ROLE_TESTED,
                now=now,
                origin=origin,
                subject=subject,
                account_id=role.account_id,
                role_name=role.role_name,
                role_arn=role.arn,
                duration=SHORTEST_SESSION,
                reason=finding.message or "The role works.",
                error_code=finding.code,
                session_name=trial.request.session_name,
                access_key_id=keys[0] if keys else "",
                aws_request_id=request_ids[0] if request_ids else "",
                detail={
                    "outcome": finding.outcome.value,
                    "warnings": list(finding.warnings),
                    "access_key_ids": keys,
                },
            )
            trust_results.keep(
                role_id=role.id,
                outcome=finding.outcome,
                code=finding.code,
                message=finding.message,
                warnings=finding.warnings,
                tested_at=now,
                tested_by=subject.label,
            )
    except DatabaseError as error:
        raise _not_recorded(
            f"the audit row could not be written: {type(error).__name__}"
        ) from error
    return CheckedRole(role, finding, now)


def _not_recorded(why: str) -> AuditUnavailable:
    return AuditUnavailable(
        "This could not be recorded, so no more roles were tested. Try again in a moment.", why
    )
