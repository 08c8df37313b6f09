"""What waits for a portal admin, counted for the index: each with the list that holds exactly these rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import Account, AccountRole, Job, Mapping, TrustCheck
from accounts.models.directory import TrustMethod
from accounts.models.revocations import Placement, PlacementState
from accounts.models.trust_checks import CheckOutcome

THIS_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Task:
    """What waits, in words with its count, and the address of the list of it."""

    words: str
    url: str


class TestedFilter(admin.SimpleListFilter):
    """Accounts of which no role was ever tested."""

    title = "tested"
    parameter_name = "tested"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [("never", "never tested")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Account]) -> QuerySet[Account]:
        return never_tested(queryset) if self.value() == "never" else queryset


def never_tested(accounts: QuerySet[Account]) -> QuerySet[Account]:
    """Narrow to active accounts with roles, none of which was tested; switch-role has nothing to test."""
    return accounts.filter(active=True, pk__in=AccountRole.objects.values("account")).exclude(
        Q(trust_method=TrustMethod.SWITCH_ROLE)
        | Q(pk__in=TrustCheck.objects.values("account_role__account"))
    )


def expiring(mappings: QuerySet[Mapping], within: timedelta, now: datetime) -> QuerySet[Mapping]:
    """Narrow to enabled mappings that expire within a time."""
    return mappings.filter(enabled=True, expires_at__gt=now, expires_at__lte=now + within)


def tasks(now: datetime) -> list[Task]:
    """Return what waits, one query each; what does not is left out."""
    return [Task(words, url) for number, words, url in _counted(now) if number]


def _counted(now: datetime) -> Iterator[tuple[int, str, str]]:
    number = expiring(Mapping.objects.all(), THIS_WEEK, now).count()
    verb = "expires" if number == 1 else "expire"
    yield number, f"{_of(number, 'mapping')} {verb} this week", _list("mapping", "state=week")
    number = TrustCheck.objects.filter(outcome=CheckOutcome.BROKEN).count()
    verb = "is" if number == 1 else "are"
    yield number, f"{_of(number, 'role')} {verb} broken", _list("accountrole", "test=broken")
    number = never_tested(Account.objects.all()).count()
    yield number, f"{_of(number, 'account')} never tested", _list("account", "tested=never")
    number = Job.objects.filter(given_up=True).count()
    yield number, f"{_of(number, 'job')} given up", _list("job", "state=given+up")
    number = Placement.objects.filter(state=PlacementState.FAILED).count()
    yield number, f"{_of(number, 'cut')} not placed", _list("revocation", "")


def _of(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _list(model: str, query: str) -> str:
    return "?".join(filter(None, (reverse(f"admin:accounts_{model}_changelist"), query)))
