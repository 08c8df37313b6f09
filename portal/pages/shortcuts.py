"""Shortcuts: build a link to the console of an account, for a wiki, a runbook or a bookmark."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.aws import partitions
from accounts.errors import InvalidRequest
from portal.pages.asked import asked
from portal.pages.links import Account, accounts_of, build
from portal.pages.own_roles import own_roles

# More suggestions than this are of no help, and make the page heavy; every account can be typed.
SUGGESTED = 500


@never_cache
@require_safe
def shortcuts(request: HttpRequest) -> HttpResponse:
    """Ask what the link is to open; show the link when that is known."""
    own = own_roles(request)
    mine, wanted = accounts_of([*own.by_name.values()]), asked(request)
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


def _regions(mine: Sequence[Account]) -> dict[str, str]:
    """Return the regions of the partitions somebody has accounts in, and what they are called."""
    worlds = sorted({account.roles[0].partition for account in mine})
    return {
        region: name
        for world in worlds
        for region, name in partitions.find(world).described_regions().items()
    }
