"""What a session at AWS came from: the sign-in, command line or token that asked for it, and whether that is still open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from accounts import audit, ending, live_sessions
from accounts.models import AuditEvent, Person, SignIn


class SourceKind(StrEnum):
    """What asked for a session. The value is the name in the detail of its audit row."""

    SIGN_IN = "sign_in"
    COMMAND_LINE = "approval"
    TOKEN = "token"  # noqa: S105


@dataclass(frozen=True, slots=True)
class SessionSource:
    """What asked for a session and is still open, so that it can be ended: more keys come only while it is.

    `name` is what a program calls itself, or what a token is for; "" for a sign-in, which has a `user_agent`
    and an address.
    """

    kind: SourceKind
    id: UUID
    name: str = ""
    user_agent: str = ""
    ip: str = ""


def open_sources(
    events: Iterable[AuditEvent], *, person: Person, now: datetime
) -> dict[int, SessionSource]:
    """Return by the number of an audit row what asked for its session, where that is open and this person's. 3 queries."""
    named = {event.pk: key for event in events if (key := _named(event)) is not None}
    if not named:
        return {}
    found: list[SessionSource] = []
    sign_ins = list(
        SignIn.objects.open_at(now)
        .filter(person=person)
        .select_related(None)
        .only("id", "person_id", "ip", "user_agent")
    )
    for sign_in in sign_ins:
        found.append(
            SessionSource(
                SourceKind.SIGN_IN, sign_in.pk, user_agent=sign_in.user_agent, ip=sign_in.ip
            )
        )
    for line in ending.live_command_lines(sign_ins, now=now):
        found.append(
            SessionSource(
                SourceKind.COMMAND_LINE, line.pk, name=line.client_name, ip=line.requested_from
            )
        )
    for token in ending.live_tokens(person, now=now):
        found.append(SessionSource(SourceKind.TOKEN, token.pk, name=token.purpose))
    by_key = {(source.kind, source.id): source for source in found}
    return {number: by_key[key] for number, key in named.items() if key in by_key}


def alive_until(
    person: Person, kind: SourceKind, source: UUID, *, now: datetime
) -> datetime | None:
    """Return until when sessions that came from a sign-in or command line are alive at AWS; None if none is."""
    events = audit.of_person(issuer=person.issuer, sub=person.sub)
    return live_sessions.last_expiry(
        events.filter(**{f"detail__{kind.value}": str(source)}), now=now
    )


def _named(event: AuditEvent) -> tuple[SourceKind, UUID] | None:
    # A command line hangs from a sign-in, and a token may: what is closest to the keys is ended alone.
    for kind in (SourceKind.COMMAND_LINE, SourceKind.TOKEN, SourceKind.SIGN_IN):
        if text := event.detail.get(kind.value):
            return kind, UUID(text)
    return None
