"""Shortcuts: build a link to the console of an account, for a wiki, a runbook or a bookmark."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.aws import partitions
from accounts.errors import InvalidRequest
from portal.pages.own_roles import own_roles
from portal.pages.role_request import role_request
from portal.pages.shortcut_links import ConsoleAccount, build, console_accounts

# More suggestions than this do not help, and make the page heavy. Every account can be typed.
SUGGESTED = 500


@never_cache
@require_safe
def shortcuts(request: HttpRequest) -> HttpResponse:
    """Ask what the link should open; with that in the query, show the link."""
    own = own_roles(request)
    mine, wanted = console_accounts([*own.by_name.values()]), role_request(request)
    typed = request.GET.get("account", "").strip() or wanted.account_id
    shortcut, refused = None, None
    try:
        shortcut = build(mine, typed, wanted) if typed else None
    except InvalidRequest as error:
        refused = error
    if shortcut:
        typed = shortcut.account.label
    context = {
        "accounts": mine[:SUGGESTED],
        "role_names": sorted({role.role_name for account in mine for role in account.roles}),
        "regions": _regions(mine),
        "typed": typed,
        "wanted": wanted,
        "shortcut": shortcut,
        "refused": refused,
        "wrong": refused.code.rpartition(".")[2] if refused else "",
    }
    return render(request, "pages/shortcuts.html", context, status=400 if refused else 200)


def _regions(mine: Sequence[ConsoleAccount]) -> dict[str, str]:
    """Return the regions, with their names, of the partitions that somebody has accounts in."""
    names = sorted({account.roles[0].partition for account in mine})
    return {
        region: name
        for partition in names
        for region, name in partitions.find(partition).described_regions().items()
    }
