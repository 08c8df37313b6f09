"""Lists in pages, as AWS does them: `nextToken` names the last entry of a page, after which the next begins."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from accounts.errors import InvalidRequest

MAX_RESULTS = 100
Entry = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page, and the `nextToken` member of the response if there is another."""

    items: Sequence[Entry]
    rest: dict[str, str]


def page(request: HttpRequest, entries: Sequence[Entry]) -> ListPage:
    """Return the page that a request asks for with `next_token` and `max_result` (1 to 100).

    Raises:
        InvalidRequest: one of them is not valid.
    """
    size = request.GET.get("max_result", str(MAX_RESULTS))
    if not (size.isascii() and size.isdigit() and len(size) <= 3 and 1 <= int(size) <= MAX_RESULTS):
        raise InvalidRequest(f"max_result must be a number from 1 to {MAX_RESULTS}.")
    after = request.GET.get("next_token", "")
    if after:
        last = _decode(after)
        entries = [entry for entry in entries if entry > last]
    shown = entries[: int(size)]
    return ListPage(shown, {"nextToken": _encode(shown[-1])} if len(entries) > len(shown) else {})


def _encode(entry: Entry) -> str:
    return base64.urlsafe_b64encode(json.dumps(entry).encode()).decode()


def _decode(token: str) -> Entry:
    try:
        name, id_ = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError, RecursionError, binascii.Error) as error:
        raise InvalidRequest("next_token is not valid.") from error
    if not (isinstance(name, str) and isinstance(id_, str)):
        raise InvalidRequest("next_token is not valid.")
    return name, id_
