"""Read an organization, compare it with the directory, and apply the plan or put it up for a confirmation."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from accounts import jobs, pool
from accounts.aws.organization_accounts import OrganizationAccounts
from accounts.errors import GatehouseError, InvalidRequest
from accounts.from_aws import access, organization_reading
from accounts.from_aws.organization_entries import FREE, SHARE, Found, entries_of
from accounts.from_aws.organization_reading import Reading, Source
from accounts.jobs import Postponed
from accounts.models import Job, OrganizationReading
from accounts.plans import apply as plans
from accounts.plans import uploads
from accounts.plans.apply import Plan, Proposal
from accounts.plans.changes import Change
from accounts.plans.ownership import managers
from accounts.plans.stored import load
from accounts.plans.toml_file.export import render
from accounts.types import Origin, Subject

JOB = "sync organizations"
RESUMED_WITHIN = timedelta(hours=12)
"""How old a reading may be that is gone on with; an older one begins anew."""
_SAVED_EVERY = 15.0
_STRETCH = 45.0
"""Seconds after which a worker looks whether it is to stop, and goes on after that."""
_WORKER = "the worker"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A whole reading and what it comes to."""

    organization: str
    found: Found
    plan: Plan


def read(
    source: Source,
    *,
    anew: bool,
    with_tags: bool = True,
    progress: Progress,
    patience: float | None = None,
) -> Reading | None:
    """Read on where the last reading was interrupted, save every so often, and return the whole.

    With `patience`, in seconds: None where it was not done by then. No connection to the database is held
    while AWS is asked.

    Raises:
        AwsRefused: AWS said no.
        AwsUnavailable: AWS did not answer, is throttling, or answered in part. What was read is saved.
    """
    began = saved = time.monotonic()
    row, reading = _interrupted(with_tags=with_tags, anew=anew)
    try:
        while not reading.finished:
            pool.give_back()
            reading.step(source)
            progress(*reading.progress)
            now = time.monotonic()
            if now - saved > _SAVED_EVERY:
                _save(row, reading)
                saved = now
            if patience is not None and now - began > patience:
                return None
    except GatehouseError as error:
        row.outcome = f"{error.code}: {error.admin_message}"
        raise
    finally:
        # Whatever interrupted it, Ctrl+C too.
        _save(row, reading)
    return reading


def compare(reading: Reading, *, now: datetime, allow_going: int = 0) -> Outcome:
    """Return what a whole reading comes to.

    `allow_going`: how many accounts may become inactive or lose their unit or tags, where that is more than
    usual.

    Raises:
        InvalidRequest: more accounts would go.
        InvalidPlan: an entry cannot be.
    """
    found = entries_of(reading, partition=access.partition(), stored=load(), held=managers())
    if found.goes_too_far and len(found.going) > allow_going:
        raise InvalidRequest(
            f"{len(found.going)} of {found.known} accounts would become inactive or lose their unit or tags, such as "
            f"{', '.join(found.going[:3])}. Up to {max(FREE, int(SHARE * found.known))} may without being asked. Nothing "
            f"was changed. If this is right, run manage.py sync organizations --allow-going {len(found.going)}.",
            code="organization.guard",
        )
    return Outcome(reading.organization, found, plans.plan(Proposal(found.entries), now=now))


def apply(outcome: Outcome, *, actor: str, origin: Origin, now: datetime) -> tuple[Change, ...]:
    """Apply exactly what was shown.

    Raises:
        StalePlan: the directory has changed since.
        LocksOut: nobody could mend it.
    """
    return plans.apply(
        Proposal(outcome.found.entries),
        source={"organization": outcome.organization},
        actor=actor,
        origin=origin,
        now=now,
        revision=outcome.plan.revision,
    )


def ask(*, now: datetime) -> None:
    """Have the worker read the organization, unless it is to do that already."""
    jobs.add(JOB, now=now, key=jobs.PERIODIC)


def waits() -> bool:
    """Whether the worker is to read the organization, or does."""
    return Job.objects.filter(kind=JOB, finished_at=None, due_at__lte=timezone.now()).exists()


def latest() -> OrganizationReading | None:
    """Return the latest reading."""
    return OrganizationReading.objects.first()


def go_on(*, now: datetime) -> None:
    """Read on, and put up a plan for a confirmation: what a worker does.

    Raises:
        Postponed: there is more to read.
        GatehouseError: as `read` and `compare`.
    """
    source = OrganizationAccounts(access.client_of("organizations"))
    reading = read(source, anew=False, progress=_nobody, patience=_STRETCH)
    if reading is None:
        raise Postponed(timezone.now())
    row = _latest()
    try:
        outcome = compare(reading, now=now)
    except GatehouseError as error:
        _conclude(row, f"{error.code}: {error.admin_message}")
        return
    notes = "".join(f"\n{note}." for note in outcome.found.notes)
    if not outcome.plan:
        _conclude(row, f"No changes.{notes}")
        return
    waiting, _ = uploads.propose(
        [(f"{reading.organization}.toml", _text(outcome.found.entries))],
        subject=Subject(issuer="", sub=_WORKER),
        prune=False,
        manage=False,
        now=now,
    )
    row.plan = waiting.pk
    _conclude(row, f"Plan: {outcome.plan.summary}.{notes}")


def conclude(words: str) -> None:
    """Note how the latest reading ended."""
    _conclude(_latest(), words)


def _text(entries: Sequence[object]) -> str:
    # An external id stays as it is where a file does not name it.
    return "\n".join(
        render(entry.model_copy(update={"external_id": ""}))  # type: ignore[attr-defined]
        for entry in entries
    )


def _interrupted(*, with_tags: bool, anew: bool) -> tuple[OrganizationReading, Reading]:
    now = timezone.now()
    row = OrganizationReading.objects.first()
    if (
        not anew
        and row is not None
        and row.finished_at is None
        and row.state.get("with_tags") == with_tags
        and row.started_at > now - RESUMED_WITHIN
    ):
        row.outcome = ""
        return row, organization_reading.from_json(row.state)
    OrganizationReading.objects.filter(started_at__lte=now - timedelta(days=30)).delete()
    row = OrganizationReading.objects.create(started_at=now, saved_at=now)
    return row, Reading(with_tags=with_tags)


def _latest() -> OrganizationReading:
    return OrganizationReading.objects.latest("started_at")


def _save(row: OrganizationReading, reading: Reading) -> None:
    row.state = reading.as_json()
    row.step, row.done, row.total = reading.progress
    row.saved_at = timezone.now()
    row.save()


def _conclude(row: OrganizationReading, words: str) -> None:
    # What was read is not kept: the directory has what counts.
    row.state, row.outcome = {}, words
    row.finished_at = row.saved_at = timezone.now()
    row.save()


def _nobody(step: str, done: int, total: int) -> None:
    """Nobody watches: the row says how far it is."""
