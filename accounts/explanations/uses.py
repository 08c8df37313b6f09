"""Who used what is asked about, and when: by the audit trail."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Mappings
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q, QuerySet

from accounts import audit
from accounts.explanations.who import Question
from accounts.models import Account, AuditEvent, Mapping, PermissionSet
from accounts.models.audit import Action
from accounts.storable import is_storable

LATEST = 20
"""How many of the latest uses are shown."""
DAYS = 90
"""How far back they are looked for."""
_ISSUED = (Action.KEYS_ISSUED.value, Action.CONSOLE_ISSUED.value)

Identity = tuple[str, str]
"""The issuer and `sub` of somebody."""


@dataclass(frozen=True, slots=True)
class Use:
    """How often somebody got keys or a console of what is asked about, and when last."""

    times: int
    last_at: datetime


def uses_of(people: Iterable[Identity], question: Question) -> Mappings[Identity, Use]:
    """Return what each of these people used, in one query; those who used nothing are left out. For a page of people."""
    named = Q(pk__in=())
    subs: dict[str, set[str]] = {}
    for issuer, sub in people:
        subs.setdefault(issuer, set()).add(sub)
    for issuer, those in subs.items():
        named |= Q(issuer=issuer, sub__in=those)
    rows = (
        _issued(question)
        .filter(named)
        .order_by()
        .values_list("issuer", "sub")
        .annotate(times=Count("id"), last_at=Max("at"))
    )
    return {(issuer, sub): Use(times, last_at) for issuer, sub, times, last_at in rows}


def latest_uses(question: Question, *, now: datetime) -> list[AuditEvent]:
    """Return the LATEST uses of the last DAYS, newest first, also of those who cannot enter any more.

    Each has `account_name`.
    """
    recent = _issued(question).filter(at__gt=now - timedelta(days=DAYS))
    return list(audit.with_account_names(recent)[:LATEST])


def _issued(question: Question) -> QuerySet[AuditEvent]:
    texts = (question.account_id, question.role_name, question.environment)
    if not all(map(is_storable, texts)):
        return AuditEvent.objects.none()
    events = AuditEvent.objects.filter(action__in=_ISSUED)
    if question.account_id:
        events = events.filter(account_id=question.account_id)
    if question.role_name:
        events = events.filter(role_name=question.role_name)
    if question.environment:
        accounts = Account.objects.filter(environment__name=question.environment)
        events = events.filter(account_id__in=accounts.order_by().values("account_id"))
    if question.privileged:
        privileged = PermissionSet.objects.filter(privileged=True)
        events = events.filter(role_name__in=privileged.order_by().values("name"))
    if question.mapping_id is not None:
        # The reason that the door records begins with the mapping's name.
        names = Mapping.objects.filter(pk=question.mapping_id).values_list("name", flat=True)
        events = events.filter(reason__contains=f"{next(iter(names), '')}: ")
    return events
