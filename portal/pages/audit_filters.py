"""The filters of the audit trail's pages: the form as it was filled in, and what it searches for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from accounts.audit import AuditSearch
from accounts.errors import InvalidRequest
from accounts.models.audit import Action, AuditOutcome
from accounts.storable import storable

_LONGEST = 255
_NO_DAY = "{} is not a day. Write it as 2026-11-30."


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilters:
    """What was typed into the form. Days are days in UTC, and both of them are included."""

    person: str = ""
    account: str = ""
    role: str = ""
    action: str = ""
    outcome: str = ""
    since: str = ""
    until: str = ""
    key: str = ""
    request: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> AuditFilters:
        """Read the form out of a query string; what no column could hold is cut."""
        typed = {
            field.name: storable(query.get(field.name, "").strip())[:_LONGEST]
            for field in fields(cls)
        }
        return cls(**typed)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed."""
        return self == AuditFilters()

    @property
    def query(self) -> str:
        """The form as a query string, without what is empty."""
        return urlencode(
            {field.name: value for field in fields(self) if (value := getattr(self, field.name))}
        )

    def search(self) -> AuditSearch:
        """Return what to search for.

        Raises:
            InvalidRequest: a day is none, or an action or outcome does not exist.
        """
        if self.action and self.action not in Action.values:
            raise InvalidRequest("Choose an action of the list.", "unknown action")
        if self.outcome and self.outcome not in AuditOutcome.values:
            raise InvalidRequest("Choose an outcome of the list.", "unknown outcome")
        until = _day(self.until)
        return AuditSearch(
            person=self.person,
            account=self.account,
            role_name=self.role,
            action=self.action,
            outcome=self.outcome,
            since=_day(self.since),
            until=until + timedelta(days=1) if until else None,
            access_key_id=self.key,
            request_id=self.request,
        )


def _day(typed: str) -> datetime | None:
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed)
        # The first and the last year leave no room for the other end of a day, or for a time zone.
        if not 1 < day.year < 9999:
            raise ValueError("out of bounds")
    except ValueError as error:
        raise InvalidRequest(_NO_DAY.format(typed[:40]), "not a day") from error
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
