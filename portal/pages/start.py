"""The start page: what this is, or the accounts and roles somebody has, and why."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.signins import subject_of
from portal.context import sign_in_of
from portal.pages import answer, kept, listing, rows, tiles, wording
from portal.pages.empty import emptiness
from portal.pages.kept import Shown
from portal.pages.leaving import leads_to_aws
from portal.pages.squeezed import Squeezed
from portal.pages.words import LONGEST_SEARCH, words_in

# An AWS CLI takes an https start URL of ours because HEAD names this; the host is an identifier
# without a DNS record, so nobody is ever sent there.
AWS_START_URL = "https://identitycenter.amazonaws.com/ssoins-0000000000000000"

# Up to so many accounts are on one page, where the browser's own find finds them; above it is the
# server that searches, and pages.
ON_ONE_PAGE, ON_EACH_PAGE = 500, 100

Accounts = Sequence[listing.AccountRow]


@never_cache
@leads_to_aws
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Show what this is to whoever is signed out; else accounts and roles."""
    if getattr(request, "sign_in", None) is None:
        return render(request, "pages/welcome.html")
    sign_in, now = sign_in_of(request), timezone.now()
    shown = kept.shown(sign_in=sign_in, now=now)
    if not shown.roles:
        context = {
            "empty": emptiness(subject=subject_of(sign_in), now=now),
            "problems": shown.problems,
        }
        return render(request, "pages/empty.html", context)
    asked = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    return _found(request, shown, asked) if asked else _all(request, shown)


def _all(request: HttpRequest, shown: Shown) -> HttpResponse:
    """Answer with everything somebody has, or with a page of it."""
    page = _page(request, shown, shown.accounts)
    later = 0
    if "all" not in request.GET and not page.has_other_pages():
        later = max(len(page.object_list) - rows.AT_ONCE, 0)
    which, person = f"{page.number} {later}", sign_in_of(request).person

    def frame() -> answer.Frame:
        context = _context(shown, page) | {"later": later}
        return answer.frame(request, "pages/start.html", context, "tiles", "rows")

    def listed() -> Squeezed:
        render_rows = rows.at_once_and_later if later else rows.sections
        return answer.keep(render_rows([*page.object_list], grouped=shown.grouped))

    def first() -> Squeezed:
        chosen = tiles.chosen(person=person, shown=shown)
        return answer.keep(tiles.markup(chosen, shown))

    slots = {
        "rows": shown.once(f"rows {which}", listed),
        "tiles": shown.once("tiles", first, basis=person.chosen),
    }
    return answer.filled(request, shown.once(f"frame {which}", frame), slots)


def _found(request: HttpRequest, shown: Shown, asked: str) -> HttpResponse:
    """Answer with what a search finds."""
    words = words_in(asked)
    accounts = listing.found(shown.accounts, words)
    page = _page(request, shown, accounts)
    chosen = tiles.chosen(person=sign_in_of(request).person, shown=shown)
    markup = rows.sections([*page.object_list], grouped=shown.grouped, words=words)
    context = _context(shown, page) | {
        "asked": asked,
        "said": listing.said(sum(len(account.roles) for account in accounts)),
        "tiles": tiles.markup(chosen, shown, words),
        "rows": mark_safe(markup),  # noqa: S308
    }
    return render(request, "pages/start.html", context)


def _page(request: HttpRequest, shown: Shown, accounts: Accounts) -> Page[listing.AccountRow]:
    size = ON_EACH_PAGE if len(shown.accounts) > ON_ONE_PAGE else ON_ONE_PAGE
    return Paginator(accounts, size).get_page(request.GET.get("page"))


def _context(shown: Shown, page: Page[listing.AccountRow]) -> dict[str, object]:
    count = wording.count(page.paginator.count, "account")
    return {
        "summary": shown.summary,
        "problems": shown.problems,
        "page": page,
        "place": f"{page.start_index():,} to {page.end_index():,} of {count}",
        "several": len(shown.accounts) > 1,
        "searched_here": len(shown.accounts) > ON_ONE_PAGE,
    }


@require_safe
def start_url(request: HttpRequest) -> HttpResponse:
    """Answer at the address people know from Identity Center; an AWS CLI asks with HEAD."""
    return redirect(AWS_START_URL if request.method == "HEAD" else "start")
