"""Rows of the audit trail as people read them: what a session was for, where it came from, until when it lives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from accounts import audit, live_sessions
from accounts.models import AuditEvent, Person
from accounts.session_sources import SessionSource, open_sources
from accounts.types import Surface
from accounts.visible import as_line, visible
from portal.pages import browsers
from portal.pages.audit_words import action_in_words

# Programs may have had keys a thousand times: of the latest this many are read, and so many shown.
_MOST_READ = 500
_MOST_SHOWN = 20
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class RecordedSession:
    """A row, and what is known of its session at AWS.

    `until` is when the session has ended; None if there is none. `source` is what asked for it, where that is
    open and the reader's own.
    """

    event: AuditEvent
    until: datetime | None = None
    is_alive: bool = False
    source: SessionSource | None = None

    @property
    def action(self) -> str:
        """Return what happened."""
        words = action_in_words(self.event.action)
        if self.event.detail.get("session_policy") == "read-only":
            return gettext("%(action)s, read-only") % {"action": words}
        return words

    @property
    def what_for(self) -> str:
        """Return what was wanted: the console, keys, or keys for which program; "" for other rows."""
        action = self.event.action.rpartition(".")[0]
        if action == "access.console":
            return gettext("Console")
        if action != "access.keys":
            return ""
        match self.event.surface:
            case Surface.SSO:
                return gettext("Command line")
            case Surface.API:
                return gettext("Keys for a program")
        return gettext("Keys")

    @property
    def program(self) -> str:
        """Return what asked, as far as it says: "Firefox on Linux", "aws-cli/2.31.2"; "" if nothing does."""
        agent = self.event.user_agent
        if not agent:
            return ""
        if agent.startswith("Mozilla/"):
            return browsers.in_words(agent)
        return visible(as_line(agent.split(" ", 1)[0], _LONGEST_NAME))

    @property
    def source_browser(self) -> str:
        """Return the browser of the sign-in that it came from."""
        return browsers.in_words(self.source.user_agent) if self.source else ""


@dataclass(frozen=True, slots=True)
class AtAws:
    """What is alive at AWS: the sessions that are shown, whether there are more, and when the last one has ended."""

    sessions: list[RecordedSession]
    has_more: bool
    until: datetime | None


def recorded(events: Sequence[AuditEvent], *, now: datetime) -> list[RecordedSession]:
    """Return rows with the ends of their sessions. No query."""
    ends = ((event, live_sessions.expiry_of(event)) for event in events)
    return [
        RecordedSession(event, end, is_alive=end is not None and end > now) for event, end in ends
    ]


def at_aws(person: Person, *, now: datetime) -> AtAws:
    """Return what is alive at AWS of one person, and what can be ended of where it came from. At most five queries."""
    events = audit.of_person(issuer=person.issuer, sub=person.sub)
    found = live_sessions.alive(events, now=now, at_most=_MOST_READ)
    shown = found[:_MOST_SHOWN]
    sources = open_sources([one.event for one in shown], person=person, now=now)
    return AtAws(
        [
            RecordedSession(
                one.event, one.expires_at, is_alive=True, source=sources.get(one.event.pk)
            )
            for one in shown
        ],
        len(found) > _MOST_SHOWN,
        live_sessions.last_expiry(events, now=now) if found else None,
    )
