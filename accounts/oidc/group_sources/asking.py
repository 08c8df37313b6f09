"""Ask a directory's API: a token of the portal's own first, then one page after the other, all within bounds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from accounts.oidc.errors import misconfigured, unavailable
from accounts.oidc.provider_http import ProviderResponse, fetch

TOTAL = 10.0
"""Seconds for all pages of one person, once there is a token. Each answer is bounded by OIDC_TIMEOUT besides."""
MOST_PAGES = 20
MAX_TOKEN = 64 * 1024
MAX_PAGE = 1024 * 1024


def token_of(url: str, form: Mapping[str, str]) -> str:
    """Return an access token for this grant (RFC 6749 section 4.4, RFC 7523 section 2.1)."""
    answer = fetch(
        "POST", url, name="the token for the directory of groups", limit=MAX_TOKEN, data=form
    )
    # Nothing of the answer is repeated: it may quote what was sent.
    _check(answer, "GROUP_SOURCE_…: no token was given for the directory of groups")
    token = answer.document().get("access_token")
    if not isinstance(token, str) or not token:
        raise unavailable("the token endpoint of the directory of groups sent no token")
    return token


def pages_of(
    first: str,
    *,
    token: str,
    next_of: Callable[[Mapping[str, Any]], str],
    headers: Mapping[str, str] | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield each page of a list. `next_of` says of a page where the next one is, "" for the last.

    Raises:
        ProviderUnavailable: it takes too long, or never ends.
        ProviderMisconfigured: the directory refuses the portal, or does not know the person.
    """
    ends = time.monotonic() + TOTAL
    url, asked = first, 0
    while url:
        asked += 1
        if asked > MOST_PAGES or time.monotonic() > ends:
            raise unavailable("the directory of groups takes too long, or has too many pages")
        answer = fetch(
            "GET",
            url,
            name="a page of the directory of groups",
            limit=MAX_PAGE,
            headers={"Authorization": f"Bearer {token}", **(headers or {})},
        )
        _check(answer, "the directory of groups refuses the portal, or does not know the person")
        page = answer.document()
        yield page
        url = next_of(page)


def members(page: Mapping[str, Any], name: str, key: str) -> list[str]:
    """Return the text under `key` of each object in the list `name`; raises ProviderUnavailable for anything else."""
    listed = page.get(name)
    if not isinstance(listed, list):
        raise unavailable(f"a page of the directory of groups has no list “{name}”")
    texts = [one.get(key) if isinstance(one, Mapping) else None for one in listed]
    if not all(isinstance(text, str) and text for text in texts):
        raise unavailable(f"a group in the directory of groups has no “{key}”")
    return [str(text) for text in texts]


def _check(answer: ProviderResponse, problem: str) -> None:
    if 400 <= answer.status < 500 and answer.status not in (408, 429):
        raise misconfigured(f"{problem} (status {answer.status})")
