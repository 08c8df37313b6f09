"""The portal's tokens: list one's own, create one and see it once, revoke one; machine tokens for admins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import InvalidRequest
from accounts.messages import Message
from accounts.models import Token
from accounts.portal_tokens import lifecycle
from accounts.portal_tokens.scopes import choices
from accounts.types import Kind, Scope, Surface
from portal.context import origin_of, sign_in_of
from portal.pages import humanize, once
from portal.pages.see_other import SeeOther
from portal.verified import verify
from portal.wording import in_words, number

DAYS = {
    7: gettext_lazy("1 week"),
    30: gettext_lazy("30 days"),
    90: gettext_lazy("90 days"),
    180: gettext_lazy("180 days"),
    365: gettext_lazy("1 year"),
}
DEFAULT_DAYS = "90"
# The form's value of “every role I have”: no permission set can have this name.
EVERY = "*"
# How many expired and revoked tokens are listed.
MAX_ENDED = 20


@dataclass(frozen=True, slots=True)
class TokenForm:
    """The form of a new token, as it was filled in, so that it can be shown again after an error."""

    purpose: str = ""
    machine: str = ""
    permission_sets: tuple[str, ...] = ()
    accounts: str = ""
    may: tuple[str, ...] = (Kind.KEYS.value,)
    days: str = DEFAULT_DAYS

    @property
    def scope(self) -> Scope:
        """The scope. No accounts typed: every account; no roles chosen: none."""
        kinds = frozenset(kind for kind in Kind if kind.value in self.may)
        # A token that only reads the directory or the audit trail, tests roles or cuts sessions, needs no roles.
        every = EVERY in self.permission_sets or not kinds
        account_ids = self.accounts.replace(",", " ").replace("-", "").split()
        return Scope(
            permission_sets=None if every else frozenset(self.permission_sets),
            account_ids=frozenset(account_ids) if account_ids else None,
            kinds=kinds,
            read_only="read_only" in self.may,
            directory="directory" in self.may,
            audit="audit" in self.may,
            testing="testing" in self.may,
            revoking="revoking" in self.may,
        )

    @property
    def lifetime(self) -> timedelta:
        """The lifetime; 0, which is refused, if it is not one of the choices."""
        return timedelta(days=int(self.days)) if self.days in map(str, DAYS) else timedelta(0)


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as it is listed; `ended` is "revoked", "expired" or "" while it is live."""

    token: Token
    ended: str = ""

    @property
    def scope(self) -> str:
        """The scope in one line: keys · ReadOnly · every account."""
        token = self.token
        may = {
            gettext("keys"): token.keys,
            gettext("the console"): token.console,
            gettext("the directory"): token.directory,
            gettext("the audit trail"): token.audit,
            gettext("tests of roles"): token.testing,
            gettext("cuts of live sessions"): token.revoking,
        }
        parts = [", ".join(name for name, given in may.items() if given)]
        if token.keys or token.console:
            parts += [gettext("read-only")] if token.read_only else []
            parts += [
                _named(token.permission_sets, gettext("every role")),
                _named(token.account_ids, gettext("every account")),
            ]
        return " · ".join(parts)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def own(request: HttpRequest) -> HttpResponse:
    """List one's own tokens; on POST create one and show it once."""
    return _page(request, for_machine=False)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def machines(request: HttpRequest) -> HttpResponse:
    """The same for machine tokens, for portal admins."""
    return _page(request, for_machine=True)


@never_cache
@require_POST
def revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """Revoke a token and go back to the list."""
    token = lifecycle.revoke(
        token_id=token_id,
        sign_in=sign_in_of(request),
        origin=origin_of(request),
        now=timezone.now(),
    )
    messages.success(
        request,
        in_words(Message("Revoked “%(purpose)s”. It no longer works.", purpose=token.purpose)),
    )
    if request.POST.get("back") == "sessions":
        return redirect("sessions")
    return redirect(_name(bool(token.machine)))


def _page(request: HttpRequest, *, for_machine: bool) -> HttpResponse:
    if request.method != "POST":
        return _list(request, TokenForm(), for_machine=for_machine)
    verify(request, Surface.PAGES)
    if not once.is_first(request):
        return SeeOther(f"{reverse(_name(for_machine))}?sent=1")
    form = _form(request.POST)
    try:
        new = lifecycle.create(
            sign_in=sign_in_of(request),
            purpose=form.purpose,
            scope=form.scope,
            lifetime=form.lifetime,
            machine=form.machine if for_machine else None,
            origin=origin_of(request),
            now=timezone.now(),
        )
    except InvalidRequest as error:
        once.release(request)
        return _list(request, form, for_machine=for_machine, error=in_words(error.message))
    context = {
        "new": new,
        "row": TokenRow(new.token),
        "form": reverse(_name(for_machine)),
        "base_url": settings.BASE_URL,
    }
    return render(request, "pages/token_created.html", context)


def _list(
    request: HttpRequest, form: TokenForm, *, for_machine: bool, error: str = ""
) -> HttpResponse:
    now, sign_in = timezone.now(), sign_in_of(request)
    tokens = list(lifecycle.list_tokens(person=sign_in.person, machines=for_machine))
    context = {
        "form": form,
        "error": error,
        "for_machine": for_machine,
        "once": once.token(),
        "choices": choices(sign_in=sign_in, for_machine=for_machine, now=now),
        "days": DAYS,
        "every": EVERY,
        "can_create": for_machine or settings.PERSONAL_TOKENS,
        "live": [TokenRow(token) for token in tokens if token.is_live(now)],
        "ended": [
            TokenRow(token, ended="revoked" if token.revoked_at else "expired")
            for token in tokens
            if not token.is_live(now)
        ][:MAX_ENDED],
    }
    return render(request, "pages/tokens.html", context, status=400 if error else 200)


def _name(for_machine: bool) -> str:
    return "machine_tokens" if for_machine else "tokens"


def _form(fields: QueryDict) -> TokenForm:
    return TokenForm(
        purpose=fields.get("purpose", "").strip(),
        machine=fields.get("machine", "").strip(),
        permission_sets=tuple(fields.getlist("permission_set")),
        accounts=fields.get("accounts", ""),
        may=tuple(fields.getlist("may")),
        days=fields.get("days", ""),
    )


def _named(names: Iterable[str] | None, everything: str) -> str:
    if names is None:
        return everything
    shown, more = humanize.shortened(list(names))
    names_shown = ", ".join(shown)
    if not more:
        return names_shown
    return gettext("%(names)s and %(more)s more") % {"names": names_shown, "more": number(more)}
