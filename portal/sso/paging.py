"""Pages of what is listed: the next one begins after the last entry of this one, whatever came or went since."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from accounts.errors import InvalidRequest

LONGEST = 100
Entry = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of what was listed, and where the next one begins."""

    items: Sequence[Entry]
    rest: dict[str, str]


def page(request: HttpRequest, entries: Sequence[Entry]) -> Page:
    """Return the page that a request asks for with `next_token` and `max_result` (1 to 100).

    Raises:
        InvalidRequest: either cannot be.
    """
    size = request.GET.get("max_result", str(LONGEST))
    if not (size.isascii() and size.isdigit() and len(size) <= 3 and 1 <= int(size) <= LONGEST):
        raise InvalidRequest(f"max_result is a number from 1 to {LONGEST}.")
    after = request.GET.get("next_token", "")
    if after:
        last = _read(after)
        entries = [entry for entry in entries if entry > last]
    shown = entries[: int(size)]
    return Page(shown, {"nextToken": _written(shown[-1])} if len(entries) > len(shown) else {})


def _written(entry: Entry) -> str:
    return base64.urlsafe_b64encode(json.dumps(entry).encode()).decode()


def _read(token: str) -> Entry:
    try:
        name, id_ = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError, RecursionError, binascii.Error) as unread:
        raise InvalidRequest("next_token is none that was given here.") from unread
    if not (isinstance(name, str) and isinstance(id_, str)):
        raise InvalidRequest("next_token is none that was given here.")
    return name, id_
