"""The start page: what this is, or the accounts and roles somebody has, and why."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.context import sign_in_of, subject_of_request
from portal.pages import listing, rows, tiles, wording
from portal.pages.empty import emptiness
from portal.pages.leaving import leads_to_aws
from portal.pages.own_roles import OwnRoles, own_roles
from portal.pages.words import LONGEST_SEARCH, words_in

# An AWS CLI takes an https start URL of ours because HEAD names this; the host is an identifier
# without a DNS record, so nobody is ever sent there.
AWS_START_URL = "https://identitycenter.amazonaws.com/ssoins-0000000000000000"

# Up to so many accounts are on one page, where the browser's own find finds them; above it is the
# server that searches, and pages.
ON_ONE_PAGE, ON_EACH_PAGE = 500, 100


@never_cache
@leads_to_aws
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Show what this is to whoever is signed out; else accounts and roles."""
    if getattr(request, "sign_in", None) is None:
        return render(request, "pages/welcome.html")
    own = own_roles(request)
    if own.by_name:
        return _list(request, own)
    context = {
        "empty": emptiness(subject=subject_of_request(request), now=timezone.now()),
        "problems": own.problems,
    }
    return render(request, "pages/empty.html", context)


def _list(request: HttpRequest, own: OwnRoles) -> HttpResponse:
    """Show everything somebody has, what a search finds of it, or one page of either."""
    query = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    words = words_in(query)
    accounts = listing.found(own.accounts, words) if query else own.accounts
    size = ON_EACH_PAGE if len(own.accounts) > ON_ONE_PAGE else ON_ONE_PAGE
    page = Paginator(accounts, size).get_page(request.GET.get("page"))
    later = 0
    if not query and "all" not in request.GET and not page.has_other_pages():
        later = max(len(accounts) - rows.AT_ONCE, 0)
        list_html = own.list_html
    else:
        list_html = rows.sections(page.object_list, grouped=own.grouped, words=words)
    chosen = tiles.chosen(person=sign_in_of(request).person, own=own)
    count = wording.count(page.paginator.count, "account")
    context = {
        "summary": own.summary,
        "problems": own.problems,
        "page": page,
        "place": f"{page.start_index():,} to {page.end_index():,} of {count}",
        "several": len(own.accounts) > 1,
        "searched_here": len(own.accounts) > ON_ONE_PAGE,
        "asked": query,
        "said": listing.said(sum(len(account.roles) for account in accounts)) if query else "",
        "later": later,
        "tiles": tiles.markup(chosen, own, words),
        "rows": mark_safe(list_html),  # noqa: S308
    }
    return render(request, "pages/start.html", context)


@require_safe
def start_url(request: HttpRequest) -> HttpResponse:
    """Answer at the address people know from Identity Center; an AWS CLI asks with HEAD."""
    return redirect(AWS_START_URL if request.method == "HEAD" else "start")
