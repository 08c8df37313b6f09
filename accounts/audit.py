"""Write the audit trail, and search it."""

from __future__ import annotations

import logging
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import CharField, OuterRef, PositiveIntegerField, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from accounts import audit_rows, sql
from accounts.models import Account, AuditEvent, Person
from accounts.models.audit import Action
from accounts.storable import storable
from accounts.types import Origin, Subject

log = logging.getLogger("gatehouse.audit")

_LENGTHS = {
    field.name: field.max_length
    for field in AuditEvent._meta.get_fields()
    if isinstance(field, CharField) and field.max_length
}
_COUNTS = {
    field.name for field in AuditEvent._meta.get_fields() if isinstance(field, PositiveIntegerField)
}
# A row of which nothing is known.
_NO_FACTS = {
    field.attname: field.get_default()
    for field in AuditEvent._meta.concrete_fields
    if not field.primary_key
}
# PostgreSQL's integer.
_LARGEST_COUNT = 2**31 - 1

# A record says that these changed, not what they are. AWS does not call an external id a secret, but
# records are kept for years and copied to places where more people read than in the admin.
NOT_SHOWN = frozenset({"external_id", "revoker_external_id"})
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
    row = _NO_FACTS | _columns(action, now=now, origin=origin, subject=subject, facts=facts)
    if row.keys() != _NO_FACTS.keys():
        raise TypeError(f"no columns of the audit trail: {row.keys() - _NO_FACTS.keys()}")
    number = sql.append_audit_row(row)
    _announce([{"id": number, **row}])
    return number


def record_all(
    events: Iterable[tuple[Action, Mapping[str, Any]]],
    *,
    now: datetime,
    origin: Origin,
    subject: Subject | None = None,
) -> None:
    """Append a row for each action with its facts, 500 in one statement. `subject` is who did all of it.

    Raises:
        django.db.Error: the rows could not be written; then none of them is.
    """
    made = AuditEvent.objects.bulk_create(
        [
            AuditEvent(**_columns(action, now=now, origin=origin, subject=subject, facts=facts))
            for action, facts in events
        ],
        batch_size=500,
    )
    _announce([{name: getattr(event, name) for name in audit_rows.COLUMNS} for event in made])


def _announce(rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows to stdout as JSON Lines once they are committed, if AUDIT_STDOUT says so."""
    if not settings.AUDIT_STDOUT:
        return

    def write() -> None:
        for row in rows:
            log.info("%s", audit_rows.json_line(row).rstrip("\n"))

    transaction.on_commit(write, robust=True)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSearch:
    """What rows have to match, all of it; empty texts and None match every row.

    `person` is part of a name, email address or username of somebody whom the portal knows, else part of a
    program's name, or a whole `sub`. `account` is an id, or part of a name in the directory. `action` is one
    action, or its beginning: "access.keys" and "access". `request_id` is the portal's or AWS's. `since` is
    included, `until` is not. The others are compared whole.
    """

    person: str = ""
    issuer: str = ""
    sub: str = ""
    actor_kind: str = ""
    account: str = ""
    account_id: str = ""
    role_name: str = ""
    action: str = ""
    outcome: str = ""
    surface: str = ""
    since: datetime | None = None
    until: datetime | None = None
    access_key_id: str = ""
    session_name: str = ""
    request_id: str = ""
    aws_request_id: str = ""


_WHOLE = (
    "issuer",
    "sub",
    "actor_kind",
    "account_id",
    "role_name",
    "surface",
    "access_key_id",
    "session_name",
    "aws_request_id",
)
_MOST_NAMED = 200


def of_person(*, issuer: str, sub: str) -> QuerySet[AuditEvent]:
    """Return the rows of one person, newest first."""
    return with_account_names(AuditEvent.objects.filter(issuer=issuer, sub=sub))


def search(
    wanted: AuditSearch, *, within: QuerySet[AuditEvent] | None = None
) -> QuerySet[AuditEvent]:
    """Return the rows that match, newest first, each with `account_name`, its account's name now.

    With `within`, only of these rows. Pages, admin and API all search by this function.
    """
    rows = with_account_names(AuditEvent.objects.all()) if within is None else within
    whole = {name: getattr(wanted, name) for name in _WHOLE}
    rows = rows.filter(**{name: value for name, value in whole.items() if value})
    if wanted.person:
        rows = rows.filter(_by_person(wanted.person.strip()))
    if wanted.account:
        rows = rows.filter(_by_account(wanted.account.strip()))
    if wanted.action:
        rows = rows.filter(action__in=_actions(wanted.action))
    if wanted.outcome:
        rows = rows.filter(
            action__in=[one.value for one in Action if one.outcome == wanted.outcome]
        )
    if wanted.request_id:
        rows = rows.filter(Q(request_id=wanted.request_id) | Q(aws_request_id=wanted.request_id))
    if wanted.since is not None:
        rows = rows.filter(at__gte=wanted.since)
    if wanted.until is not None:
        rows = rows.filter(at__lt=wanted.until)
    return rows


def older_than(rows: QuerySet[AuditEvent], *, at: datetime, number: int) -> QuerySet[AuditEvent]:
    """Return those rows of a search that come after one of its rows, which has this moment and number."""
    # The first condition is implied by the second; with it the database begins in the middle of its index.
    return rows.filter(Q(at__lte=at), Q(at__lt=at) | Q(id__lt=number))


def _by_person(text: str) -> Q:
    named = Person.objects.filter(
        Q(email__icontains=text) | Q(name__icontains=text) | Q(username__icontains=text)
    )
    known: dict[str, list[str]] = {}
    for issuer, sub in named.order_by().values_list("issuer", "sub")[:_MOST_NAMED]:
        known.setdefault(issuer, []).append(sub)
    if not known:
        return Q(sub=text) | Q(actor__icontains=text)
    return reduce(
        operator.or_, (Q(issuer=issuer, sub__in=subs) for issuer, subs in known.items()), Q()
    )


def _by_account(text: str) -> Q:
    digits = text.replace("-", "").replace(" ", "")
    if digits.isdecimal():
        return Q(account_id=digits)
    named = Account.objects.filter(name__icontains=text).order_by().values_list("account_id")
    return Q(account_id=text) | Q(account_id__in=named[:_MOST_NAMED])


def _actions(text: str) -> list[str]:
    return [
        one.value
        for one in Action
        if one.value == text or one.value.startswith(f"{text.rstrip('.')}.")
    ]


def with_account_names(events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
    """Add `account_name` to rows: the account's name in the directory now, "" if it is not in there."""
    names = Account.objects.filter(account_id=OuterRef("account_id")).order_by().values("name")
    return events.annotate(account_name=Coalesce(Subquery(names[:1]), Value("")))
