"""Tokens of the portal: list one's own, make one and see it once, revoke one; machines' for admins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import tokens
from accounts.errors import InvalidRequest
from accounts.models import Token
from accounts.types import Kind, Scope
from portal.context import origin_of, sign_in_of
from portal.pages import wording

DAYS = {7: "1 week", 30: "30 days", 90: "90 days", 180: "180 days", 365: "1 year"}
DEFAULT_DAYS = "90"
# What a form sends for “every role I have”: no permission set can be called this.
EVERY = "*"
# How many of those that are over are listed.
MOST_OVER = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """A new token as the form asks for it, in the form's own words, so that they can be shown again."""

    purpose: str = ""
    machine: str = ""
    permission_sets: tuple[str, ...] = ()
    accounts: str = ""
    may: tuple[str, ...] = (Kind.KEYS.value,)
    days: str = DEFAULT_DAYS

    @property
    def scope(self) -> Scope:
        """What the token shall reach. No accounts named: all of them; no roles named: none."""
        kinds = frozenset(kind for kind in Kind if kind.value in self.may)
        # Of what is for reading only nobody chooses roles.
        every = EVERY in self.permission_sets or not kinds
        named = self.accounts.replace(",", " ").replace("-", "").split()
        return Scope(
            permission_sets=None if every else frozenset(self.permission_sets),
            account_ids=frozenset(named) if named else None,
            kinds=kinds,
            directory="directory" in self.may,
            audit="audit" in self.may,
        )

    @property
    def lifetime(self) -> timedelta:
        """How long it shall live; nothing at all where that is none of the choices."""
        return timedelta(days=int(self.days)) if self.days in map(str, DAYS) else timedelta(0)


@dataclass(frozen=True, slots=True)
class Row:
    """A token as it is listed."""

    token: Token
    over: str = ""

    @property
    def scope(self) -> str:
        """What it is for, in one line."""
        token = self.token
        may = {
            "keys": token.keys,
            "the console": token.console,
            "the directory": token.directory,
            "the audit trail": token.audit,
        }
        parts = [", ".join(name for name, given in may.items() if given)]
        if token.keys or token.console:
            parts += [
                _named(token.permission_sets, "every role"),
                _named(token.account_ids, "every account"),
            ]
        return " · ".join(parts)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def own(request: HttpRequest) -> HttpResponse:
    """List one's own tokens; make one on POST, and show it once."""
    return _page(request, for_machine=False)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def machines(request: HttpRequest) -> HttpResponse:
    """Do the same for machines, for portal admins."""
    return _page(request, for_machine=True)


@never_cache
@require_POST
def revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """Revoke a token, and go back to the list."""
    token = tokens.revoke(
        token_id=token_id,
        sign_in=sign_in_of(request),
        origin=origin_of(request),
        now=timezone.now(),
    )
    messages.success(request, f"Revoked: {token.purpose}. It opens nothing any more.")
    return redirect("machine_tokens" if token.machine else "tokens")


def _page(request: HttpRequest, *, for_machine: bool) -> HttpResponse:
    if request.method != "POST":
        return _list(request, Asked(), for_machine=for_machine)
    asked = _asked(request.POST)
    try:
        made = tokens.create(
            sign_in=sign_in_of(request),
            purpose=asked.purpose,
            scope=asked.scope,
            lifetime=asked.lifetime,
            machine=asked.machine if for_machine else None,
            origin=origin_of(request),
            now=timezone.now(),
        )
    except InvalidRequest as refused:
        return _list(request, asked, for_machine=for_machine, complaint=refused.user_message)
    context = {"made": made, "row": Row(made.token), "base_url": settings.BASE_URL}
    return render(request, "pages/tokens_made.html", context)


def _list(
    request: HttpRequest, asked: Asked, *, for_machine: bool, complaint: str = ""
) -> HttpResponse:
    now, sign_in = timezone.now(), sign_in_of(request)
    choices = tokens.choices(sign_in=sign_in, for_machine=for_machine, now=now)
    found = list(tokens.listed(person=sign_in.person, machines=for_machine))
    context = {
        "asked": asked,
        "complaint": complaint,
        "for_machine": for_machine,
        "choices": choices,
        "days": DAYS,
        "every": EVERY,
        "offered": for_machine or settings.TOKEN_CLAIMS_MAX_AGE > 0,
        "sleeps_after": wording.count(settings.TOKEN_CLAIMS_MAX_AGE // 86400, "day"),
        "live": [Row(token) for token in found if token.is_live(now)],
        "over": [
            Row(token, over="revoked" if token.revoked_at else "expired")
            for token in found
            if not token.is_live(now)
        ][:MOST_OVER],
    }
    return render(request, "pages/tokens.html", context, status=400 if complaint else 200)


def _asked(fields: QueryDict) -> Asked:
    return Asked(
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
    shown, more = wording.shortened(list(names))
    return ", ".join(shown) + (f" and {more} more" if more else "")
