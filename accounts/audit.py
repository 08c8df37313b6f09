"""Write the audit trail, and read from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import CharField, OuterRef, PositiveIntegerField, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from accounts.models import Account, AuditEvent
from accounts.models.audit import Action
from accounts.storable import storable
from accounts.types import Origin, Subject

_LENGTHS = {
    field.name: field.max_length
    for field in AuditEvent._meta.get_fields()
    if isinstance(field, CharField) and field.max_length
}
_COUNTS = {
    field.name for field in AuditEvent._meta.get_fields() if isinstance(field, PositiveIntegerField)
}
# PostgreSQL's integer.
_LARGEST_COUNT = 2**31 - 1

# A record says that these changed, not what they are. AWS does not call an external id a secret, but
# records are kept for years and copied to places where more people read than in the admin.
NOT_SHOWN = frozenset({"external_id"})
HIDDEN = "(not shown)"


def record(
    *,
    action: Action,
    now: datetime,
    origin: Origin,
    subject: Subject | None = None,
    **facts: Any,
) -> int:
    """Append one row and return its id.

    `facts` are columns of `AuditEvent`. A value that its column cannot hold is made to fit (texts are
    cut, numbers limited), so that hostile input never prevents a row.

    Raises:
        django.db.Error: the row could not be written; the caller must then release nothing.
    """
    columns = _columns(action, now=now, origin=origin, subject=subject, facts=facts)
    return AuditEvent.objects.create(**columns).pk


def record_all(
    events: Iterable[tuple[Action, Mapping[str, Any]]], *, now: datetime, origin: Origin
) -> None:
    """Append a row for each action with its facts, 500 in one statement.

    Raises:
        django.db.Error: the rows could not be written; then none of them is.
    """
    AuditEvent.objects.bulk_create(
        [
            AuditEvent(**_columns(action, now=now, origin=origin, subject=None, facts=facts))
            for action, facts in events
        ],
        batch_size=500,
    )


def _columns(
    action: Action,
    *,
    now: datetime,
    origin: Origin,
    subject: Subject | None,
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    columns = {
        **facts,
        "surface": origin.surface.value,
        "ip": origin.ip,
        "user_agent": origin.user_agent,
        "request_id": origin.request_id,
    }
    if subject is not None:
        columns |= {
            "issuer": subject.issuer,
            "sub": subject.sub,
            "actor": subject.label,
            "actor_kind": subject.kind.value,
        }
    fitting = {name: _fit(name, value) for name, value in columns.items()}
    return {**fitting, "at": now, "action": action.value}


def _fit(name: str, value: Any) -> Any:
    if name in _COUNTS and value is not None:
        return max(0, min(value, _LARGEST_COUNT))
    return storable(value)[: _LENGTHS.get(name)] if isinstance(value, str) else storable(value)


def recordable(column: str, value: Any) -> Any:
    """Return what a record of a change says of a column's value."""
    return HIDDEN if column in NOT_SHOWN and value else value


def of_person(*, issuer: str, sub: str) -> QuerySet[AuditEvent]:
    """Return the rows of one person, newest first."""
    return with_account_names(AuditEvent.objects.filter(issuer=issuer, sub=sub))


def with_account_names(events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
    """Add `account_name` to rows: the account's name in the directory now, "" if it is not in there."""
    names = Account.objects.filter(account_id=OuterRef("account_id")).order_by().values("name")
    return events.annotate(account_name=Coalesce(Subquery(names[:1]), Value("")))
