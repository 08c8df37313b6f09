"""What an issuance came from, by the audit trail: the sign-in, the approval of the command line, the token that was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from accounts.audit import with_account_names
from accounts.models import AuditEvent
from accounts.models.audit import Action

# What a row says of where it came from, and the rows that say the same of how that began.
_BEGINNINGS = {
    "approval": Action.CLI_ALLOWED,
    "token": Action.TOKEN_CREATED,
    "sign_in": Action.SIGNIN_COMPLETED,
}
_MOST_ROWS = 200


def origins_of(events: Sequence[AuditEvent]) -> Mapping[int, tuple[AuditEvent, ...]]:
    """Return for each row, by its id, the rows of what it came from, newest first. Three queries at most."""
    found: dict[int, list[AuditEvent]] = {event.pk: [] for event in events}
    for name, action in _BEGINNINGS.items():
        wanted = {str(event.detail[name]) for event in events if event.detail.get(name)}
        if not wanted:
            continue
        rows = with_account_names(
            AuditEvent.objects.filter(action=action.value, **{f"detail__{name}__in": wanted})
        )
        if name != "token":  # Who made a machine's token is somebody else.
            rows = rows.filter(
                issuer__in={event.issuer for event in events},
                sub__in={event.sub for event in events},
            )
        beginnings = {row.detail[name]: row for row in rows.order_by("at", "id")[:_MOST_ROWS]}
        for event in events:
            if beginning := beginnings.get(event.detail.get(name)):
                found[event.pk].append(beginning)
    return {
        key: tuple(sorted(rows, key=lambda row: row.at, reverse=True))
        for key, rows in found.items()
    }
