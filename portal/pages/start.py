"""The start page: the accounts and roles that somebody has, and why; for everybody else a sign-in button."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal import provider_session
from portal.aws_config import AWS_START_URL
from portal.context import open_sign_in, sign_in_of, subject_of_request
from portal.pages import account_html, chips
from portal.pages.form_action import may_lead_to_aws
from portal.pages.no_accounts import no_accounts
from portal.pages.own_roles import OwnRoles, own_roles
from portal.pages.refusals import check_groups_url, help_without_accounts
from portal.pages.search import LONGEST_SEARCH, matching_accounts, result_message, words_in
from portal.pages.tiles import tiles_html, tiles_of
from portal.wording import number

# Up to this many accounts are on one page, where scripts and the browser's own find search. With more
# accounts the server searches, and shows a page at a time.
ON_ONE_PAGE, ON_EACH_PAGE = 500, 100


@never_cache
@may_lead_to_aws
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Show accounts and roles, or why there are none; to somebody signed out, a sign-in button."""
    if open_sign_in(request) is None:
        may_remain = provider_session.may_remain(request)
        response = render(
            request, "pages/welcome.html", {"provider_session_may_remain": may_remain}
        )
        if provider_session.is_back(request):
            provider_session.forget(request, response)
        return response
    own = own_roles(request)
    if own.by_name:
        return _list(request, own)
    subject, now = subject_of_request(request), timezone.now()
    context = {
        "empty": no_accounts(
            subject=subject, now=now, for_admin=sign_in_of(request).person.is_admin
        ),
        "help": help_without_accounts(request, subject, now=now),
        "check_again": check_groups_url(reverse("start")),
        "problems": own.problems,
        "scopes": settings.OIDC_RP_SCOPES,
    }
    return render(request, "pages/no_accounts.html", context)


def _list(request: HttpRequest, own: OwnRoles) -> HttpResponse:
    """Show all accounts, those that a search and chips find, or one page of either."""
    query = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    words = words_in(query)
    chosen = chips.chosen(request.GET, own)
    accounts = chips.fitting(own.accounts, chosen)
    accounts = matching_accounts(accounts, words) if query else accounts
    searched = bool(query or chosen)
    size = ON_EACH_PAGE if len(own.accounts) > ON_ONE_PAGE else ON_ONE_PAGE
    page = Paginator(accounts, size).get_page(request.GET.get("page"))
    later = 0
    if not searched and "all" not in request.GET and not page.has_other_pages():
        later = max(len(accounts) - account_html.AT_ONCE, 0)
        list_html = own.list_html()
    else:
        list_html = account_html.sections(
            page.object_list, units=own.units, folded=own.folded, words=words
        )
    total = page.paginator.count
    count = ngettext("%(count)s account", "%(count)s accounts", total) % {"count": number(total)}
    context = {
        "summary": own.summary,
        "problems": own.problems,
        "page": page,
        # Translators: "1 to 100 of 1,234 accounts".
        "place": gettext("%(first)s to %(last)s of %(accounts)s")
        % {
            "first": number(page.start_index()),
            "last": number(page.end_index()),
            "accounts": count,
        },
        "has_search": len(own.accounts) > 1,
        "server_searches": len(own.accounts) > ON_ONE_PAGE,
        "query": query,
        "asked": urlencode(chips.parameters(query, chosen)),
        "chips": chips.offered(own, chosen, query),
        "kept": chips.parameters("", chosen),
        "units": own.units if own.folded and not searched and not page.has_other_pages() else {},
        "result_message": result_message(sum(len(each.roles) for each in accounts))
        if searched
        else "",
        "later": later,
        "tiles": tiles_html(tiles_of(sign_in_of(request).person, own), own, words),
        "accounts": mark_safe(list_html),  # noqa: S308
    }
    return render(request, "pages/start.html", context)


@require_safe
def start_url(request: HttpRequest) -> HttpResponse:
    """Answer at the address that people know from Identity Center; the AWS CLI asks with HEAD."""
    return redirect(AWS_START_URL if request.method == "HEAD" else "start")
