"""Whether a shortcut may open the console without asking first, for those who chose that in their preferences.

The page that asks is what is rendered in any case, and a GET still issues nothing: at-once.js sends the page's own form,
with its CSRF token. docs/threat-model.md says what a hostile link can do.
"""

from __future__ import annotations

from django.http import HttpRequest

from accounts import trust
from accounts.types import OfferedRole
from portal.pages.role_request import RoleRequest


def opens_at_once(request: HttpRequest, role: OfferedRole, wanted: RoleRequest) -> bool:
    """Whether nothing on the page that asks has to be read: the role, and how the browser came here."""
    if role.privileged or role.failed_test_at is not None:
        return False
    if wanted.read_only and not trust.offers_read_only(role):
        return False
    return _is_own_act(request)


def _is_own_act(request: HttpRequest) -> bool:
    """Whether a person opened this page in a tab: a bookmark, an address, this portal, or a link they clicked.

    By the browser's own headers, which no page can set (https://www.w3.org/TR/fetch-metadata/). Without them, no.
    """
    headers = request.headers
    if headers.get("Sec-Fetch-Dest") != "document" or headers.get("Sec-Fetch-Mode") != "navigate":
        return False
    return (
        headers.get("Sec-Fetch-Site") in ("none", "same-origin")
        or headers.get("Sec-Fetch-User") == "?1"
    )
