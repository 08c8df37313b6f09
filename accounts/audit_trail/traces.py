"""From an event of CloudTrail, or an access key id, to the rows that say who it was and why."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from accounts.audit import with_account_names
from accounts.audit_trail.origins import origins_of
from accounts.errors import InvalidRequest
from accounts.models import AuditEvent
from accounts.storable import storable

LONGEST = 300_000
"""Letters of a pasted text; CloudTrail's own limit of an event is 256 KB."""
_MOST_ROWS = 50
# IAM reference, "IAM identifiers": ASIA for temporary keys, AKIA for those of IAM users.
_KEY = re.compile(r"\bA[SK]IA[A-Z0-9]{12,124}\b")
_ASSUMED_ROLE = re.compile(r"^arn:[a-z-]+:sts::\d{12}:assumed-role/[^/]+/([^/]+)$")


@dataclass(frozen=True, slots=True)
class Clues:
    """What a pasted text says of a session: the ids of keys, and what AWS calls the session."""

    access_key_ids: tuple[str, ...]
    assumed_role_arn: str = ""
    session_name: str = ""
    source_identity: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look for."""
        return not (self.access_key_ids or self.assumed_role_arn)


@dataclass(frozen=True, slots=True)
class TracedRow:
    """A row, and those of what it came from: the sign-in, the approval of the command line, the token that was made."""

    event: AuditEvent
    came_from: tuple[AuditEvent, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """The rows that were found, newest first. `by_key`: by the key itself; else by the name of the session.

    Keys of a console session are AWS's own and stand in no row: such an event is found by the name.
    """

    clues: Clues
    rows: tuple[TracedRow, ...]
    by_key: bool


def trace(text: str) -> Trace:
    """Find the rows behind a pasted text.

    Raises:
        InvalidRequest: the text names neither a key nor a session.
    """
    clues = read(text)
    if clues.is_empty:
        raise InvalidRequest(
            "This names no access key and no session. Paste an access key id (ASIA…), or an event of CloudTrail as JSON.",
            "no clue in the text",
        )
    rows = with_account_names(AuditEvent.objects.exclude(access_key_id="", session_name=""))
    by_key = rows.filter(access_key_id__in=clues.access_key_ids)[:_MOST_ROWS]
    if by_key or not clues.assumed_role_arn:
        return Trace(clues, _traced(by_key), by_key=True)
    named = Q(assumed_role_arn=clues.assumed_role_arn, session_name=clues.session_name)
    return Trace(clues, _traced(rows.filter(named)[:_MOST_ROWS]), by_key=False)


def _traced(events: Iterable[AuditEvent]) -> tuple[TracedRow, ...]:
    found = list(events)
    beginnings = origins_of(found)
    return tuple(TracedRow(event, beginnings[event.pk]) for event in found)


def read(text: str) -> Clues:
    """Return what a text says: one event of CloudTrail, a list of them (`Records`), or text with ids of keys.

    CloudTrail user guide, "CloudTrail record contents" and "userIdentity element".
    """
    text = storable(text[:LONGEST]).strip()
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return Clues(tuple(dict.fromkeys(_KEY.findall(text))))
    events = list(_events(document))
    keys: dict[str, None] = {}
    arn = name = source = ""
    for event in events:
        identity = _member(event, "userIdentity")
        issued = _member(event, "responseElements", "credentials")
        for key in (identity.get("accessKeyId"), issued.get("accessKeyId")):
            if isinstance(key, str) and _KEY.fullmatch(key):
                keys[key] = None
        user = _member(event, "responseElements", "assumedRoleUser")
        for candidate in (identity.get("arn"), user.get("arn")):
            if isinstance(candidate, str) and (found := _ASSUMED_ROLE.match(candidate)):
                arn, name = candidate, found[1]
        context = identity.get("sessionContext")
        said = context.get("sourceIdentity") if isinstance(context, dict) else ""
        source = said if isinstance(said, str) else source
    return Clues(tuple(keys), arn, name, source)


def _events(document: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(document, list):
        for one in document[:_MOST_ROWS]:
            yield from _events(one)
    elif isinstance(document, dict):
        if isinstance(document.get("Records"), list):
            yield from _events(document["Records"])
        elif isinstance(document.get("CloudTrailEvent"), str):  # As LookupEvents answers.
            try:
                yield from _events(json.loads(document["CloudTrailEvent"]))
            except (ValueError, RecursionError):
                return
        else:
            yield document


def _member(event: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    found: Any = event
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}
